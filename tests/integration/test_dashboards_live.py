"""A real Prometheus scrapes a real agent under traffic of all three engines, and every panel has something to show."""

import contextlib
import math
import threading

import psycopg
import pymysql
import pytest
import redis

from harness import dashboards
from harness.engines import ENGINES, SERVER_PASSWORD, EnginesWeir
from harness.mariadb import MariadbServers
from harness.metrics import Metrics
from harness.redis import RedisServer
from harness.scraping import Prometheus
from harness.waiting import until

# Exported, and on no panel.
ON_NO_PANEL = set()
BUDGET = 15  # connections of each upstream, less than max_size
# (dashboard, panel or annotation) that has nothing to show while all is well.
EMPTY_WHEN_HEALTHY = {(uid, "Refused reloads") for uid in dashboards.UIDS}


class Traffic(threading.Thread):
    """One visit after the other: a query, a transaction, an error, connections made and closed."""

    ERRORS = (psycopg.Error, pymysql.MySQLError, redis.RedisError, OSError)

    def __init__(self, weir, engine):
        super().__init__(daemon=True)
        self.weir, self.engine, self.over = weir, engine, threading.Event()

    def run(self):
        while not self.over.wait(0.1):
            # A server that a test has stopped refuses them.
            with contextlib.suppress(*self.ERRORS):
                self.visit()

    def visit(self):
        with contextlib.closing(self.weir.client(self.engine)) as client:
            client.ask()
            client.hold()
            client.let_go()
            with contextlib.suppress(*self.ERRORS):
                client.ask("NOSUCHCOMMAND" if self.engine == "redis" else "SELECT no_such_column")
        self.weir.admin(f"/api/v1/pools/{self.engine}/clear", method="POST")

    def stop(self):
        self.over.set()
        self.join(60)
        assert not self.is_alive()


@pytest.fixture(scope="module")
def servers(folder, start_module_postgres):
    mariadb, cache = MariadbServers(folder), RedisServer(folder / "redis-of-dashboards")
    try:
        yield {"postgresql": start_module_postgres(["tenant_a", "tenant_b"]), "mysql": mariadb.start(),
               "redis": cache.start()}
    finally:
        mariadb.remove_all()
        cache.remove()


@pytest.fixture(scope="module")
def weir(folder, servers):
    observe = {"every": "500ms", "user": "app", "password": SERVER_PASSWORD}
    weir = EnginesWeir(folder / "weir-of-dashboards", servers, pool={"leak_after": "1h", "acquire_timeout": "5s"},
                       upstream={"max_connections": BUDGET, "observe": observe})
    weir.start()
    yield weir
    weir.stop()


@pytest.fixture(scope="module")
def prometheus(folder, weir):
    server = Prometheus(folder / "prometheus", {"weir": (weir.admin_port, "/metrics"),
                                                "weir-tenants": (weir.admin_port, "/metrics/tenants")})
    traffic = [Traffic(weir, engine) for engine in ENGINES]
    try:
        server.start()
        for one in traffic:
            one.start()
        yield server
        for one in traffic:
            one.stop()
    finally:
        server.remove()


@pytest.fixture(scope="module")
def exported(weir, prometheus):
    """{name: type} of every metric of the agent, which it tells also where there is no sample; and `up`."""
    types = dict(weir.metrics().types)
    status, text = weir.admin("/metrics/tenants")
    assert status == 200
    return types | Metrics(text).types | {"up": "gauge"}


def drawn():
    return dashboards.panel_queries() + dashboards.annotation_queries()


def families(query, types):
    return {dashboards.family(name, types) for name in query.metrics()}


def number(prometheus, uid, panel, ref="A"):
    """What a query with one number gives; not a number while a scrape is missing."""
    query = next(one for one in dashboards.panel_queries() if (one.uid, one.panel, one.ref) == (uid, panel, ref))
    found = prometheus.query(query.filled)
    return found[0][1] if found else math.nan


def test_every_metric_on_a_panel_exists(exported):
    shown = set().union(*(families(query, exported) for query in drawn()))
    assert shown - set(exported) == set()


def test_every_metric_exported_is_on_a_panel(exported):
    shown = set().union(*(families(query, exported) for query in dashboards.panel_queries()))
    assert set(exported) - shown == ON_NO_PANEL


def test_every_query_has_data(prometheus, exported):
    def has_data(query):
        return any(math.isfinite(value) for _, value in prometheus.query(query.filled))

    wanted = [query for query in drawn() if (query.uid, query.panel) not in EMPTY_WHEN_HEALTHY]
    assert len(wanted) > 150
    empty = wanted

    def fewer():
        nonlocal empty
        empty = [query for query in empty if not has_data(query)]
        return not empty
    until(fewer, lambda: "\n".join(map(str, empty)), timeout=90, every=1)


def test_what_is_empty_when_all_is_well_is_empty(prometheus):
    found = [query for query in drawn() if (query.uid, query.panel) in EMPTY_WHEN_HEALTHY]
    assert {(query.uid, query.panel) for query in found} == EMPTY_WHEN_HEALTHY, "a name that is not drawn"
    for query in found:
        assert prometheus.query(query.filled) == [], query


def test_every_variable_has_something_to_choose(prometheus):
    for uid, variable, selector, label in dashboards.variable_queries():
        until(lambda: prometheus.label_values(label, dashboards.filled(selector)), f"{uid}: {variable}", timeout=60)


def test_rows_of_tables_share_their_labels(prometheus, exported):
    """Grafana merges the columns by the labels that all of them have; without one there would be no rows."""
    for dashboard in dashboards.every():
        for panel in dashboards.panels(dashboard):
            if panel["type"] != "table":
                continue
            labels = [set(found[0][0]) for found in
                      (prometheus.query(dashboards.filled(target["expr"])) for target in panel["targets"]) if found]
            if labels:
                shared = set.intersection(*labels)
                order = panel["transformations"][1]["options"]["indexByName"]
                assert next(iter(order)) in shared, (dashboard["uid"], panel["title"])
                assert set.union(*labels) <= set(order), (dashboard["uid"], panel["title"])


def test_nothing_is_red_that_should_be_green(prometheus):
    for uid, panel in (("weir-fleet", "Agents down"), ("weir-fleet", "Upstreams down"),
                       ("weir-fleet", "Suspected leaks"), ("weir-upstreams", "Breakers open"),
                       ("weir-upstreams", "Servers silent"), ("weir-leaks", "Impossible answers")):
        until(lambda: number(prometheus, uid, panel) == 0, lambda: f"{panel}: {number(prometheus, uid, panel)}",
              timeout=60)


def test_the_limit_drawn_is_the_budget_where_that_is_the_smaller(prometheus):
    until(lambda: number(prometheus, "weir-pools", "Connections by state", "B") == BUDGET * len(ENGINES),
          lambda: f"{number(prometheus, 'weir-pools', 'Connections by state', 'B')}", timeout=60)


def test_a_stopped_server_is_seen_as_down_until_it_is_back(prometheus, servers):
    servers["redis"].stop()
    try:
        until(lambda: number(prometheus, "weir-fleet", "Upstreams down") == 1, "one upstream is down", timeout=60)
        until(lambda: number(prometheus, "weir-fleet", "Acquires failing") > 0, "acquires fail", timeout=60)
        until(lambda: number(prometheus, "weir-upstreams", "Servers silent") == 1, "it does not answer", timeout=60)
    finally:
        servers["redis"].start()
    until(lambda: number(prometheus, "weir-fleet", "Upstreams down") == 0, "all upstreams are up", timeout=60)


def test_who_waits_is_seen(prometheus, weir):
    """With the whole pool held, the tenant's next request waits, and the overview says for how long."""
    over = threading.Event()

    def wait_again(client):
        while not over.is_set():
            with contextlib.suppress(*Traffic.ERRORS):  # the time-out
                client.ask()

    with contextlib.closing(weir.client("postgresql", "b")) as holder, \
            contextlib.closing(weir.client("postgresql", "b")) as waiter:
        holder.hold()
        weir.command("resize", "--pool", "postgresql", "--tenant", "b", "--max-size", "1")
        thread = threading.Thread(target=wait_again, args=[waiter])
        thread.start()
        try:
            until(lambda: number(prometheus, "weir-fleet", "Longest wait now") > 0, "somebody waits", timeout=60)
            until(lambda: number(prometheus, "weir-tenants", "Saturated") == 1, "one tenant is saturated", timeout=60)
        finally:
            over.set()
            holder.let_go()
            thread.join(60)
