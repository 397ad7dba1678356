"""A PostgreSQL server of our own: temporary folder, free port, loopback, nothing flushed to disk."""

import contextlib
import functools
import os
import shutil
import signal
from pathlib import Path

import psycopg

from .processes import Program, run
from .waiting import free_port, until

APP_PASSWORD = "app-secret"
SETTINGS = """
listen_addresses = '127.0.0.1'
fsync = off
synchronous_commit = off
full_page_writes = off
max_wal_size = 4GB
autovacuum = off
log_min_messages = warning
password_encryption = 'scram-sha-256'
"""
# Accounts log in with their password as they would elsewhere; only the tests' own superuser need not.
RULES = """
local all postgres trust
host all,replication postgres 127.0.0.1/32 trust
local all all scram-sha-256
host all all 127.0.0.1/32 scram-sha-256
"""


@functools.cache
def programs():
    """The folder with the newest installed PostgreSQL's programs."""
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"),
                      key=lambda path: float(path.parts[4]))
    if not versions:
        raise AssertionError("no PostgreSQL server under /usr/lib/postgresql")
    return versions[-1].parent


class PostgresServer:
    """Made by `initdb` once a folder, or as a standby of `primary`; started, stopped and asked by tests."""

    def __init__(self, folder, primary=None, **settings):
        self.folder = Path(folder)
        self.port = free_port()
        self.host = "127.0.0.1"
        self.data = self.folder / "data"
        self.program = None
        self.folder.mkdir(parents=True, exist_ok=True)
        self._own(self.folder)
        if primary:
            self._copy(primary)
        else:
            self._initialize()
        lines = [SETTINGS, f"port = {self.port}", f"unix_socket_directories = '{self.folder}'"]
        lines += [f"{key} = '{value}'" for key, value in settings.items()]
        self._configure(lines)

    def _initialize(self):
        run([programs() / "initdb", "--pgdata", self.data, "--username", "postgres", "--auth", "trust",
             "--no-sync", "--encoding", "UTF8", "--locale", "C"], user="postgres", cwd="/")
        (self.data / "pg_hba.conf").write_text(RULES)

    def _copy(self, primary):
        """A copy that streams from `primary`, which runs."""
        run([programs() / "pg_basebackup", "--pgdata", self.data, "--host", primary.host, "--port", primary.port,
             "--username", "postgres", "--write-recovery-conf", "--checkpoint", "fast", "--no-sync"],
            user="postgres", cwd="/")

    def _configure(self, lines):
        with open(self.data / "postgresql.conf", "a") as conf:
            conf.write("\n".join(lines) + "\n")

    def follow(self, primary):
        """From its next start on it is a standby of `primary`. Precondition: it was stopped in good order."""
        self._configure([f"primary_conninfo = 'host={primary.host} port={primary.port} user=postgres'"])
        (self.data / "standby.signal").touch()
        self._own(self.data / "standby.signal")

    def promote(self):
        """Returns when it takes writes."""
        assert self.execute("SELECT pg_promote()") == [(True,)]

    def has_caught_up_with(self, primary):
        place = primary.execute("SELECT pg_current_wal_lsn()")[0][0]
        return self.execute("SELECT pg_last_wal_replay_lsn() >= %s::pg_lsn", parameters=[place]) == [(True,)]

    def start(self):
        self.program = Program([programs() / "postgres", "-D", self.data], self.folder / "server.log",
                               user="postgres", cwd="/")
        until(self._answers, lambda: f"PostgreSQL up:\n{self.program.output()[-2000:]}", timeout=60)
        return self

    def stop(self, fast=True):
        """`fast` ends sessions with 57P01; otherwise they are cut off, as in a crash."""
        if self.program:
            self.program.stop(signal.SIGINT if fast else signal.SIGQUIT)
            self.program = None

    def remove(self):
        self.stop(fast=False)
        shutil.rmtree(self.folder, ignore_errors=True)

    def cpu_seconds(self):
        """CPU time of all its processes that are there now."""
        total = 0
        for stat in Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(OSError):
                fields = stat.read_text().rsplit(")", 1)[1].split()
                if int(fields[1]) == self.program.pid:
                    total += int((stat.parent / "schedstat").read_text().split()[0])
        return total / 1e9

    def connect(self, database="postgres", **options):
        options.setdefault("user", "postgres")
        options.setdefault("autocommit", True)
        return psycopg.connect(host=self.host, port=self.port, dbname=database, **options)

    def execute(self, statement, database="postgres", parameters=None):
        """Runs one statement as superuser and returns its rows."""
        with self.connect(database) as connection:
            cursor = connection.execute(statement, parameters)
            return cursor.fetchall() if cursor.description else []

    def add_role(self, name, password, options=""):
        self.execute(f"CREATE ROLE \"{name}\" LOGIN PASSWORD '{password}' {options}")

    def trust(self, name):
        """From now on that account needs no password."""
        (self.data / "pg_hba.conf").write_text(f"host all {name} 127.0.0.1/32 trust\n{RULES}")
        self.execute("SELECT pg_reload_conf()")

    def add_databases(self, names, owner=None):
        with self.connect() as connection:
            for name in names:
                ownership = f' OWNER "{owner}"' if owner else ""
                connection.execute(f'CREATE DATABASE "{name}"{ownership}')

    def sessions(self, condition="true"):
        """How many client sessions the server itself sees (ours not counted)."""
        return self.execute("SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'"
                            f" AND pid <> pg_backend_pid() AND ({condition})")[0][0]

    def _answers(self):
        assert self.program.running(), self.program.output()[-2000:]
        try:
            self.connect(connect_timeout=2).close()
            return True
        except psycopg.OperationalError:
            return False

    def _own(self, path):
        if os.geteuid() == 0:
            shutil.chown(path, "postgres", "postgres")


class PostgresServers:
    """Those of one test or module, to be removed together; each has the account that Weir uses."""

    def __init__(self, folder):
        self.folder, self.made = folder, []

    def start(self, databases=(), primary=None, **settings):
        server = PostgresServer(self.folder / f"postgres{len(self.made)}", primary, **settings).start()
        self.made.append(server)
        if primary:
            return server
        server.add_role("app", APP_PASSWORD)
        server.add_databases(databases, owner="app")
        return server

    def remove_all(self):
        for server in self.made:
            server.remove()
