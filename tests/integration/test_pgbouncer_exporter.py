"""Debian's prometheus-pgbouncer-exporter, which knows only PgBouncer, scrapes Weir under load."""

import threading
import urllib.request

import pytest

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


def test_its_series_carry_the_values_of_weirs_own_metrics(weir, exported):
    over = threading.Event()

    def load():
        with RawClient(weir.ports["trusted"]).login("tenant_a") as client:
            while not over.is_set():
                client.query("SELECT pg_sleep(0.001)")
    clients = [threading.Thread(target=load) for _ in range(4)]
    for client in clients:
        client.start()
    until(lambda: exported().value("pgbouncer_requests_total", database="tenant_a") > 100, "load is seen")
    first = exported()
    assert first.value("pgbouncer_active_clients", database="tenant_a", user="app") + \
        first.value("pgbouncer_waiting_clients", database="tenant_a", user="app") == 4
    until(lambda: exported().value("pgbouncer_waiting_clients", database="tenant_a") > 0, "waits are seen")
    over.set()
    for client in clients:
        client.join()
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
