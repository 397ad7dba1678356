"""A Redis server of our own, and a Weir in front of it."""

import contextlib
import shutil
import signal
from pathlib import Path

import redis

from .processes import Program
from .waiting import free_port, until
from .weir import Weir

ADMIN_PASSWORD = "server-secret"
APP_PASSWORD = "app-secret"


class RedisServer:
    """Nothing on disk; account `app` for Weir's pools, `default` for the tests themselves."""

    def __init__(self, folder, **settings):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self.program = None
        lines = ["bind 127.0.0.1", f"port {self.port}", 'save ""', "appendonly no",
                 f"dir {self.folder}", f"requirepass {ADMIN_PASSWORD}",
                 f"user app on >{APP_PASSWORD} ~* &* +@all"]
        lines += [f"{key.replace('_', '-')} {value}" for key, value in settings.items()]
        (self.folder / "redis.conf").write_text("\n".join(lines) + "\n")

    def start(self):
        self.program = Program(["redis-server", self.folder / "redis.conf"],
                               self.folder / "server.log")
        until(self._answers, lambda: f"Redis up:\n{self.program.output()[-2000:]}", timeout=30)
        return self

    def stop(self):
        if self.program:
            self.program.stop(signal.SIGKILL)
            self.program = None

    def remove(self):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def connect(self, database=0):
        """As the server's administrator, past Weir."""
        return redis.Redis(port=self.port, db=database, password=ADMIN_PASSWORD,
                           socket_timeout=20)

    def connections(self):
        """What the server says of Weir's connections: [{id, db, cmd, …}]."""
        with self.connect() as server:
            return [client for client in server.client_list() if client["user"] == "app"]

    def _answers(self):
        assert self.program.running(), self.program.output()[-2000:]
        with contextlib.suppress(redis.ConnectionError, redis.BusyLoadingError):
            with self.connect() as server:
                return server.ping()
        return False


class RedisWeir(Weir):
    """`pool`: tables, of which each needs what differs from a pool for every database."""

    def __init__(self, folder, server, *, pool=None, listen=None, user=None, upstream=None,
                 listeners=("redis", "trusted"), **settings):
        super().__init__(folder, server, **settings)
        self.ports = {name: free_port() for name in listeners}
        self.settings["listen"] = [
            {"name": name, "engine": "redis", "address": f"127.0.0.1:{port}",
             **({"auth": "trust"} if name == "trusted" else {}), **(listen or {})}
            for name, port in self.ports.items()]
        self.settings["upstream"] = [
            {"name": "cache", "engine": "redis", "address": f"127.0.0.1:{server.port}",
             "max_connections": 40, **(upstream or {})}]
        self.settings["pool"] = [
            {"name": "all", "upstream": "cache", "match": "*", "user": "app",
             "password": APP_PASSWORD, **table} for table in (pool or [{}])]
        self.settings["user"] = user or [{"name": "app", "password": "client-secret"},
                                         {"name": "default", "password": "default-secret"}]

    def redis(self, database=0, user="app", password="client-secret", listener="redis", **options):
        options.setdefault("socket_timeout", 60)
        return redis.Redis(port=self.ports[listener], db=database, username=user,
                           password=password, **options)


class RedisWeirs:
    """Those of one test or module; each is asserted to have ended well."""

    def __init__(self, folder):
        self.folder, self.made = Path(folder), []

    def start(self, server, ready=True, **settings):
        weir = RedisWeir(self.folder / f"weir{len(self.made)}", server, **settings)
        self.made.append(weir)
        return weir.start(ready)

    def stop_all(self):
        for weir in self.made:
            weir.stop()
