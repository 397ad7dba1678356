"""The few kinds of panels that the dashboards are made of, as Grafana's classic JSON.

A panel's place is given by source/page.py; here it has its width `w` and height `h` only.
"""

from . import links
from .colours import LIMIT, WORDS, plain
from .queries import query

DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}
_TOOLTIP = {"mode": "multi", "sort": "desc"}
_HIDDEN_FROM_NOTHING = {"tooltip": False, "viz": False, "legend": False}


def _panel(kind, title, description, targets, unit, next_links, w, h, options, **field):
    overrides = field.pop("overrides", [])
    custom = field.pop("custom", {})
    return {
        "type": kind, "title": title, "description": description, "datasource": DATASOURCE,
        "gridPos": {"x": 0, "y": 0, "w": w, "h": h}, "links": next_links,
        "targets": [{"refId": chr(ord("A") + number), "datasource": DATASOURCE, **target}
                    for number, target in enumerate(targets)],
        "fieldConfig": {"defaults": {"unit": unit, **field, "custom": custom}, "overrides": overrides},
        "options": options}


def stat(title, description, target, unit, steps, next_link, mappings=(), w=3, decimals=None):
    """A number whose colour says whether all is well."""
    spark = "none" if target["instant"] else "area"
    field = {"thresholds": steps, "color": {"mode": "thresholds"}, "noValue": "no data",
             "mappings": [*mappings, _nothing("no traffic")]}
    if decimals is not None:
        field["decimals"] = decimals
    return _panel("stat", title, description, [target], unit, [next_link], w, 4, {
        "colorMode": "background", "graphMode": spark, "justifyMode": "center", "orientation": "auto",
        "textMode": "auto", "wideLayout": True, "showPercentChange": False, "percentChangeColorMode": "standard",
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False}}, **field)


def series(title, description, targets, next_link, unit="none", w=8, h=8, stack=False, words=(), limits=(), steps=None,
           drill=None):
    """Lines over time. `words`: legends with a colour of their own; `limits`: legends that are drawn as a limit;
    `steps`: drawn as lines; `drill`: the label that a click on a line follows."""
    custom = {"drawStyle": "line", "lineWidth": 1, "fillOpacity": 45 if stack else 8, "showPoints": "never",
              "spanNulls": False, "hideFrom": _HIDDEN_FROM_NOTHING,
              "stacking": {"mode": "normal" if stack else "none", "group": "A"},
              "thresholdsStyle": {"mode": "dashed" if steps else "off"}}
    field = {"min": 0, "color": {"mode": "palette-classic-by-name"}, "thresholds": steps or plain()}
    if drill:
        field["links"] = [links.drill(drill, "field")]
    overrides = [_override(word, color=_fixed(WORDS[word])) for word in words]
    overrides += [_override(name, color=_fixed(LIMIT), **{
        "custom.lineStyle": {"fill": "dash", "dash": [8, 6]}, "custom.fillOpacity": 0,
        "custom.stacking": {"mode": "none", "group": "A"}}) for name in limits]
    return _panel("timeseries", title, description, targets, unit, [next_link], w, h, {
        "legend": {"displayMode": "table" if drill else "list", "placement": "bottom", "showLegend": True,
                   "calcs": ["lastNotNull", "max"] if drill else [], **({"sortBy": "Max", "sortDesc": True}
                                                                       if drill else {})},
        "tooltip": _TOOLTIP}, custom=custom, overrides=overrides, **field)


def heatmap(title, description, target, next_link, w=12, h=8):
    """How a histogram's observations spread, in seconds; its exemplars are points on it."""
    return _panel("heatmap", title, description, [target], "s", [next_link], w, h, {
        "calculate": False, "cellGap": 1, "cellValues": {"unit": "ops"}, "showValue": "never",
        "color": {"mode": "scheme", "scheme": "Oranges", "fill": "dark-orange", "scale": "exponential",
                  "exponent": 0.5, "steps": 64, "reverse": False},
        "exemplars": {"color": "rgba(255,0,255,0.7)"}, "filterValues": {"le": 1e-9}, "legend": {"show": True},
        "rowsFrame": {"layout": "auto"}, "tooltip": {"mode": "single", "yHistogram": True, "showColorScale": False},
        "yAxis": {"unit": "s", "axisPlacement": "left", "reverse": False}},
        custom={"hideFrom": _HIDDEN_FROM_NOTHING, "scaleDistribution": {"type": "linear"}})


def timeline(title, description, target, states, next_link, w=12, h=6, drill=None):
    """When something was in which state. `states`: {value: (text, colour)}."""
    field = {"color": {"mode": "thresholds"}, "thresholds": plain(LIMIT), "mappings": [mapping(states)]}
    if drill:
        field["links"] = [links.drill(drill, "field")]
    return _panel("state-timeline", title, description, [target], "none", [next_link], w, h, {
        "alignValue": "left", "mergeValues": True, "rowHeight": 0.8, "showValue": "auto",
        "legend": {"displayMode": "list", "placement": "bottom", "showLegend": False, "calcs": []},
        "tooltip": {"mode": "single", "sort": "none"}},
        custom={"fillOpacity": 75, "lineWidth": 0, "hideFrom": _HIDDEN_FROM_NOTHING}, **field)


def column(name, expr, unit="short", steps=None, mappings=(), decimals=None):
    """Of a table; a column with `steps` is coloured by them."""
    return {"name": name, "expr": expr, "unit": unit, "steps": steps, "mappings": list(mappings), "decimals": decimals}


def table(title, description, labels, columns, next_link, sort, w=24, h=8, drills=None):
    """A row for each set of `labels`, the one with the most of column `sort` on top.

    `drills`: {label: dashboard} beside the ones that explain the label itself.
    """
    targets = [query(one["expr"], instant=True, shape="table") for one in columns]
    # What Grafana calls the value of each of several queries.
    values = [f"Value #{chr(ord('A') + number)}" for number in range(len(columns))]
    order = [*labels, *values]
    overrides = [_column_override(one) for one in columns]
    for label in labels:
        places = [uid for uid in [links.explained_by(label), *(drills or {}).get(label, [])] if uid]
        overrides.append(_override(label, links=[links.drill(label, "row", uid) for uid in places]))
    panel = _panel("table", title, description, targets, "short", [next_link], w, h, {
        "cellHeight": "sm", "frameIndex": 0, "showHeader": True, "sortBy": [{"displayName": sort, "desc": True}],
        "footer": {"show": False, "reducer": ["sum"], "countRows": False}},
        custom={"align": "auto", "cellOptions": {"type": "auto"}, "filterable": True, "inspect": False},
        color={"mode": "thresholds"}, thresholds=plain("text"), noValue="–", overrides=overrides)
    panel["transformations"] = [
        {"id": "merge", "options": {}},
        {"id": "organize", "options": {
            "excludeByName": {"Time": True}, "includeByName": {},
            "indexByName": {name: place for place, name in enumerate(order)},
            "renameByName": dict(zip(values, (one["name"] for one in columns)))}}]
    return panel


def mapping(states):
    return {"type": "value", "options": {str(value): {"text": text, "color": colour, "index": place}
                                         for place, (value, (text, colour)) in enumerate(states.items())}}


def _nothing(text):
    return {"type": "special", "options": {"match": "null+nan", "result": {"text": text, "color": LIMIT, "index": 99}}}


def _fixed(colour):
    return {"mode": "fixed", "fixedColor": colour}


def _override(name, **properties):
    return {"matcher": {"id": "byName", "options": name},
            "properties": [{"id": key, "value": value} for key, value in properties.items()]}


def _column_override(one):
    properties = {"unit": one["unit"], "mappings": one["mappings"]}
    if one["decimals"] is not None:
        properties["decimals"] = one["decimals"]
    if one["steps"]:
        properties["thresholds"] = one["steps"]
        properties["custom.cellOptions"] = {"type": "color-text"}
    return _override(one["name"], **properties)
