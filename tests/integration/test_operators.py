"""What operators do to a running agent, with the commands and over HTTP."""

import json
import threading
import time

import pytest

from harness import messages as m
from harness.raw import RawClient, Refused
from harness.waiting import stays, until

pytestmark = pytest.mark.sanitized


def client(weir, database="tenant_c"):
    return RawClient(weir.ports["trusted"]).login(database)


def connections(weir, state, pool="tenants"):
    return weir.value("weir_pool_connections", pool=pool, state=state)


@pytest.fixture
def weir(start_weir, postgres):
    return start_weir(postgres, pool=[{"name": "tenants", "match": "tenant_{tenant}", "max_size": 3,
                                       "acquire_timeout": "3s"}])


def test_pause_holds_and_resume_goes_on(weir):
    with client(weir) as one:
        one.query("SELECT 1")
        weir.command("pause", "--pool", "tenants")
        assert weir.json("/api/v1/tenants")["tenants"][0]["paused"] is True
        one.send(m.query("SELECT 'held'"))
        until(lambda: weir.value("weir_pool_pending_acquires", pool="tenants") == 1, "held")
        stays(lambda: weir.value("weir_pool_pending_acquires", pool="tenants") == 1, "held", 0.3)
        weir.command("resume", "--pool", "tenants")
        assert m.data_row(one.until_ready()[1][1]) == ["held"]
    assert weir.value("weir_acquire_wait_by_cause_seconds_total", pool="tenants", cause="paused") > 0.2


def test_pause_waits_for_busy_connections(weir):
    with client(weir) as one:
        one.query("BEGIN")
        finished = threading.Event()
        thread = threading.Thread(target=lambda: (weir.command("pause", "--tenant", "c"), finished.set()))
        thread.start()
        assert one.query("SELECT 1") == [["1"]], "a transaction under way goes on"
        one.query("COMMIT")
        thread.join(10)
        assert finished.is_set()
        weir.command("resume", "--tenant", "c")
        assert one.query("SELECT 1") == [["1"]]


def test_pausing_one_tenant_leaves_the_others_alone(weir):
    with client(weir, "tenant_a") as other, client(weir) as one:
        other.query("SELECT 1")
        one.query("SELECT 1")
        weir.command("pause", "--tenant", "c")
        assert other.query("SELECT 2") == [["2"]]
        with pytest.raises(Refused) as caught:
            one.query("SELECT 1")
        assert caught.value.code == "53300"
        weir.command("resume", "--tenant", "c")


def test_clear_closes_idle_connections_now_and_busy_ones_when_released(weir):
    with client(weir) as one, client(weir) as other:
        one.query("BEGIN")
        busy = one.query("SELECT pg_backend_pid()")
        idle = other.query("SELECT pg_backend_pid()")
        weir.command("clear", "--pool", "tenants")
        until(lambda: connections(weir, "idle") == 0, "the idle one closed")
        assert one.query("SELECT pg_backend_pid()") == busy
        one.query("COMMIT")
        until(lambda: connections(weir, "used") + connections(weir, "idle") == 0, "the busy one closed")
        assert other.query("SELECT pg_backend_pid()") not in (busy, idle)
    assert weir.value("weir_connections_reaped_total", pool="tenants", reason="admin") == 2


def test_resize_takes_effect_at_once(weir):
    clients = [client(weir) for _ in range(3)]
    for one in clients:
        one.query("BEGIN")
    weir.command("resize", "--tenant", "c", "--max-size", "1")
    assert weir.json("/api/v1/tenants")["tenants"][0]["max"] == 1
    for one in clients:
        one.query("COMMIT")
    until(lambda: connections(weir, "idle") == 1 and connections(weir, "closing") == 0, "shrunk")
    assert weir.value("weir_connections_reaped_total", pool="tenants", reason="shrink") == 2
    weir.command("resize", "--tenant", "c", "--max-size", "2")
    clients[0].query("BEGIN")
    clients[1].query("BEGIN")
    for one in clients:
        one.close()


def test_disable_refuses_a_tenant_and_enable_admits_it(weir):
    with client(weir) as one, client(weir, "tenant_a") as other:
        one.query("SELECT 1")
        weir.command("disable", "--tenant", "c")
        with pytest.raises((Refused, ConnectionError)) as caught:
            one.query("SELECT 1")
        assert isinstance(caught.value, Refused) and "disabled" in str(caught.value)
        assert other.query("SELECT 1") == [["1"]]
        assert weir.value("weir_tenants", pool="tenants", state="disabled") == 1
        weir.command("enable", "--tenant", "c")
    with client(weir) as one:
        assert one.query("SELECT 1") == [["1"]]
    assert weir.value("weir_acquire_rejections_total", reason="tenant_disabled") >= 1


def test_kill_ends_one_connection_and_its_client(weir):
    with client(weir) as one, client(weir) as other:
        one.query("BEGIN")
        other.query("BEGIN")
        backend = int(one.query("SELECT pg_backend_pid()")[0][0])
        number = next(server["id"] for server in weir.json("/api/v1/servers")["servers"]
                      if server["backend_pid"] == backend)
        weir.command("kill", "--connection", str(number))
        assert one.closed()
        assert other.query("SELECT 1") == [["1"]]
    assert weir.command("kill", "--connection", "no-such", check=False).returncode == 1


def test_acting_needs_the_token_and_leaves_an_audit_line(weir):
    with client(weir) as one:
        one.query("SELECT 1")
    before = weir.log().count("admin.action")
    assert weir.admin("/api/v1/pools/tenants/clear", "POST", token=None)[0] == 401
    assert weir.admin("/api/v1/pools/tenants/clear", "POST", token="wrong")[0] == 401
    status, text = weir.admin("/api/v1/pools/tenants/clear", "POST")
    assert status == 200 and json.loads(text)
    status, text = weir.admin("/api/v1/pools/nowhere/clear", "POST")
    assert status == 404 and json.loads(text)["error"]["message"]
    assert weir.admin("/api/v1/pools/tenants/clear", headers={})[0] == 405
    assert weir.log().count("admin.action") >= before + 4
    assert "action=clear" in weir.log()


def test_reading_needs_the_read_token_where_one_is_set(start_weir, postgres):
    weir = start_weir(postgres, admin={"read_token": "looking-token"})
    for path in ("/metrics", "/health", "/api/v1/pools", "/api/v1/config"):
        assert weir.admin(path, token=None)[0] == 401
        assert weir.admin(path, token="looking-token")[0] == 200
    for path in ("/livez", "/readyz", "/startupz"):
        assert weir.admin(path, token=None)[0] == 200
    assert weir.admin("/api/v1/pools/tenants/clear", "POST", token="looking-token")[0] == 403


@pytest.mark.parametrize("header", [{"Host": "evil.example"}, {"Origin": "http://evil.example"}])
def test_foreign_hosts_and_origins_are_refused(weir, header):
    assert weir.admin("/metrics", headers=header)[0] == 403


def test_drain_says_so_first_finishes_and_exits(start_weir, postgres):
    weir = start_weir(postgres, agent={"drain_grace": "1s", "drain_timeout": "5s"})
    with client(weir) as one, client(weir) as idle:
        one.query("BEGIN")
        idle.query("SELECT 1")
        weir.command("drain")
        until(lambda: weir.admin("/readyz")[0] == 503, "readyz says 503")
        with client(weir) as late:
            assert late.query("SELECT 1") == [["1"]], "listeners stay open for drain_grace"
        time.sleep(1.2)
        with pytest.raises((Refused, OSError)):
            client(weir)
        assert one.query("SELECT 'finishing'") == [["finishing"]]
        one.query("COMMIT")
        assert one.error()["C"] == "57P01"
        assert idle.error()["C"] == "57P01"
        until(lambda: not weir.program.running(), "exits by itself", timeout=10)
    assert weir.program.process.returncode == 0


def test_transactions_that_outstay_drain_timeout_are_told_and_cut(start_weir, postgres):
    weir = start_weir(postgres, agent={"drain_grace": "0s", "drain_timeout": "1s"})
    with client(weir) as one:
        one.query("BEGIN")
        started = time.monotonic()
        weir.program.send_signal(15)
        assert one.error()["C"] == "57P01"
        until(lambda: not weir.program.running(), "exits", timeout=5)
        assert time.monotonic() - started > 0.8
    assert weir.program.process.returncode == 0


def test_a_second_signal_stops_at_once(start_weir, postgres):
    weir = start_weir(postgres, agent={"drain_grace": "0s", "drain_timeout": "60s"})
    with client(weir) as one:
        one.query("BEGIN")
        weir.program.send_signal(15)
        until(lambda: weir.admin("/readyz")[0] == 503, "draining")
        weir.program.send_signal(15)
        until(lambda: not weir.program.running(), "exits", timeout=5)
