"""A connection that never comes back: seen in time, with evidence, and dealt with as configured."""

import json
import time

import pytest

from harness import messages as m
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
