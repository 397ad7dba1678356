"""A running `weir serve` with a configuration of its own, and what tests ask of it."""

import json
import os
import re
import signal
import tempfile
import urllib.error
import urllib.request
from pathlib import Path

import psycopg

from . import toml
from .metrics import Difference, Metrics
from .postgres import APP_PASSWORD as PASSWORD
from .processes import ROOT, Program, adopt_orphans, reap, run
from .waiting import free_port, until

TOKEN = "acting-token"
# What a sanitizer, an assertion or the C++ runtime says before a program dies, or should have.
ALARMS = re.compile(r"AddressSanitizer|LeakSanitizer|ThreadSanitizer|UndefinedBehaviorSanitizer|"
                    r"runtime error:|Assertion .* failed|terminate called|Segmentation fault")


def binary():
    return Path(os.environ.get("WEIR_BINARY", ROOT / "build/release/weir"))


def sanitized():
    """Whether the daemon under test is an instrumented build, which is slower and bigger."""
    return any(word in str(binary()) for word in ("asan", "tsan"))


def clean_environment():
    """Ours without what the daemon would take for settings."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("WEIR_", "OTEL_"))}


class Weir:
    """Tests give only what differs: sections as dicts, arrays of tables as lists of dicts."""

    def __init__(self, folder, postgres, *, pool=None, listen=None, upstream=None, user=None,
                 agent=None, log=None, admin=None, environment=None, more_upstreams=(), **sections):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.ports = {"postgresql": free_port(), "trusted": free_port()}
        self.admin_port = free_port()
        self.socket = self.folder / f".s.PGSQL.{self.ports['postgresql']}"
        self.environment = {**clean_environment(), **(environment or {})}
        account = {"user": "app", "password": PASSWORD}
        self.settings = {
            "agent": {"loops": 2, "drain_grace": "0s", "drain_timeout": "2s", **(agent or {})},
            "log": {"level": "info", "stats_every": "0s", **(log or {})},
            "admin": {"listen": f"127.0.0.1:{self.admin_port}", "token": TOKEN,
                      "token_file": str(self.folder / "token"), **(admin or {})},
            "listen": [
                {"name": name, "address": address, **extra,
                 **{key: value for key, value in (listen or {}).items()
                    if not (key == "tls" and name == "unix")}}
                for name, address, extra in (
                    ("postgresql", f"127.0.0.1:{self.ports['postgresql']}", {}),
                    ("trusted", f"127.0.0.1:{self.ports['trusted']}", {"auth": "trust"}),
                    ("unix", f"unix:{self.socket}", {}))],
            "upstream": [{"name": "main", "address": f"127.0.0.1:{postgres.port}",
                          "max_connections": 40, "tls": {"mode": "disable"}, **(upstream or {})}, *more_upstreams],
            "pool": [{"upstream": "main", **account, **table}
                     for table in (pool or [{"name": "tenants", "match": "tenant_{tenant}"},
                                            {"name": "main", "match": "*"}])],
            "user": user or [{"name": "app", "password": PASSWORD}],
            **sections}
        self.program = None

    @property
    def config(self):
        return self.folder / "weir.toml"

    @property
    def pid(self):
        """Of the process that serves: the one that was started, or its last successor."""
        serving = re.findall(r"agent\.restarted\b.*successor=(\d+)", self.log())
        return int(serving[-1]) if serving else self.program.pid

    def successors(self):
        """Every process that was started by a restart, whatever became of it."""
        return [int(pid) for pid in re.findall(r"agent\.restarting\b.*successor=(\d+)", self.log())]

    def configure(self):
        self.config.write_text(toml.written(self.settings))

    def start(self, ready=True, wrapper=()):
        """`wrapper`: words in front of the daemon's, such as valgrind's."""
        self.configure()
        adopt_orphans()
        argv = [*wrapper, binary(), "serve", "--config", self.config]
        self.program = Program(argv, self.folder / "weir.log", environment=self.environment)
        if ready:
            until(self._ready, lambda: f"readyz says 200:\n{self.log()[-4000:]}", timeout=30)
        return self

    def stop(self):
        """Asks it to leave, and asserts that it was well to the end."""
        if self.program is None:
            return
        serving = self.pid
        program, self.program = self.program, None
        patience = 90 if sanitized() else 30
        if serving != program.pid:
            os.kill(serving, signal.SIGTERM)
        codes = [program.stop(signal.SIGTERM, timeout=patience)]
        codes += [reap(pid, patience) for pid in self.successors()]
        self.check_log()
        assert not any(codes), f"weir ended with {codes}:\n{program.output()[-4000:]}"

    def check_log(self):
        alarm = ALARMS.search(self.log())
        assert not alarm, self.log()[max(0, alarm.start() - 500):alarm.start() + 6000]

    def log(self):
        path = self.folder / "weir.log"
        return path.read_text(errors="replace") if path.exists() else ""

    # -- its admin listener

    def admin(self, path, method="GET", body=None, token=TOKEN, headers=None):
        """(status, text) of a request; never raises for a status."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.admin_port}{path}", method=method)
        if token:
            request.add_header("Authorization", f"Bearer {token}")
        for name, value in (headers or {}).items():
            request.add_header(name, value)
        if method == "POST":
            request.add_header("Content-Type", "application/json")
            request.data = json.dumps(body or {}).encode()
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def json(self, path):
        status, text = self.admin(path)
        assert status == 200, f"{path}: {status} {text}"
        return json.loads(text)

    def metrics(self):
        status, text = self.admin("/metrics")
        assert status == 200, text
        return Metrics(text)

    def value(self, name, **labels):
        return self.metrics().value(name, **labels)

    def since(self, before):
        return Difference(before, self.metrics())

    def command(self, *words, check=True):
        """Runs `weir WORDS…` against this daemon, as an operator on the same machine would."""
        environment = {**clean_environment(), "WEIR_ADMIN": f"http://127.0.0.1:{self.admin_port}",
                       "WEIR_ADMIN_TOKEN": TOKEN}
        return run([binary(), *words], check=check, env=environment, cwd=self.folder)

    # -- its clients' side

    def parameters(self, database, listener="postgresql", user="app", password=PASSWORD):
        return {"host": "127.0.0.1", "port": self.ports[listener], "user": user,
                "password": password, "dbname": database, "sslmode": "disable"}

    def connect(self, database="tenant_a", listener="postgresql", **options):
        """A psycopg connection; `prepare_threshold=None` keeps it from naming statements."""
        options.setdefault("autocommit", True)
        options.setdefault("prepare_threshold", None)
        options.setdefault("connect_timeout", 20)
        return psycopg.connect(**{**self.parameters(database, listener), **options})

    def _ready(self):
        assert self.program.running(), f"weir ended:\n{self.log()[-4000:]}"
        try:
            return self.admin("/readyz", token=None)[0] == 200
        except OSError:
            return False


class Weirs:
    """Those of one test or module, to be stopped together."""

    def __init__(self, folder):
        self.folder, self.made = Path(tempfile.mkdtemp(prefix="weir-", dir=folder)), []

    def start(self, postgres, ready=True, wrapper=None, **settings):
        """`wrapper`: called with the Weir, for the words in front of the daemon's."""
        weir = Weir(self.folder / str(len(self.made)), postgres, **settings)
        self.made.append(weir)
        return weir.start(ready, wrapper(weir) if wrapper else ())

    def stop_all(self):
        """Every one is asserted to have been well; the first that was not is reported."""
        failures = []
        for weir in self.made:
            try:
                weir.stop()
            except AssertionError as error:
                failures.append(error)
        if failures:
            raise failures[0]
