"""Debian's prometheus-pgbouncer-exporter, which knows only PgBouncer, scrapes Weir under load."""

import contextlib
import threading
import urllib.request

import pytest

from harness import messages as m
from harness.metrics import Metrics
from harness.processes import Program
from harness.raw import RawClient
from harness.waiting import free_port, until
from harness.weir import clean_environment

SECRET = "root-secret"


@pytest.fixture
def weir(start_weir, postgres):
    return start_weir(postgres, user=[{"name": "root", "password": SECRET, "admin": True}],
                      pool=[{"name": "tenants", "match": "tenant_{tenant}", "max_size": 2},
                            {"name": "literal", "match": "literal", "database": "tenant_b", "max_size": 7}])


@pytest.fixture
def exported(weir, folder):
    """exported(): the exporter's present series."""
    port = free_port()
    exporter = Program(["prometheus-pgbouncer-exporter", "--host", "127.0.0.1", "--port", str(port),
                        "--pgbouncer-host", "127.0.0.1", "--pgbouncer-user", "root",
                        "--pgbouncer-port", str(weir.ports["postgresql"])],
                       folder / "exporter.log",
                       environment={**clean_environment(), "PGPASSWORD": SECRET, "PGSSLMODE": "disable"})

    def scrape():
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
            return Metrics(answer.read().decode())

    def up():
        assert exporter.running(), exporter.output()
        try:
            return scrape() is not None
        except OSError:
            return False
    until(up, lambda: f"the exporter answers:\n{exporter.output()[-3000:]}", timeout=30)
    yield scrape
    exporter.stop()


@contextlib.contextmanager
def load(weir, **clients):
    """So many clients of each database that ask without a pause; their errors are the test's."""
    over, failures = threading.Event(), []

    def ask(database):
        try:
            with RawClient(weir.ports["trusted"]).login(database) as client:
                while not over.is_set():
                    client.query("SELECT pg_sleep(0.001)")
        except Exception as error:
            failures.append(error)
    threads = [threading.Thread(target=ask, args=[database])
               for database, count in clients.items() for _ in range(count)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join()
    assert not failures


# The exporter's series and what a scrape of ours says to the same question.
COUNTED = {
    "pgbouncer_requests_total": lambda ours: ours.value("weir_queries_total", pool="tenants"),
    "pgbouncer_received_bytes_total": lambda ours: ours.value(
        "weir_network_bytes_total", pool="tenants", side="client", direction="in"),
    "pgbouncer_sent_bytes_total": lambda ours: ours.value(
        "weir_network_bytes_total", pool="tenants", side="client", direction="out"),
    "pgbouncer_query_microseconds_total": lambda ours: 1e6 * ours.value(
        "weir_query_seconds_sum", pool="tenants"),
}


def test_under_load_each_of_its_counters_lies_between_two_scrapes_of_ours(weir, exported):
    with load(weir, tenant_a=4, tenant_c=3):
        until(lambda: {"tenant_a", "tenant_c"} <= exported().label_values("pgbouncer_requests_total", "database"),
              "both are seen")
        rounds = [(weir.metrics(), exported(), weir.metrics()) for _ in range(10)]
    for name, ours in COUNTED.items():
        # Each of the two pools rounds to whole microseconds.
        slack = 2 if "microseconds" in name else 0
        seen = [theirs.value(name) for _, theirs, _ in rounds]
        for (before, _, after), value in zip(rounds, seen):
            assert ours(before) - slack <= value <= ours(after) + slack, name
        assert seen == sorted(seen) and seen[0] < seen[-1], f"{name} moves on with the load: {seen}"


def test_under_load_it_tells_who_is_served_and_who_waits(weir, exported):
    """Of tenant_a two hold all it may have and three wait, while tenant_c keeps the daemon busy."""
    with load(weir, tenant_c=3), contextlib.ExitStack() as stack:
        holders, waiters = ([stack.enter_context(RawClient(weir.ports["trusted"]).login("tenant_a"))
                             for _ in range(count)] for count in (2, 3))
        for holder in holders:
            holder.query("BEGIN")
        for waiter in waiters:
            waiter.send(m.query("SELECT 'waited'"))
        of_a, of_c = ({"database": database, "user": "app"} for database in ("tenant_a", "tenant_c"))
        until(lambda: exported().value("pgbouncer_waiting_clients", **of_a) == 3, "they wait")
        for _ in range(5):
            seen = exported()
            assert seen.value("pgbouncer_active_clients", **of_a) == 2
            assert seen.value("pgbouncer_waiting_clients", **of_a) == 3
            assert seen.value("pgbouncer_active_clients", **of_c) + \
                seen.value("pgbouncer_waiting_clients", **of_c) == 3
            assert seen.value("pgbouncer_used_clients") == 8, "it does not count itself"
            assert seen.value("pgbouncer_used_servers") + seen.value("pgbouncer_free_servers") <= 4
        for holder in holders:
            holder.query("COMMIT")
        for waiter in waiters:
            assert m.data_row(waiter.until_ready()[1][1]) == ["waited"]
        seen = exported()
        assert seen.value("pgbouncer_waiting_clients", **of_a) == 0
        assert seen.value("pgbouncer_active_clients", **of_a) == 5


def test_its_series_carry_the_values_of_weirs_own_metrics(weir, exported):
    with load(weir, tenant_a=4):
        # Before the first client has come there is no series of it.
        until(lambda: sum(exported().series("pgbouncer_requests_total", database="tenant_a").values()) > 100,
              "load is seen")
        first = exported()
        assert first.value("pgbouncer_active_clients", database="tenant_a", user="app") + \
            first.value("pgbouncer_waiting_clients", database="tenant_a", user="app") == 4
        until(lambda: exported().value("pgbouncer_waiting_clients", database="tenant_a") > 0, "waits are seen")
    until(lambda: weir.value("weir_client_connections", listener="trusted") == 0, "all have gone")

    theirs, ours = exported(), weir.metrics()
    assert theirs.value("pgbouncer_requests_total", database="tenant_a") == \
        ours.value("weir_queries_total", pool="tenants")
    for name, direction in (("received", "in"), ("sent", "out")):
        assert theirs.value(f"pgbouncer_{name}_bytes_total", database="tenant_a") == \
            ours.value("weir_network_bytes_total", pool="tenants", side="client", direction=direction)
    spent = theirs.value("pgbouncer_query_microseconds_total", database="tenant_a") / 1e6
    measured = ours.value("weir_query_seconds_sum", pool="tenants")
    assert 0.001 * theirs.value("pgbouncer_requests_total", database="tenant_a") <= spent
    assert spent == pytest.approx(measured, rel=0.1)
    assert theirs.value("pgbouncer_pool_size", database="tenant_a") == 2
    assert theirs.value("pgbouncer_pool_size", database="tenant_b") == 7, "by the name on the server"
    assert theirs.value("pgbouncer_used_servers") == ours.value("weir_pool_connections", pool="tenants")
    assert theirs.value("pgbouncer_databases") == 2 and theirs.value("pgbouncer_pools") == 1
