"""The demo's servers: a PostgreSQL with three tenants and Weir in front, in one temporary folder."""

import json
import shutil
import socket
import urllib.request

from harness.metrics import Metrics
from harness.postgres import PostgresServer
from harness.processes import ROOT, Program, run, temporary_folder
from harness.waiting import free_port, until
from harness.weir import clean_environment

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

[[listen]]
engine = "postgresql"
address = "127.0.0.1:{listen}"

[[upstream]]
name = "main"
address = "127.0.0.1:{server}"
max_connections = 20
tls = {{ mode = "disable" }}

[[pool]]
name = "tenants"
upstream = "main"
match = "tenant_{{tenant}}"
max_size = 5
acquire_timeout = "3s"
leak_after = "{leak_after}"

[[user]]
name = "demo"
password = "{password}"
"""


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

    def __init__(self, leak_after):
        self.leak_after = leak_after
        self.postgres = self.weir = self.folder = None
        self.listen, self.admin = usual_or_free(6432), usual_or_free(9630)

    def __enter__(self):
        self.folder = temporary_folder("weir-quickstart-")
        try:
            self._start_postgres()
            self._start_weir()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        if self.weir:
            self.weir.stop()
        if self.postgres:
            self.postgres.remove()
        shutil.rmtree(self.folder, ignore_errors=True)

    def database(self, tenant):
        return f"tenant_{tenant}"

    def dsn(self, tenant):
        return f"postgres://demo:{PASSWORD}@127.0.0.1:{self.listen}/{self.database(tenant)}"

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

    def _start_postgres(self):
        self.postgres = PostgresServer(self.folder / "postgres", max_connections=40).start()
        self.postgres.add_role("demo", PASSWORD)
        self.postgres.add_databases([self.database(tenant) for tenant in TENANTS], owner="demo")
        for tenant in TENANTS:
            self.postgres.execute(
                "CREATE TABLE orders (id serial PRIMARY KEY, item text, price numeric);"
                "ALTER TABLE orders OWNER TO demo;"
                "INSERT INTO orders (item, price) SELECT 'item ' || n, n FROM generate_series(1, 1000) n",
                self.database(tenant))

    def _start_weir(self):
        config = self.folder / "weir.toml"
        config.write_text(CONFIG.format(admin=self.admin, listen=self.listen, folder=self.folder,
                                        server=self.postgres.port, password=PASSWORD,
                                        leak_after=self.leak_after))
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
