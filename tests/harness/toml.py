"""Writes the few shapes of TOML that a weir.toml is made of; Python's own library only reads it."""


def _value(value):
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return str(value)
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_value(item) for item in value) + "]"
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_value(item)}" for key, item in value.items()) + " }"
    escaped = str(value).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _table(header, table):
    return "\n".join([header, *(f"{key} = {_value(value)}" for key, value in table.items())]) + "\n"


def written(settings):
    """{section: table or list of tables} as text."""
    parts = []
    for section, content in settings.items():
        if isinstance(content, list):
            parts += [_table(f"[[{section}]]", table) for table in content]
        else:
            parts.append(_table(f"[{section}]", content))
    return "\n".join(parts)
