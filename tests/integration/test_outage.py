"""Servers that go away and come back, and tenants whose own trouble is nobody else's."""

import asyncio
import time

import psycopg
import pytest

from harness import messages as m
from harness.processes import frozen
from harness.raw import RawClient, Refused
from harness.swarm import Client, Lost, close_all, open_many
from harness.waiting import until


def client(weir, database="tenant_a"):
    return RawClient(weir.ports["trusted"]).login(database)


def test_idle_connections_ended_by_the_server_are_replaced_unseen(start_weir, postgres):
    weir = start_weir(postgres)
    clients = [client(weir) for _ in range(5)]
    for one in clients:
        one.ask(m.query("BEGIN"))
    backends = [one.query("SELECT pg_backend_pid()")[0][0] for one in clients]
    for one in clients:
        one.ask(m.query("COMMIT"))
    ours = ",".join(backends)
    postgres.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid IN ({ours})")
    # A query that a dying backend has read already gets its 57P01: it may have begun.
    until(lambda: postgres.sessions(f"pid IN ({ours})") == 0, "ended")
    for one in clients:
        assert one.query("SELECT pg_backend_pid()")[0][0] not in backends
        one.close()
    until(lambda: weir.value("weir_connections_reaped_total", reason="server_closed") == 5, "counted")
    assert weir.value("weir_query_errors_total") == 0


@pytest.mark.sanitized
@pytest.mark.parametrize("text", ["DISCARD ALL", "DEALLOCATE ALL", "RESET ALL", "SELECT 'again'"])
def test_a_request_that_finds_its_connection_dying_goes_to_the_next(start_weir, postgres, text):
    weir = start_weir(postgres, pool=[{"name": "one", "match": "tenant_{tenant}", "max_size": 1}])
    with client(weir) as one:
        for _ in range(3):
            backend = int(one.query("SELECT pg_backend_pid()")[0][0])
            with frozen(backend):
                postgres.execute(f"SELECT pg_terminate_backend({backend})")
                one.send(m.query(text))
                until(lambda: weir.value("weir_pool_connections", state="used") == 1, "the dying one has it")
            kinds = [kind for kind, _ in one.until(b"Z")]
            assert b"E" not in kinds and b"C" in kinds
        assert one.query("SELECT 'still'") == [["still"]]


def test_connections_that_die_in_use_are_an_08006(start_weir, postgres):
    weir = start_weir(postgres)
    with client(weir) as one:
        one.ask(m.query("BEGIN"))
        backend = one.query("SELECT pg_backend_pid()")[0][0]
        postgres.execute(f"SELECT pg_terminate_backend({backend})")
        with pytest.raises((Refused, ConnectionError)) as caught:
            one.query("SELECT 1")
        assert isinstance(caught.value, Refused) and caught.value.code in ("08006", "57P01")
        assert one.closed(), "a transaction can't go on elsewhere"
    with client(weir) as other:
        assert other.query("SELECT 1") == [["1"]]


async def _load(weir, seconds, outcomes):
    """Clients that log in again when sent away; every answer and error goes into `outcomes`."""
    until_when = time.monotonic() + seconds

    async def one(number):
        connection = None
        while time.monotonic() < until_when:
            try:
                if connection is None:
                    connection = await Client.open(weir.ports["trusted"], "tenant_a")
                rows = await asyncio.wait_for(connection.query(f"SELECT {number}"), 15)
                assert rows == [[str(number)]]
                outcomes.append((time.monotonic(), "ok"))
                await asyncio.sleep(0.005)
            except Refused as error:
                outcomes.append((time.monotonic(), error.code))
                if connection and connection.lost.done():
                    connection = None
                await asyncio.sleep(0.02)
            except (Lost, OSError):
                outcomes.append((time.monotonic(), "lost"))
                connection = None
                await asyncio.sleep(0.02)
        if connection:
            connection.abort()

    await asyncio.gather(*(one(number) for number in range(16)))


@pytest.mark.parametrize("fast", [True, False], ids=["fast shutdown", "crash"])
def test_server_stopped_and_started_under_load(start_weir, start_postgres, fast):
    server = start_postgres(["tenant_a"])
    max_open_for = 2
    weir = start_weir(server, upstream={"breaker": {"failures": 3, "open_for": "500ms",
                                                    "max_open_for": f"{max_open_for}s"}},
                      pool=[{"name": "tenants", "match": "tenant_{tenant}", "acquire_timeout": "5s"}])
    outcomes, times = [], {}

    async def scenario():
        load = asyncio.create_task(_load(weir, 9, outcomes))
        await asyncio.sleep(1)
        times["stopped"] = time.monotonic()
        await asyncio.to_thread(server.stop, fast)
        await asyncio.sleep(2.5)
        times["breaker"] = weir.value("weir_upstream_breaker_state", upstream="main", state="closed")
        await asyncio.to_thread(server.start)
        times["started"] = time.monotonic()
        await load

    asyncio.run(scenario())
    assert {word for _, word in outcomes} <= {"ok", "08006", "57P01", "57P03", "53300"}
    errors = [when for when, word in outcomes if word != "ok"]
    # Who already waits when the breaker opens waits on: a short outage need not be seen by anybody.
    assert not errors or min(errors) >= times["stopped"] - 0.1
    assert times["breaker"] == 0, "open or half-open while the server is away"
    again = min(when for when, word in outcomes if word == "ok" and when > times["started"] - 0.5)
    assert again - times["started"] < max_open_for + 1
    later = [word for when, word in outcomes if when > times["started"] + max_open_for + 1]
    assert later and set(later) == {"ok"}
    assert weir.value("weir_upstream_up", upstream="main") == 1
    assert weir.value("weir_upstream_breaker_state", upstream="main", state="closed") == 1


def test_one_tenants_missing_database_or_password_is_its_own_affair(start_weir, postgres):
    weir = start_weir(postgres, upstream={"breaker": {"failures": 2, "open_for": "1s", "max_open_for": "5s"}},
                      pool=[{"name": "broken", "match": "broken", "database": "tenant_a",
                             "password": "wrong", "acquire_timeout": "2s"},
                            {"name": "tenants", "match": "tenant_{tenant}", "acquire_timeout": "2s"}])
    with client(weir) as healthy:
        for database, code in (("tenant_dropped", "3D000"), ("broken", "28P01")):
            for _ in range(5):
                with pytest.raises(Refused) as caught, client(weir, database) as one:
                    one.query("SELECT 1")
                assert caught.value.code in (code, "53300")
                assert healthy.query("SELECT 1") == [["1"]]
    with client(weir, "tenant_b") as other:
        assert other.query("SELECT 1") == [["1"]]
    scrape = weir.metrics()
    assert scrape.value("weir_upstream_breaker_transitions_total", to="open") == 0
    assert scrape.value("weir_connection_create_failures_total", pool="tenants", reason="database") >= 1
    assert scrape.value("weir_connection_create_failures_total", pool="broken", reason="auth") >= 1


def test_a_tenant_serves_once_its_database_is_there(start_weir, postgres):
    weir = start_weir(postgres, pool=[{"name": "tenants", "match": "tenant_{tenant}",
                                       "acquire_timeout": "3s"}])
    with pytest.raises(Refused) as caught:
        client(weir, "tenant_new").query("SELECT 1")
    assert caught.value.code == "3D000"
    postgres.add_databases(["tenant_new"], owner="app")
    try:
        def serves():
            try:
                with client(weir, "tenant_new") as one:
                    return one.query("SELECT current_database()") == [["tenant_new"]]
            except Refused:
                return False

        until(serves, "served", timeout=10)
    finally:
        weir.admin("/api/v1/pools/tenants/clear", "POST")
        until(lambda: postgres.sessions("datname = 'tenant_new'") == 0, "closed")
        postgres.execute("DROP DATABASE tenant_new")


def test_drivers_see_an_operational_error(start_weir, start_postgres):
    server = start_postgres(["tenant_a"])
    weir = start_weir(server)
    with weir.connect() as connection:
        connection.execute("BEGIN")
        server.stop(fast=False)
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT 1")


def test_waiters_survive_a_restart_that_is_shorter_than_their_patience(start_weir, start_postgres):
    """Transient failures do not kill who already waits; dials are tried again for them."""
    server = start_postgres(["tenant_a"])
    weir = start_weir(server, upstream={"breaker": {"failures": 50, "open_for": "200ms",
                                                    "max_open_for": "500ms"}},
                      pool=[{"name": "tenants", "match": "tenant_{tenant}", "acquire_timeout": "10s"}])

    async def scenario():
        clients = await open_many(5, lambda _: Client.open(weir.ports["trusted"], "tenant_a"))
        server.stop()
        asked = [asyncio.create_task(one.query("SELECT 'patient'")) for one in clients]
        await asyncio.sleep(1)
        server.start()
        answers = await asyncio.gather(*asked)
        assert answers == [[["patient"]]] * 5
        close_all(clients)

    asyncio.run(scenario())
