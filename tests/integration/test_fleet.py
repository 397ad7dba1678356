"""A real Prometheus, as config/ starts it, scrapes two agents under the quickstart's traffic of all three engines."""

import asyncio
import json
import shutil
import sys
import threading

import pytest

from harness.engines import ENGINES
from harness.processes import ROOT, temporary_folder
from harness.shipped import Blackbox, ShippedPrometheus
from harness.waiting import until

sys.path.append(str(ROOT / "config"))
from quickstart.stage import Stage  # noqa: E402
from quickstart.traffic import Traffic, run  # noqa: E402

pytestmark = [pytest.mark.alone, pytest.mark.timeout(400)]


class Beside(Stage):
    """Another agent in front of the servers of the first."""

    def __init__(self, first):
        super().__init__(first.engines, first.leak_after)
        self.first = first

    def __enter__(self):
        self.folder, self.servers = temporary_folder("weir-beside-"), self.first.servers
        self._start_weir()
        return self

    def __exit__(self, *_):
        if self.weir:
            self.weir.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


@pytest.fixture(scope="module")
def agents():
    with Stage(ENGINES, leak_after="2s") as first, Beside(first) as second:
        yield [first, second]


@pytest.fixture(scope="module")
def traffic(agents):
    """Until the module ends; as in the quickstart, with a rush and a leak every few seconds."""
    every = [Traffic(agent, engine, every_leak=6, every_rush=6, leak_for=4) for agent in agents for engine in ENGINES]
    over, failures = threading.Event(), []

    async def live():
        running = asyncio.create_task(run(every))
        await asyncio.to_thread(over.wait)
        running.cancel()
        [ended] = await asyncio.gather(running, return_exceptions=True)
        if isinstance(ended, Exception):
            raise ended

    def guarded():
        try:
            asyncio.run(live())
        except Exception as error:  # to be seen by the test, not by the thread's own end
            failures.append(error)

    thread = threading.Thread(target=guarded)
    thread.start()
    yield every
    over.set()
    thread.join(60)
    assert not thread.is_alive() and failures == []


@pytest.fixture(scope="module")
def prometheus(folder, agents, traffic):
    exporter = Blackbox(folder / "blackbox-of-fleet")
    server = None
    try:
        exporter.start()
        server = ShippedPrometheus(folder / "prometheus-of-fleet", {
            "targets: [127.0.0.1:9630]": "targets: " + json.dumps([f"127.0.0.1:{each.admin}" for each in agents]),
            '["http://127.0.0.1:9630/readyz"]': json.dumps([each.url("/readyz") for each in agents]),
            "127.0.0.1:9115": f"127.0.0.1:{exporter.port}",
            "127.0.0.1:6432": f"127.0.0.1:{agents[0].ports['postgresql']}",
            "127.0.0.1:6033": f"127.0.0.1:{agents[0].ports['mysql']}",
            "127.0.0.1:6380": f"127.0.0.1:{agents[0].ports['redis']}"}).start()
        yield server
    finally:
        if server:
            server.stop()
        exporter.stop()


def instances(agents):
    return {f"127.0.0.1:{each.admin}" for each in agents}


def both_and_all_engines(agents):
    return {(instance, engine) for instance in instances(agents) for engine in ENGINES}


def found(prometheus, expression):
    """(agent, pool) of what an expression finds."""
    return {(labels["instance"], labels["pool"]) for labels, _ in prometheus.query(expression)}


def test_both_agents_are_scraped_and_probed(prometheus, agents):
    until(lambda: prometheus.targets("weir") == dict.fromkeys(instances(agents), 1), "both are up", timeout=60)
    until(lambda: prometheus.targets("weir-tenants") == dict.fromkeys(instances(agents), 1), "so are their tenants",
          timeout=60)

    def successes(job):
        return {labels["instance"]: value for labels, value in prometheus.query(f'probe_success{{job="{job}"}}')}
    until(lambda: successes("probe-weir-ready") == {each.url("/readyz"): 1 for each in agents},
          lambda: str(successes("probe-weir-ready")), timeout=60)
    until(lambda: successes("probe-weir-listeners") ==
          {f"127.0.0.1:{port}": 1 for port in agents[0].ports.values()},
          lambda: str(successes("probe-weir-listeners")), timeout=60)


@pytest.mark.parametrize("grown", [
    'increase(weir_acquires_total{outcome="ok"}[10s]) > 0', 'increase(weir_queries_total{outcome="ok"}[10s]) > 0',
    "increase(weir_leaks_suspected_total[1m]) > 0", 'increase(weir_acquire_served_total{source="waited"}[1m]) > 0'])
def test_the_traffic_of_every_engine_is_seen_at_both(prometheus, agents, grown):
    until(lambda: found(prometheus, grown) == both_and_all_engines(agents),
          lambda: str(found(prometheus, grown)), timeout=90, every=0.5)


def test_the_rules_are_evaluated_of_both(prometheus, agents):
    def groups():
        return json.loads(prometheus._get("/api/v1/rules"))["data"]["groups"]
    until(lambda: all(rule["health"] == "ok" for group in groups() for rule in group["rules"]),
          lambda: str([rule for group in groups() for rule in group["rules"] if rule["health"] != "ok"]), timeout=60)
    recorded = "pool:weir_connections_used:mean5m > 0"
    until(lambda: found(prometheus, recorded) == both_and_all_engines(agents),
          lambda: str(found(prometheus, recorded)), timeout=60, every=0.5)
    until(lambda: "WeirDown" not in prometheus.firing(), "both are up", timeout=60)


def test_what_prometheus_adds_up_is_what_the_clients_had(prometheus, traffic):
    """Queries of all agents, at least one for each visit that was answered before the scrape."""
    for engine in ENGINES:
        def visits():
            return sum(one.answered for one in traffic if one.engine == engine)
        until(lambda: visits() > 100, f"{engine}: {visits()} visits", timeout=60)
        answered = visits()
        counted = f'sum(weir_queries_total{{pool="{engine}", outcome="ok"}})'
        until(lambda: sum(value for _, value in prometheus.query(counted)) >= answered, f"{engine}: {answered}",
              timeout=60)
