"""The dashboards as Grafana reads them: their panels, and their queries with the variables filled in."""

import json
import re
from dataclasses import dataclass

from .processes import ROOT

FOLDER = ROOT / "dashboards"
UIDS = ["weir-fleet", "weir-pools", "weir-leaks", "weir-upstreams", "weir-tenants", "weir-agent"]
# What Grafana would put in their place: nothing chosen, and a scrape each second.
_VARIABLES = {"__rate_interval": "10s", "__interval": "5s", "__range": "1m", "job": "weir", "instance": ".+",
              "pool": ".+", "upstream": ".+"}
_SELECTED = re.compile(r"\b([a-zA-Z_]\w*)\{([^{}]*)\}")


@dataclass(frozen=True)
class Query:
    uid: str
    panel: str
    ref: str
    expr: str

    def __str__(self):
        return f"{self.uid}: {self.panel} {self.ref}: {self.filled}"

    @property
    def filled(self):
        return filled(self.expr)

    def selectors(self):
        """[(metric, what is between its braces)]"""
        return _SELECTED.findall(self.expr)

    def metrics(self):
        return {name for name, _ in self.selectors()}


def filled(text):
    return re.sub(r"\$(\w+)", lambda variable: _VARIABLES[variable[1]], text)


def read(uid):
    return json.loads((FOLDER / f"{uid}.json").read_text())


def every():
    return [read(uid) for uid in UIDS]


def panels(dashboard):
    """Those in folded rows too, but no rows."""
    for panel in dashboard["panels"]:
        yield from panel["panels"] if panel["type"] == "row" else [panel]


def panel_queries():
    return [Query(dashboard["uid"], panel["title"], target["refId"], target["expr"])
            for dashboard in every() for panel in panels(dashboard) for target in panel["targets"]]


def annotation_queries():
    return [Query(dashboard["uid"], annotation["name"], "annotation", annotation["expr"])
            for dashboard in every() for annotation in dashboard["annotations"]["list"]]


def variable_queries():
    """(dashboard, variable, selector, label) of each variable that asks Prometheus."""
    for dashboard in every():
        for variable in dashboard["templating"]["list"]:
            if variable["type"] == "query":
                selector, label = re.fullmatch(r"label_values\((.*), (\w+)\)", variable["query"]["query"]).groups()
                yield dashboard["uid"], variable["name"], selector, label


def family(name, types):
    """The metric that a series belongs to: without _bucket, _sum or _count where that is a histogram's."""
    base = re.sub(r"_(bucket|sum|count)$", "", name)
    return base if types.get(base) == "histogram" else name
