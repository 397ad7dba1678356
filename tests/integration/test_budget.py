"""The budget of a server: never more connections than it says, shared out fairly."""

import asyncio
import statistics
import time

import psycopg
import pytest

from harness import pgbench
from harness.postgres import PostgresServers
from harness.swarm import Client, close_all, open_many
from harness.waiting import until
from harness.watch import SessionWatch

pytestmark = pytest.mark.alone


def test_500_clients_on_a_server_of_50(start_weir, start_postgres, size):
    server = start_postgres(["tenant_a"], max_connections=50)
    pgbench.prepare(server.port, "tenant_a")
    server.execute("GRANT ALL ON ALL TABLES IN SCHEMA public TO app", "tenant_a")
    weir = start_weir(server, pool=[{"name": "tenants", "match": "tenant_{tenant}", "max_size": 40,
                                     "acquire_timeout": "30s"}])
    with SessionWatch(server) as watch:
        result = pgbench.bench(weir.ports["trusted"], "tenant_a", clients=500, seconds=size(5, 60))
    assert result.transactions > 500
    assert 0 < watch.most() <= 40
    scrape = weir.metrics()
    served = scrape.value("weir_acquire_served_total", pool="tenants")
    assert scrape.value("weir_acquire_served_total", pool="tenants", source="created") <= 0.15 * served
    # pgbench asks two things first, and the first login of all needs a server's parameters.
    assert scrape.value("weir_acquires_total", pool="tenants") == result.transactions + 3


def test_a_server_smaller_than_the_budget_is_coped_with(start_weir, start_postgres):
    """53300 from the server shrinks the effective budget; clients wait instead of seeing it."""
    server = start_postgres(["tenant_a"], max_connections=12)
    weir = start_weir(server, upstream={"max_connections": 40},
                      pool=[{"name": "tenants", "match": "tenant_{tenant}", "max_size": 40,
                             "acquire_timeout": "20s"}])
    with server.connect():
        pgbench_script = "SELECT pg_sleep(0.005)"

        async def scenario():
            clients = await open_many(40, lambda _: Client.open(weir.ports["trusted"], "tenant_a"))
            for _ in range(10):
                await asyncio.gather(*(one.query(pgbench_script) for one in clients))
            close_all(clients)

        asyncio.run(scenario())
    assert weir.value("weir_connection_create_failures_total", reason="too_many") >= 1
    assert weir.value("weir_upstream_breaker_transitions_total", to="open") == 0
    assert weir.value("weir_upstream_budget_connections", upstream="main") < 40


TENANTS = [f"tenant_{number:03d}" for number in range(200)]


@pytest.fixture(scope="module")
def many_tenants(folder):
    """200 databases on a server that takes 100 connections."""
    servers = PostgresServers(folder / "many")
    yield servers.start(TENANTS, max_connections=100)
    servers.remove_all()


def weir_of_40(start_weir, server):
    return start_weir(server, upstream={"max_connections": 40},
                      pool=[{"name": "tenants", "match": "tenant_{tenant}", "max_size": 20,
                             "acquire_timeout": "60s"}])


async def drive(port, tenants, seconds, waits):
    """A client for each name in `tenants`, asking all the time; waits[tenant] gets each answer's time."""
    clients = await open_many(len(tenants), lambda number: Client.open(port, tenants[number]), at_once=100)
    ends = time.monotonic() + seconds

    async def one(client, tenant):
        while time.monotonic() < ends:
            asked = time.monotonic()
            assert await client.query("SELECT 1") == [["1"]]
            waits.setdefault(tenant, []).append(time.monotonic() - asked)

    await asyncio.gather(*(one(client, tenant) for client, tenant in zip(clients, tenants)))
    close_all(clients)


@pytest.mark.timeout(400)
def test_200_tenants_share_40_connections(start_weir, many_tenants, size):
    weir = weir_of_40(start_weir, many_tenants)
    waits = {}
    with SessionWatch(many_tenants) as watch:
        asyncio.run(drive(weir.ports["trusted"], TENANTS * 5, size(12, 60), waits))
    assert watch.most() <= 40, "the server's own view"
    assert set(waits) == set(TENANTS), "every tenant was served"
    assert min(len(times) for times in waits.values()) >= 5, "and went on being served"
    scrape = weir.metrics()
    assert scrape.value("weir_acquires_total", outcome="timeout") == 0
    assert scrape.value("weir_upstream_budget_used", upstream="main") <= 40
    assert scrape.value("weir_upstream_budget_steals_total", upstream="main") > 0


@pytest.mark.timeout(400)
def test_one_noisy_tenant_does_not_starve_the_others(start_weir, many_tenants, size):
    """300 busy clients of one tenant, or the same 300 spread over all, beside one client a tenant."""
    quiet, noisy, seconds = TENANTS[1:51], TENANTS[0], size(10, 60)
    medians = {}
    for load, crowd in (("spread", [quiet[number % 50] for number in range(300)]),
                        ("noisy", [noisy] * 300)):
        weir, waits = weir_of_40(start_weir, many_tenants), {}
        asyncio.run(drive(weir.ports["trusted"], quiet + crowd, seconds, waits))
        medians[load] = statistics.median(
            statistics.median(times) for tenant, times in waits.items() if tenant != noisy)
        weir.stop()
    assert medians["noisy"] <= 3 * medians["spread"], medians


def test_reserved_connections_are_kept_for_their_template(start_weir, postgres):
    weir = start_weir(postgres, upstream={"max_connections": 4},
                      pool=[{"name": "reserved", "match": "tenant_a", "reserved": 2, "acquire_timeout": "5s"},
                            {"name": "rest", "match": "*", "acquire_timeout": "300ms"}])
    with weir.connect("tenant_b", autocommit=False) as one, weir.connect("tenant_b", autocommit=False) as two, \
            weir.connect("tenant_b", autocommit=False) as three, weir.connect("tenant_a") as kept:
        one.execute("SELECT 1")
        two.execute("SELECT 1")
        with pytest.raises(psycopg.OperationalError) as caught:
            three.execute("SELECT 1")
        assert caught.value.sqlstate == "53300"
        assert kept.execute("SELECT 1").fetchone() == (1,)


def test_min_idle_is_warmed_before_anybody_comes(start_weir, postgres):
    weir = start_weir(postgres, pool=[{"name": "warm", "match": "tenant_a", "min_idle": 3}])
    until(lambda: weir.admin("/startupz", token=None)[0] == 200, "started")
    until(lambda: weir.value("weir_pool_connections", pool="warm", state="idle") == 3, "warmed")
    assert weir.value("weir_acquires_total", pool="warm") == 0
