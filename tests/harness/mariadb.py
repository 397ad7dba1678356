"""A MariaDB server of our own, and a Weir in front of it."""

import contextlib
import functools
import os
import shutil
import signal
import tempfile
from pathlib import Path

import pymysql

from .processes import Program, run
from .waiting import free_port, until
from .weir import Weir

APP_PASSWORD = "app-secret"
CLIENT_PASSWORD = "client-secret"
TENANTS = ["tenant_a", "tenant_b", "tenant_c"]
SETTINGS = """
[mariadbd]
bind-address = 127.0.0.1
skip-name-resolve
skip-log-bin
innodb-flush-log-at-trx-commit = 0
innodb-flush-method = nosync
innodb-doublewrite = 0
innodb-log-file-size = 16M
innodb-buffer-pool-size = 64M
innodb-buffer-pool-dump-at-shutdown = 0
innodb-buffer-pool-load-at-startup = 0
performance-schema = 0
loose-feedback = 0
character-set-server = utf8mb4
collation-server = utf8mb4_general_ci
max-allowed-packet = 64M
"""


@functools.cache
def _system_tables(folder):
    """A data folder with nothing but the system's own tables, made once a run and copied."""
    made = Path(tempfile.mkdtemp(prefix="mariadb-system-", dir=folder))
    _own(made)
    run(["mariadb-install-db", "--no-defaults", f"--datadir={made}/data", "--skip-test-db",
         "--auth-root-authentication-method=normal", "--skip-name-resolve",
         "--innodb-log-file-size=16M"], user="mysql", cwd="/")
    return made / "data"


def _own(path):
    if os.geteuid() == 0:
        shutil.chown(path, "mysql", "mysql")


class MariadbServer:
    """Account `app` for Weir's pools; the tests themselves are root on the unix socket.

    `folder`: a run's, which it makes its own in. `tls`: a certificate and a key, as harness.certificates.Authority signs them, for
    `mysql`. `settings`: of the server, with underscores.
    """

    def __init__(self, folder, tls=None, **settings):
        self.folder = Path(tempfile.mkdtemp(prefix="mariadb-", dir=folder))
        self.folder.chmod(0o755)
        _own(self.folder)
        self.port = free_port()
        self.socket = self.folder / "mysql.sock"
        self.program = None
        run(["cp", "-a", "--reflink=auto", _system_tables(folder), self.folder / "data"])
        lines = [SETTINGS, f"port = {self.port}", f"datadir = {self.folder}/data",
                 f"socket = {self.socket}", f"pid-file = {self.folder}/pid",
                 f"tmpdir = {self.folder}"]
        if tls:
            lines += [f"ssl-cert = {tls[0]}", f"ssl-key = {tls[1]}"]
        lines += [f"{key.replace('_', '-')} = {value}" for key, value in settings.items()]
        (self.folder / "my.cnf").write_text("\n".join(lines) + "\n")

    def start(self):
        self.program = Program(["mariadbd", f"--defaults-file={self.folder}/my.cnf"],
                               self.folder / "server.log", user="mysql", cwd="/")
        until(self._answers, lambda: f"MariaDB up:\n{self.program.output()[-3000:]}", timeout=60)
        return self

    def stop(self, fast=True):
        """`fast` ends sessions in good order; otherwise they are cut off, as in a crash."""
        if self.program:
            self.program.stop(signal.SIGTERM if fast else signal.SIGKILL)
            self.program = None

    def remove(self):
        self.stop(fast=False)
        shutil.rmtree(self.folder, ignore_errors=True)

    def connect(self, database=None, **options):
        """As root by the unix socket, past Weir; or as `user` by TCP."""
        options.setdefault("autocommit", True)
        options.setdefault("read_timeout", 30)
        if "user" in options:
            return pymysql.connect(host="127.0.0.1", port=self.port, database=database, **options)
        return pymysql.connect(unix_socket=str(self.socket), user="root", database=database,
                               **options)

    def execute(self, statement, database=None, parameters=None):
        """Runs one statement as root and returns its rows."""
        with self.connect(database) as connection, connection.cursor() as cursor:
            cursor.execute(statement, parameters)
            return cursor.fetchall()

    def add_user(self, name, password, options="", rights="ALL PRIVILEGES ON `tenant\\_%`.*"):
        """`options`: what follows the password, such as REQUIRE SSL."""
        self.execute(f"CREATE USER '{name}'@'%' IDENTIFIED BY '{password}' {options}")
        if rights:
            self.execute(f"GRANT {rights} TO '{name}'@'%'")

    def add_databases(self, names):
        """Each has a table `notes`."""
        for name in names:
            self.execute(f"CREATE DATABASE `{name}`")
            self.execute("CREATE TABLE notes (id INT AUTO_INCREMENT PRIMARY KEY, words TEXT)", name)

    def sessions(self, condition="TRUE"):
        """What the server itself says of Weir's connections: [{ID, USER, DB, COMMAND, …}]."""
        with self.connect(cursorclass=pymysql.cursors.DictCursor) as connection:
            with connection.cursor() as cursor:
                cursor.execute("SELECT * FROM information_schema.processlist"
                               f" WHERE user NOT IN ('root', 'system user') AND ({condition})")
                return cursor.fetchall()

    def _answers(self):
        assert self.program.running(), self.program.output()[-3000:]
        with contextlib.suppress(pymysql.OperationalError):
            self.connect().close()
            return True
        return False


class MariadbServers:
    """Those of one test or module, to be removed together; each has the account that Weir uses."""

    def __init__(self, folder):
        self.folder, self.made = Path(folder), []

    def start(self, databases=("tenant_a", "tenant_b", "tenant_c"), tls=None, **settings):
        server = MariadbServer(self.folder, tls, **settings)
        self.made.append(server)
        server.start()
        server.add_user("app", APP_PASSWORD)
        server.add_databases(databases)
        return server

    def remove_all(self):
        for server in self.made:
            server.remove()


class MysqlWeir(Weir):
    """`pool`: tables, of which each needs what differs from a pool for every tenant.

    Listeners: `mysql` and `trusted` (any name, no password) by TCP, `unix` on `socket`.
    """

    def __init__(self, folder, server, *, pool=None, listen=None, user=None, upstream=None, **settings):
        super().__init__(folder, server, **settings)
        self.ports = {"mysql": free_port(), "trusted": free_port()}
        self.socket = self.folder / "weir.sock"
        self.settings["listen"] = [
            {"name": name, "engine": "mysql", "address": address, **extra,
             **{key: value for key, value in (listen or {}).items()
                if not (key == "tls" and name == "unix")}}
            for name, address, extra in (
                ("mysql", f"127.0.0.1:{self.ports['mysql']}", {}),
                ("trusted", f"127.0.0.1:{self.ports['trusted']}", {"auth": "trust"}),
                ("unix", f"unix:{self.socket}", {}))]
        self.settings["upstream"] = [
            {"name": "main", "engine": "mysql", "address": f"127.0.0.1:{server.port}",
             "max_connections": 40, "tls": {"mode": "disable"}, **(upstream or {})}]
        self.settings["pool"] = [
            {"upstream": "main", "user": "app", "password": APP_PASSWORD, **table}
            for table in (pool or [{"name": "tenants", "match": "tenant_{tenant}"}])]
        self.settings["user"] = user or [{"name": "app", "password": CLIENT_PASSWORD}]

    def mysql(self, database="tenant_a", user="app", password=CLIENT_PASSWORD, listener="mysql",
              **options):
        """A PyMySQL connection in autocommit."""
        options.setdefault("autocommit", True)
        options.setdefault("connect_timeout", 20)
        options.setdefault("read_timeout", 30)
        if listener == "unix":
            options["unix_socket"] = str(self.socket)
        else:
            options.update(host="127.0.0.1", port=self.ports[listener])
        return pymysql.connect(user=user, password=password, database=database, **options)


class MysqlWeirs:
    """Those of one test or module; each is asserted to have ended well."""

    def __init__(self, folder):
        self.folder, self.made = Path(tempfile.mkdtemp(prefix="weir-", dir=folder)), []

    def start(self, server, ready=True, **settings):
        weir = MysqlWeir(self.folder / str(len(self.made)), server, **settings)
        self.made.append(weir)
        return weir.start(ready)

    def stop_all(self):
        for weir in self.made:
            weir.stop()
