"""A connection that never comes back: seen in time, with evidence, and dealt with as configured."""

import contextlib
import json
import tempfile
import time

import pytest

from harness import messages as m
from harness.engines import ENGINES, EnginesWeir
from harness.mariadb import MariadbServers
from harness.raw import RawClient
from harness.waiting import stays, until

pytestmark = pytest.mark.sanitized
LEAK_AFTER = 1.0


def leaky(start_weir, postgres, **pool):
    return start_weir(postgres, pool=[{"name": "tenants", "match": "tenant_{tenant}", "max_size": 2,
                                       "leak_after": f"{LEAK_AFTER}s".replace(".0", ""), **pool}])


def leak(weir):
    """A client that begins, looks something up, and forgets about it."""
    one = RawClient(weir.ports["trusted"]).login("tenant_c", application_name="forgetful")
    one.query("BEGIN")
    one.query("SELECT 'secret words', 12345")
    return one


def test_a_leak_is_shown_everywhere_when_its_time_has_come(start_weir, postgres):
    weir = leaky(start_weir, postgres)
    with leak(weir) as one:
        began = time.monotonic()
        until(lambda: weir.value("weir_leak_suspected_connections", pool="tenants") == 1, "suspected",
              timeout=LEAK_AFTER + 10)
        assert time.monotonic() - began > LEAK_AFTER - 0.2
        found = weir.json("/api/v1/leaks")["leaks"]
        assert len(found) == 1
        evidence = found[0]
        assert evidence["tenant"] == "c" and evidence["pool"] == "tenants"
        assert evidence["application_name"] == "forgetful"
        assert evidence["client_address"].startswith("127.0.0.1")
        assert evidence["held_seconds"] >= LEAK_AFTER
        assert evidence["last_statement"].startswith("SELECT")
        assert "secret" not in evidence["last_statement"] and "12345" not in evidence["last_statement"]
        health = weir.json("/health")
        assert health["status"] == "warning"
        assert any(issue["what"].startswith("leak") and issue["tenant"] == "c" for issue in health["issues"])
        table = weir.command("leaks").stdout
        assert all(word in table for word in ("tenants", "forgetful", "127.0.0.1", "SELECT"))
        assert json.loads(weir.command("leaks", "--json").stdout)["leaks"][0]["tenant"] == "c"
        one.query("COMMIT")
        until(lambda: weir.value("weir_leak_suspected_connections", pool="tenants") == 0, "came back")
    assert weir.value("weir_leaks_suspected_total", pool="tenants") == 1
    assert weir.value("weir_leaks_reclaimed_total", pool="tenants") == 0
    until(lambda: weir.json("/health")["status"] == "healthy", "healthy again")


def test_report_leaves_it_alone(start_weir, postgres):
    weir = leaky(start_weir, postgres, leak_action="report")
    with leak(weir) as one:
        until(lambda: weir.value("weir_leaks_suspected_total") == 1, "suspected")
        stays(lambda: weir.value("weir_leak_suspected_connections") == 1, "still held", 0.5)
        assert one.query("SELECT 1") == [["1"]]


@pytest.mark.parametrize("action", ["cancel", "close"])
def test_the_connection_is_taken_back(start_weir, postgres, action):
    weir = leaky(start_weir, postgres, leak_action=action)
    with leak(weir) as one:
        until(lambda: weir.value("weir_leaks_reclaimed_total", action=action) == 1, "reclaimed",
              timeout=LEAK_AFTER + 3)
        assert one.closed(), "its transaction is gone, and it is told"
        until(lambda: weir.value("weir_pool_connections", state="used") == 0, "in use no longer")
        assert weir.value("weir_leak_suspected_connections") == 0
    assert weir.value("weir_client_connections_closed_total", reason="leak") == 1
    with RawClient(weir.ports["trusted"]).login("tenant_c") as other:
        assert other.query("SELECT 1") == [["1"]]


def test_a_long_query_is_no_leak(start_weir, postgres):
    weir = leaky(start_weir, postgres, leak_action="close")
    with RawClient(weir.ports["trusted"]).login("tenant_c") as one:
        one.send(m.query("SELECT pg_sleep(2.2), 'whole'"))
        assert m.data_row(one.until_ready()[1][1])[1] == "whole"
    assert weir.value("weir_leaks_suspected_total") == 0


def test_a_listener_is_no_leak_but_a_forgotten_lock_is(start_weir, postgres):
    weir = leaky(start_weir, postgres)
    with RawClient(weir.ports["trusted"]).login("tenant_c") as listener, \
            RawClient(weir.ports["trusted"]).login("tenant_c") as locker:
        listener.query("LISTEN news")
        locker.query("SELECT pg_advisory_lock(99)")
        until(lambda: weir.value("weir_leaks_suspected_total") == 1, "the lock's holder",
              timeout=LEAK_AFTER + 3)
        stays(lambda: weir.value("weir_leak_suspected_connections") == 1, "only that one", 0.5)
        assert weir.json("/api/v1/leaks")["leaks"][0]["pin_reason"] == "advisory_lock"


def test_an_operator_takes_it_back(start_weir, postgres):
    weir = leaky(start_weir, postgres)
    with leak(weir) as one:
        until(lambda: weir.value("weir_leaks_suspected_total") == 1, "suspected")
        number = weir.json("/api/v1/leaks")["leaks"][0]["server"]
        weir.command("kill", "--connection", str(number))
        assert one.closed()
        until(lambda: weir.json("/api/v1/leaks")["leaks"] == [], "gone")
    assert "admin.action" in weir.log()


@pytest.fixture(scope="module")
def servers(folder, postgres, redis_server):
    mariadb = MariadbServers(folder)
    yield {"postgresql": postgres, "mysql": mariadb.start(), "redis": redis_server}
    mariadb.remove_all()


@pytest.fixture
def leaky_engines(folder, servers):
    """leaky_engines(action): a pool of every engine that does this with a leak."""
    started = []

    def start(action):
        started.append(EnginesWeir(tempfile.mkdtemp(prefix="leaks-", dir=folder), servers, log={"format": "json"},
                                   pool={"max_size": 2, "leak_after": "1s", "leak_action": action}))
        return started[-1].start()
    yield start
    for one in started:
        one.stop()


def suspected(weir):
    lines = [json.loads(line) for line in weir.log().splitlines() if line.startswith("{")]
    return {line["pool"]: line for line in lines if line["event"] == "connection.leak_suspected"}


def test_every_engines_evidence_is_complete(leaky_engines):
    weir = leaky_engines("report")
    with contextlib.ExitStack() as stack:
        holders = {engine: stack.enter_context(contextlib.closing(weir.client(engine))) for engine in ENGINES}
        for holder in holders.values():
            holder.hold()
        until(lambda: len(weir.json("/api/v1/leaks")["leaks"]) == len(ENGINES), "all three suspected")
        for leak in weir.json("/api/v1/leaks")["leaks"]:
            engine = leak["pool"]
            told = suspected(weir)[engine]
            for evidence in (leak, told):
                assert evidence["tenant"] == weir.tenant(engine) and evidence["user"] == "app", evidence
                assert evidence["client"] and evidence["client_address"].startswith("127.0.0.1"), evidence
                assert evidence["last_statement"].split()[0] == ("GET" if engine == "redis" else "SELECT"), evidence
                assert evidence["quiet_seconds"] >= LEAK_AFTER and evidence["held_seconds"] >= LEAK_AFTER, evidence
                assert evidence["state"] == ("watch" if engine == "redis" else "idle in transaction"), evidence
                assert evidence["pin_reason"] == ("watch" if engine == "redis" else ""), evidence
                assert evidence["action"] == "report", evidence
        for engine, holder in holders.items():
            assert holder.ask() in ((1,), None), "report takes nothing away"
            assert weir.value("weir_leaks_suspected_total", pool=engine, action="report") == 1
            assert weir.value("weir_leaks_reclaimed_total", pool=engine) == 0


@pytest.mark.parametrize("action", ["cancel", "close"])
def test_every_engine_takes_a_leak_back(leaky_engines, action):
    weir = leaky_engines(action)
    with contextlib.ExitStack() as stack:
        holders = {engine: stack.enter_context(contextlib.closing(weir.client(engine))) for engine in ENGINES}
        for holder in holders.values():
            holder.hold()
        for engine, holder in holders.items():
            until(lambda: weir.value("weir_leaks_reclaimed_total", pool=engine, action=action) == 1,
                  lambda: f"{engine}'s was taken back: {weir.json('/api/v1/servers')}")
            with pytest.raises(holder.errors):
                holder.ask()
            until(lambda: in_use(weir, engine) == 0, "in use no longer")
            assert weir.value("weir_leak_suspected_connections", pool=engine) == 0
            with contextlib.closing(weir.client(engine)) as other:
                assert other.ask() in ((1,), None)
    assert weir.value("weir_client_connections_closed_total", reason="leak") == len(ENGINES)


def in_use(weir, engine):
    scrape = weir.metrics()
    return sum(scrape.value("weir_pool_connections", pool=engine, state=state)
               for state in ("used", "pinned", "resetting", "cancelling"))


def test_a_mysql_leaks_lock_is_free_once_it_is_taken_back(leaky_engines, servers):
    weir = leaky_engines("cancel")
    with contextlib.closing(weir.client("mysql")) as forgetful, contextlib.closing(weir.client("mysql")) as other:
        forgetful.ask("SELECT GET_LOCK('of a job', 0)")
        found = until(lambda: suspected(weir).get("mysql"), "suspected")
        assert (found["state"], found["pin_reason"]) == ("pinned", "advisory_lock")
        assert "of a job" not in weir.log()
        until(lambda: other.ask("SELECT GET_LOCK('of a job', 0)") == (1,), "the lock is free again")


def test_a_redis_leaks_transaction_never_happens(leaky_engines, servers):
    weir = leaky_engines("close")
    with contextlib.closing(weir.client("redis")) as forgetful, contextlib.closing(weir.client("redis")) as other:
        forgetful.ask("WATCH", "stock")
        forgetful.ask("MULTI")
        forgetful.ask("SET", "stock", "secret words")
        found = until(lambda: suspected(weir).get("redis"), "suspected")
        assert found["state"] == found["pin_reason"] and found["state"] in ("watch", "multi")
        with pytest.raises(forgetful.errors):
            forgetful.ask("EXEC")
        assert other.ask("GET", "stock") is None
        assert "secret" not in weir.log()
