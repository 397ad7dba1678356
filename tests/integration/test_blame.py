"""Who holds what others wait for: in metrics, in the error, in the log, and for operators by name."""

import contextlib
import json

import pytest

from harness import messages as m
from harness.engines import ENGINES, EnginesWeir
from harness.mariadb import MariadbServers
from harness.raw import RawClient, Refused
from harness.waiting import until

pytestmark = pytest.mark.sanitized
HOLDERS = ("same_tenant", "other_tenant")


def client(weir, tenant, **options):
    return RawClient(weir.ports["trusted"]).login(f"tenant_{tenant}", **options)


def lines(weir, event):
    found = [json.loads(line) for line in weir.log().splitlines() if line.startswith("{")]
    return [line for line in found if line["event"] == event]


def blocked(weir, pool="tenants"):
    scrape = weir.metrics()
    return {holder: scrape.value("weir_blocked_seconds_total", pool=pool, holder=holder) for holder in HOLDERS}


@contextlib.contextmanager
def three_busy(weir, tenant):
    """All that a budget of three has, held in transactions."""
    with contextlib.ExitStack() as stack:
        held = [stack.enter_context(client(weir, tenant, application_name="noisy-app")) for _ in range(3)]
        for one in held:
            one.query("BEGIN")
            one.query("SELECT 'secret words', 12345 FROM pg_class LIMIT 1")
        yield held


@pytest.fixture
def of_three(start_weir, postgres):
    return start_weir(postgres, upstream={"max_connections": 3}, log={"format": "json"},
                      pool=[{"name": "tenants", "match": "tenant_{tenant}", "acquire_timeout": "2s"}])


def test_waiting_for_the_budget_is_blamed_on_the_tenant_that_holds_it(of_three):
    weir = of_three
    with client(weir, "b", application_name="quiet-app") as quiet, three_busy(weir, "a"):
        quiet.send(m.query("SELECT 1"))
        until(lambda: blocked(weir)["other_tenant"] > 0.3, "blocked by the other tenant")
        told = quiet.error()
        assert told["C"] == "53300"
        assert "noisy" not in str(told) and "pg_class" not in str(told), "none of a client's business"
    until(lambda: weir.value("weir_pool_pending_acquires", pool="tenants") == 0, "nobody waits")
    scrape, spent = weir.metrics(), blocked(weir)
    assert spent["other_tenant"] > 1.2 and spent["other_tenant"] > 3 * spent["same_tenant"]
    waited = sum(scrape.value("weir_acquire_wait_by_cause_seconds_total", pool="tenants", cause=cause)
                 for cause in ("pool_full", "budget"))
    assert abs(sum(spent.values()) - waited) < 1e-6, "every second is somebody's"

    worst = weir.json("/api/v1/pools/tenants")["blame"]["pairs"][0]
    assert (worst["waiting"], worst["holding"], worst["cause"]) == ("b", "a", "budget")
    assert worst["seconds"] > 1.2
    table = weir.command("status", "--pool", "tenants").stdout
    assert "Who waited for whom" in table and any(
        line.split()[:3] == ["b", "a", "budget"] for line in table.splitlines()), table
    assert "Who waited" not in weir.command("status").stdout

    line = lines(weir, "pool.acquire_timed_out")[0]
    assert (line["pool"], line["tenant"], line["cause"]) == ("tenants", "b", "budget")
    assert line["application_name"] == "quiet-app"
    assert (line["holder_tenant"], line["holder_application_name"]) == ("a", "noisy-app")
    assert line["holder_client_address"].startswith("127.0.0.1")
    assert line["holder_statement"] == "SELECT pg_class" and line["holder_state"] == "idle in transaction"
    assert line["holder_held_seconds"] > 1 and line["left_out"] == 0
    assert "secret" not in weir.log() and "12345" not in weir.log()


def test_the_holder_may_be_on_another_loop_and_in_another_template(start_weir, postgres):
    """The whole upstream's longest holder is known to whoever waits for a token, wherever it is at home."""
    weir = start_weir(postgres, upstream={"max_connections": 2}, log={"format": "json"}, agent={"loops": 3},
                      pool=[{"name": name, "match": f"tenant_{letter}", "acquire_timeout": "2s"}
                            for name, letter in (("first", "a"), ("second", "b"), ("third", "c"))])
    with client(weir, "c") as waiter, client(weir, "a", application_name="longest") as one, \
            client(weir, "b", application_name="shorter") as other:
        one.query("BEGIN")
        other.query("BEGIN")
        with pytest.raises(Refused):
            waiter.query("SELECT 1")
    line = lines(weir, "pool.acquire_timed_out")[0]
    assert (line["pool"], line["holder_tenant"], line["holder_application_name"]) == ("third", "tenant_a", "longest")
    pairs = weir.json("/api/v1/pools/third")["blame"]["pairs"]
    assert {pair["holding"] for pair in pairs} >= {"tenant_a", "tenant_b"}
    assert blocked(weir, "third")["other_tenant"] > 1.2


def test_a_tenant_of_the_same_name_in_another_template_is_no_business_of_the_client(start_weir, postgres):
    weir = start_weir(postgres, upstream={"max_connections": 1}, log={"format": "json"},
                      pool=[{"name": "shop", "match": "tenant_{tenant}", "acquire_timeout": "2s"},
                            {"name": "crm", "match": "crm_{tenant}", "database": "tenant_b"}])
    with RawClient(weir.ports["trusted"]).login("crm_a", application_name="foreign") as holder, \
            client(weir, "a") as waiter:
        holder.query("BEGIN")
        with pytest.raises(Refused) as caught:
            waiter.query("SELECT 1")
    assert "foreign" not in str(caught.value.fields)
    assert lines(weir, "pool.acquire_timed_out")[0]["holder_application_name"] == "foreign"


def test_a_full_pool_is_its_own_tenants_fault(start_weir, postgres):
    weir = start_weir(postgres, pool=[{"name": "tenants", "match": "tenant_{tenant}", "max_size": 1,
                                       "acquire_timeout": "2s"}])
    with client(weir, "a", application_name="forgetful") as holder, client(weir, "a") as waiter:
        holder.query("BEGIN")
        holder.query("SELECT 'secret words', 12345 FROM pg_class LIMIT 1")
        with pytest.raises(Refused) as caught:
            waiter.query("SELECT 1")
        message = caught.value.fields["M"]
        assert 'application "forgetful"' in message and "last statement SELECT pg_class" in message, message
        assert "secret" not in message and "12345" not in message
        spent = blocked(weir)
        assert spent["same_tenant"] > 0.5 and spent["other_tenant"] == 0
        until(lambda: weir.json("/api/v1/pools/tenants")["blame"]["pairs"], "told")
    pairs = weir.json("/api/v1/pools/tenants")["blame"]["pairs"]
    assert [(pair["waiting"], pair["holding"], pair["cause"]) for pair in pairs] == [("a", "a", "pool_full")]


def test_a_storm_of_time_outs_writes_few_lines_and_counts_the_rest(start_weir, postgres):
    weir = start_weir(postgres, log={"format": "json"}, agent={"loops": 1},
                      pool=[{"name": "tenants", "match": "tenant_{tenant}", "max_size": 1,
                             "acquire_timeout": "1s"}])
    with contextlib.ExitStack() as stack:
        holder = stack.enter_context(client(weir, "a"))
        crowd = [stack.enter_context(client(weir, "a")) for _ in range(40)]
        holder.query("BEGIN")
        for one in crowd:
            one.send(m.query("SELECT 1"))
        for one in crowd:
            assert one.error()["C"] == "53300"

    def accounted():
        written = lines(weir, "pool.acquire_timed_out")
        return (len(written) + sum(line["left_out"] for line in written)
                + sum(line["count"] for line in lines(weir, "pool.acquire_time_outs_left_out")))
    until(lambda: accounted() == 40, lambda: f"all 40 accounted for: {accounted()}")
    assert len(lines(weir, "pool.acquire_timed_out")) < 20


@pytest.fixture(scope="module")
def every_engine(folder, postgres, redis_server):
    mariadb = MariadbServers(folder)
    weir = EnginesWeir(folder / "blame", {"postgresql": postgres, "mysql": mariadb.start(), "redis": redis_server},
                       pool={"max_size": 1, "acquire_timeout": "2s"})
    yield weir.start()
    weir.stop()
    mariadb.remove_all()


@pytest.mark.parametrize("engine", ENGINES)
def test_every_engine_names_the_holder_of_the_same_tenant(every_engine, engine):
    with contextlib.closing(every_engine.client(engine)) as waiter, \
            contextlib.closing(every_engine.client(engine)) as holder:
        waiter.ask()
        holder.hold()
        with pytest.raises(waiter.errors) as caught:
            waiter.ask()
        assert "longest held by client 127.0.0.1" in str(caught.value), caught.value
        holder.let_go()
    assert blocked(every_engine, engine)["same_tenant"] > 0.5
    assert blocked(every_engine, engine)["other_tenant"] == 0


def test_who_waits_for_a_dial_blames_nobody(start_weir, start_postgres):
    """A server that can't be reached is nobody's use of connections."""
    server = start_postgres(["tenant_a"])
    weir = start_weir(server, pool=[{"name": "tenants", "match": "tenant_{tenant}", "acquire_timeout": "2s"}])
    with client(weir, "a") as one:
        one.query("SELECT 1")
        server.stop()
        with pytest.raises((Refused, OSError)):
            one.query("SELECT 1")
    assert sum(blocked(weir).values()) == 0
