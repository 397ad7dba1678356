"""Puts panels on a page, and gives it what every Weir dashboard has: variables, annotations, links."""

from . import links
from .panels import DATASOURCE
from .queries import promql

WIDTH = 24


class Row:
    """Panels under a title, from left to right; a folded one is drawn only when opened."""

    def __init__(self, title, *panels, folded=False):
        self.title, self.panels, self.folded = title, panels, folded


def page(uid, description, *rows, upstream=False):
    """The first row has no title: it is what a reader sees first. `upstream`: a variable for it too."""
    return {
        "uid": uid, "title": f"Weir / {links.TITLES[uid]}", "description": description, "tags": ["weir"],
        "schemaVersion": 39, "version": 1, "editable": False, "graphTooltip": 1, "refresh": "30s",
        "time": {"from": "now-1h", "to": "now"}, "timezone": "browser", "fiscalYearStartMonth": 0,
        "timepicker": {}, "links": [links.all_dashboards()],
        "annotations": {"list": _annotations()},
        "templating": {"list": _variables(upstream)},
        "panels": _placed(rows)}


def _placed(rows):
    """Ids and places, as Grafana itself would count them."""
    panels, y = [], 0
    ids = iter(range(1, 1000))
    for number, row in enumerate(rows):
        head = None
        if number:
            head = {"type": "row", "id": next(ids), "title": row.title, "collapsed": row.folded, "panels": [],
                    "gridPos": {"x": 0, "y": y, "w": WIDTH, "h": 1}}
            panels.append(head)
            y += 1
        x = height = 0
        bottom = y
        for panel in row.panels:
            w, h = panel["gridPos"]["w"], panel["gridPos"]["h"]
            if x + w > WIDTH:
                x, bottom, height = 0, bottom + height, 0
            placed = {"id": next(ids), **panel, "gridPos": {"x": x, "y": bottom, "w": w, "h": h}}
            (head["panels"] if row.folded else panels).append(placed)
            x, height = x + w, max(height, h)
        if not row.folded:
            y = bottom + height
    return panels


def _variables(upstream):
    variables = [
        {"type": "datasource", "name": "datasource", "label": "Data source", "query": "prometheus", "refresh": 1,
         "multi": False, "includeAll": False, "hide": 0, "options": [], "regex": "", "skipUrlSync": False},
        # Without a pattern for all, it stands for the jobs found: other jobs have metrics by the names of
        # `up` and `process_…` too.
        _chosen("job", "Job", "label_values(weir_build_info, job)"),
        _chosen("instance", "Agent", 'label_values(weir_build_info{job=~"$job"}, instance)', everything=".+"),
        _chosen("pool", "Pool", "label_values(weir_pool_info{@agent}, pool)", everything=".+")]
    if upstream:
        variables.append(_chosen("upstream", "Upstream", "label_values(weir_pool_info{@pool}, upstream)"))
    return variables


def _chosen(name, label, query, everything=None):
    text = promql(query)
    return {"type": "query", "name": name, "label": label, "datasource": DATASOURCE, "definition": text,
            "query": {"query": text, "refId": f"Variable-{name}"}, "refresh": 2, "sort": 1, "regex": "",
            "multi": True, "includeAll": True, **({"allValue": everything} if everything else {}),
            "current": {"selected": True, "text": ["All"], "value": ["$__all"]},
            "hide": 0, "options": [], "skipUrlSync": False}


def _annotations():
    return [
        _annotation("Restarts", "process_start_time_seconds{@agent} * 1000", "purple", "started"),
        _annotation("Reloads", "weir_config_last_reload_success_timestamp_seconds{@agent} * 1000", "blue",
                    "configuration in effect"),
        _annotation("Refused reloads", 'changes(weir_config_reloads_total{@agent,result="failed"}[$__interval]) > 0',
                    "red", "configuration refused", at_value=False)]


def _annotation(name, expr, colour, text, at_value=True):
    """`at_value`: the value is the moment, in milliseconds, and not the time at which it was scraped."""
    return {"name": name, "datasource": DATASOURCE, "enable": True, "hide": False, "iconColor": colour,
            "expr": promql(expr), "step": "15s", "tagKeys": "instance", "titleFormat": name,
            "textFormat": "{{instance}} " + text, "useValueForTime": at_value}
