"""The demo's servers, each with three tenants, and Weir in front of them, in one temporary folder."""

import json
import shutil
import socket
import urllib.request

from harness.metrics import Metrics
from harness.processes import ROOT, Program, run, temporary_folder
from harness.waiting import free_port, until
from harness.weir import clean_environment

from . import servers

WEIR = ROOT / "build/release/weir"
TENANTS = ["acme", "globex", "initech"]
PASSWORD = "demo"
# Small pools and short limits, so that a demonstration shows within seconds what takes hours elsewhere.
CONFIG = """# The quickstart's demonstration; config/weir.toml explains every key.
[agent]
drain_grace = "0s"
drain_timeout = "1s"

[admin]
listen = "127.0.0.1:{admin}"
token_file = "{folder}/token"

[[user]]
name = "demo"
password = "{password}"
"""
CONFIG_OF_ENGINE = """
[[listen]]
engine = "{engine}"
address = "127.0.0.1:{listen}"

[[upstream]]
name = "{engine}"
engine = "{engine}"
address = "127.0.0.1:{server}"
max_connections = 20
tls = {{ mode = "disable" }}
observe = {{ every = "2s", user = "demo", password = "{password}" }}

[[pool]]
name = "{engine}"
upstream = "{engine}"
match = "{match}"
user = "demo"
password = "{password}"
max_size = 5
acquire_timeout = "3s"
leak_after = "{leak_after}"
"""
USUAL_PORTS = {"postgresql": 6432, "mysql": 6033, "redis": 6380}


def usual_or_free(port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
            return port
        except OSError:
            return free_port()


class Stage:
    """Set up by entering it, gone when left."""

    def __init__(self, engines, leak_after):
        self.engines, self.leak_after = engines, leak_after
        self.weir = self.folder = None
        self.servers = {}
        self.ports = {engine: usual_or_free(USUAL_PORTS[engine]) for engine in engines}
        self.admin = usual_or_free(9630)

    def __enter__(self):
        self.folder = temporary_folder("weir-quickstart-")
        try:
            for engine in self.engines:
                self.servers[engine] = servers.START[engine](self.folder / engine, TENANTS, PASSWORD)
            self._start_weir()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        if self.weir:
            self.weir.stop()
        for server in self.servers.values():
            server.remove()
        shutil.rmtree(self.folder, ignore_errors=True)

    def database(self, engine, tenant):
        return str(TENANTS.index(tenant) + 1) if engine == "redis" else f"tenant_{tenant}"

    def dsn(self, engine, tenant):
        scheme = "postgres" if engine == "postgresql" else engine
        return f"{scheme}://demo:{PASSWORD}@127.0.0.1:{self.ports[engine]}/{self.database(engine, tenant)}"

    def url(self, path=""):
        return f"http://127.0.0.1:{self.admin}{path}"

    def get(self, path):
        with urllib.request.urlopen(self.url(path), timeout=5) as answer:
            return answer.read().decode()

    def metrics(self):
        return Metrics(self.get("/metrics"))

    def json(self, path):
        return json.loads(self.get(path))

    def command(self, *words):
        environment = {**clean_environment(), "WEIR_ADMIN": self.url()}
        return run([WEIR, *words], env=environment, check=False)

    def _start_weir(self):
        config = self.folder / "weir.toml"
        parts = [CONFIG.format(admin=self.admin, folder=self.folder, password=PASSWORD)]
        parts += [CONFIG_OF_ENGINE.format(
            engine=engine, listen=self.ports[engine], server=server.port, password=PASSWORD,
            leak_after=self.leak_after,
            match="{tenant}" if engine == "redis" else "tenant_{tenant}")
            for engine, server in self.servers.items()]
        config.write_text("".join(parts))
        self.weir = Program([WEIR, "serve", "--config", config], self.folder / "weir.log",
                            environment=clean_environment())
        until(self._ready, lambda: f"Weir ready:\n{self.weir.output()[-3000:]}", timeout=20)

    def _ready(self):
        if not self.weir.running():
            raise AssertionError(f"Weir ended:\n{self.weir.output()[-3000:]}")
        try:
            return self.get("/readyz") is not None
        except OSError:
            return False
