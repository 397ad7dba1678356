"""A HAProxy started from config/haproxy.cfg, with our addresses in the place of the example's."""

import re
import urllib.request
from pathlib import Path

from .metrics import Metrics
from .processes import ROOT, Program, run
from .waiting import free_port, until

CONFIG = ROOT / "config/haproxy.cfg"
USUAL_PORTS = {"postgresql": 6432, "mysql": 6033, "redis": 6380}


class Balancer:
    """In front of the agents (harness.engines.EnginesWeir), which it calls agent1, agent2 as the example does."""

    def __init__(self, folder, agents):
        self.folder, self.agents = Path(folder), agents
        self.folder.mkdir(parents=True)
        self.ports = {engine: free_port() for engine in USUAL_PORTS}
        self.stats_port = free_port()
        self.program = None
        (self.folder / "haproxy.cfg").write_text(self._with_our_addresses(CONFIG.read_text()))

    def _with_our_addresses(self, text):
        def put(before, after, times=1):
            nonlocal text
            text, found = re.subn(before, after, text)
            assert found == times, f"{before}: {found} times in {CONFIG}"

        put("maxconn 20000", "maxconn 1000")  # within the descriptors that a test machine allows
        put(r"bind 127\.0\.0\.1:8404", f"bind 127.0.0.1:{self.stats_port}")
        for engine, usual in USUAL_PORTS.items():
            put(rf"bind :{usual}\b", f"bind 127.0.0.1:{self.ports[engine]}")
            for number, agent in enumerate(self.agents, 1):
                put(rf"server agent{number} 192\.0\.2\.1{number}:{usual}\b",
                    f"server agent{number} 127.0.0.1:{agent.ports[engine]} port {agent.admin_port}")
        return text

    def start(self):
        run(["haproxy", "-c", "-f", self.folder / "haproxy.cfg"])
        self.program = Program(["haproxy", "-db", "-f", self.folder / "haproxy.cfg"], self.folder / "haproxy.log")
        until(self._all_up, lambda: f"HAProxy up:\n{self.program.output()}", timeout=60)
        return self

    def stop(self):
        if self.program:
            self.program.stop()
            self.program = None

    def metrics(self):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.stats_port}/metrics", timeout=10) as answer:
            return Metrics(answer.read().decode())

    def status(self, number, engine):
        """"UP", "DOWN", … as HAProxy's own exporter has it."""
        states = self.metrics().series("haproxy_server_status", proxy=f"weir_{engine}", server=f"agent{number}")
        return next(dict(labels)["state"] for labels, value in states.items() if value == 1)

    def up(self, number):
        return all(self.status(number, engine) == "UP" for engine in self.ports)

    def down(self, number):
        return all(self.status(number, engine) == "DOWN" for engine in self.ports)

    def _all_up(self):
        assert self.program.running(), self.program.output()
        try:
            return all(self.up(number) for number, _ in enumerate(self.agents, 1))
        except OSError:
            return False
