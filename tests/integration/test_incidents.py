"""Incidents played for real: exactly what should be told is told, grouped, hidden by what says more, and taken back.

The rules and the configuration are the project's own; only their clocks run twenty times as fast.
"""

import contextlib
import tempfile
import threading
from pathlib import Path

import pytest

from harness.alertmanager import Alertmanager, Receivers
from harness.incidents import clients
from harness.raw import RawClient
from harness.waiting import until

# Playing one takes longer than a test has by default: what resolves has to leave its window first.
pytestmark = [pytest.mark.incident, pytest.mark.timeout(590)]


def test_a_server_stopped(start_weir, start_postgres, watch):
    server = start_postgres(["tenant_a"])
    weir = start_weir(server)
    watching = watch(weir)
    expected = {"WeirAllUpstreamsDown", "WeirBreakerOpen", "WeirUpstreamConnectFailures"}
    with clients(weir):
        until(lambda: weir.value("weir_queries_total", outcome="ok") > 20, "traffic")
        server.stop()
        watching.until_firing(expected | {"WeirAcquireSLOBurn"})
        watching.until_told("pager", "firing", {"WeirAllUpstreamsDown", "WeirAcquireSLOBurn"})
        watching.until_hidden({"WeirBreakerOpen", "WeirUpstreamConnectFailures"})
        assert "WeirBreakerOpen" not in watching.receivers.names("pager", "firing")
        assert "WeirUpstreamConnectFailures" not in watching.receivers.names("tickets", "firing")
        server.start()
        watching.until_quiet()
        watching.until_told("pager", "resolved", {"WeirAllUpstreamsDown"})
    watching.assert_only(expected)


def test_a_leak(start_weir, postgres, watch):
    weir = start_weir(postgres, pool=[{"name": "shop", "match": "tenant_{tenant}", "max_size": 2,
                                       "leak_after": "1s", "acquire_timeout": "500ms"}])
    watching = watch(weir)
    expected = {"WeirConnectionLeakSuspected", "WeirLeakEatingPool", "WeirPoolExhausted", "WeirPoolSaturated"}
    with contextlib.ExitStack() as forgetful:
        for _ in range(2):
            client = forgetful.enter_context(RawClient(weir.ports["trusted"]).login("tenant_a"))
            client.query("BEGIN")
        with clients(weir):
            watching.until_firing(expected | {"WeirAcquireSLOBurn"})
            watching.until_told("pager", "firing", {"WeirLeakEatingPool", "WeirPoolExhausted"})
            watching.until_told("tickets", "firing", {"WeirConnectionLeakSuspected"})
            watching.until_hidden({"WeirPoolSaturated"})
            assert "WeirPoolSaturated" not in watching.receivers.names("tickets", "firing")
    watching.until_quiet()
    watching.until_told("pager", "resolved", {"WeirLeakEatingPool", "WeirPoolExhausted"})
    watching.assert_only(expected)
    for name in expected - {"WeirPoolSaturated"}:
        assert watching.receivers.groups(name) == [{"alertname": name, "job": "weir", "pool": "shop"}]


class Hog(threading.Thread):
    """Client of the noisy tenant: one long transaction after the other, as many at once as there are hogs."""

    def __init__(self, weir, begin_after, leave):
        super().__init__()
        self.weir, self.begin_after, self.leave = weir, begin_after, leave

    def run(self):
        with self.weir.connect("tenant_a", "trusted") as connection:
            self.leave.wait(self.begin_after)
            while not self.leave.is_set():
                connection.execute("BEGIN")
                self.leave.wait(16)
                connection.execute("COMMIT")


class Polite(threading.Thread):
    """Client of another tenant: all of them ask at once, and then let go for a while."""

    def __init__(self, weir, together, leave):
        super().__init__()
        self.weir, self.together, self.leave = weir, together, leave

    def run(self):
        with self.weir.connect("tenant_b", "trusted") as connection, \
                contextlib.suppress(threading.BrokenBarrierError):
            while not self.leave.is_set():
                connection.execute("SELECT 1")
                self.together.wait(60)
                self.leave.wait(0.5)


def test_a_noisy_tenant(start_weir, postgres, watch):
    """One tenant holds the whole budget in long transactions; the other's clients wait for a turn each time."""
    weir = start_weir(postgres, upstream={"max_connections": 3},
                      pool=[{"name": "shop", "match": "tenant_{tenant}", "max_size": 10, "leak_after": "1h",
                             "acquire_timeout": "60s"}])
    watching = watch(weir)
    expected = {"WeirNoisyTenant", "WeirPoolSaturated"}
    leave, together = threading.Event(), threading.Barrier(4)
    threads = [*(Hog(weir, 5.3 * number, leave) for number in range(4)),
               *(Polite(weir, together, leave) for _ in range(4))]
    for thread in threads:
        thread.start()
    try:
        watching.until_firing(expected)
        watching.until_told("tickets", "firing", expected)
        worst = weir.json("/api/v1/pools/shop")["blame"]["pairs"][0]
        assert (worst["waiting"], worst["holding"], worst["cause"]) == ("b", "a", "budget")
    finally:
        leave.set()
        together.abort()
        for thread in threads:
            thread.join()
    watching.until_quiet()
    watching.until_told("tickets", "resolved", {"WeirNoisyTenant"})
    watching.assert_only(expected)
    assert watching.receivers.groups("WeirNoisyTenant") == [
        {"alertname": "WeirNoisyTenant", "job": "weir", "pool": "shop"}]


def test_an_agent_killed(start_weir, postgres, watch):
    weir = start_weir(postgres)
    watching = watch(weir)
    weir.program.process.kill()
    weir.program.process.wait()
    watching.until_told("pager", "firing", {"WeirDown"})
    weir.start()
    watching.until_told("pager", "resolved", {"WeirDown"})
    watching.until_quiet()
    watching.assert_only({"WeirDown"})
    assert watching.receivers.groups("WeirDown") == [{"alertname": "WeirDown", "job": "weir"}]
    down = watching.receivers.alerts("WeirDown")[0]
    assert down["labels"]["instance"] == watching.instance
    assert "<no value>" not in str(down["annotations"]) and "error" not in str(down["annotations"])


def test_an_agent_that_is_down_hides_the_rest_of_its_instance_alone(folder):
    receivers = Receivers()
    manager = Alertmanager(Path(tempfile.mkdtemp(prefix="watch-", dir=folder)) / "alertmanager", receivers)
    try:
        manager.start()
        here, there = {"job": "weir", "instance": "a:9630"}, {"job": "weir", "instance": "b:9630"}
        exhausted = {"alertname": "WeirPoolExhausted", "severity": "critical", "pool": "shop"}
        manager.tell({"alertname": "WeirDown", "severity": "critical", **here}, {**exhausted, **here},
                     {**exhausted, **there})
        until(lambda: receivers.names("pager", "firing") == {"WeirDown", "WeirPoolExhausted"},
              lambda: f"told of both: {receivers.told}", timeout=60)
        told = {alert["labels"]["instance"] for alert in receivers.alerts("WeirPoolExhausted")}
        assert told == {"b:9630"}
        assert [labels["instance"] for labels in manager.hidden()] == ["a:9630"]
    finally:
        manager.stop()
        receivers.stop()
