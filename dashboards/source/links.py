"""Where a reader goes next, with the same data source, agents and time."""

_KEEP = "var-datasource=${datasource}&${job:queryparam}&${instance:queryparam}&${__url_time_range}"
TITLES = {"weir-fleet": "Fleet overview", "weir-pools": "Pool capacity", "weir-leaks": "Leaks and lifetimes",
          "weir-upstreams": "Upstreams and servers", "weir-tenants": "Tenants", "weir-agent": "Agent"}


def to(uid, question):
    """A panel's link: `question` is what the reader wants to know now."""
    return {"title": question, "type": "link", "url": f"/d/{uid}?{_KEEP}&${{pool:queryparam}}",
            "targetBlank": False, "asDropdown": False, "icon": "", "includeVars": False, "keepTime": False,
            "tags": [], "tooltip": TITLES[uid]}


# What a click on a value opens: the label that names it, and the dashboard that explains it.
_EXPLAINED_BY = {"pool": "weir-pools", "upstream": "weir-upstreams", "instance": "weir-agent"}
_VALUE_OF = {"field": "${__field.labels.%s}", "row": "${__data.fields.%s}"}


def explained_by(label):
    return _EXPLAINED_BY.get(label)


def drill(label, place, uid=None):
    """A data link to the dashboard about that one `label`; `place` is "field" in a graph, "row" in a table."""
    uid = uid or _EXPLAINED_BY[label]
    value = _VALUE_OF[place] % label
    return {"title": f"{TITLES[uid]} of {value}", "url": f"/d/{uid}?{_without(label)}&var-{label}={value}"}


def _without(label):
    return _KEEP.replace("${%s:queryparam}&" % label, "")


def all_dashboards():
    """The row of links on top of each dashboard."""
    return {"title": "Weir", "type": "dashboards", "tags": ["weir"], "asDropdown": False, "icon": "external link",
            "includeVars": True, "keepTime": True, "targetBlank": False, "tooltip": "", "url": ""}
