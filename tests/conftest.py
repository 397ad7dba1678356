"""Servers and daemons for the tests: one PostgreSQL a run, a Weir a module or a test."""

import shutil
import tempfile
from pathlib import Path

import pytest

from harness import pgbench
from harness.certificates import Authority
from harness.encrypted import listener_tls
from harness.incidents import Watch
from harness.mariadb import TENANTS as MYSQL_TENANTS
from harness.mariadb import MariadbServers, MysqlWeirs
from harness.postgres import PostgresServers
from harness.redis import RedisServer, RedisWeirs
from harness.processes import temporary_folder
from harness.weir import Weirs, sanitized

TENANTS = ["tenant_a", "tenant_b", "tenant_c"]


def pytest_addoption(parser):
    parser.addoption("--full", action="store_true", help="soaks and the sizes that take minutes")


def pytest_collection_modifyitems(items):
    """Modules that take long begin first, so that in the end none is waited for alone."""
    items.sort(key=lambda item: item.get_closest_marker("long") is None)


@pytest.fixture(scope="session")
def full(request):
    return request.config.getoption("--full")


@pytest.fixture(scope="session")
def size(full):
    """size(quick, full): how much of it this run asks for; a sanitized daemon gets a quarter."""
    def chosen(quick, whole):
        return whole if full else max(1, quick // 4) if sanitized() else quick
    return chosen


@pytest.fixture(scope="session")
def folder():
    """Everything that a run writes; readable to the account that the servers run as."""
    path = temporary_folder("weir-tests-")
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres(folder):
    """The server that most tests share: three tenants, pgbench's tables in the first."""
    servers = PostgresServers(folder / "shared")
    server = servers.start(TENANTS, max_connections=200)
    for name in TENANTS:
        server.execute("CREATE TABLE notes (id serial PRIMARY KEY, words text);"
                       "ALTER TABLE notes OWNER TO app", name)
    pgbench.prepare(server.port, "tenant_a")
    server.execute("GRANT ALL ON ALL TABLES IN SCHEMA public TO app", "tenant_a")
    yield server
    servers.remove_all()


@pytest.fixture
def start_postgres(folder, request):
    """start_postgres(databases, max_connections=…): a server of the test's own."""
    servers = PostgresServers(Path(tempfile.mkdtemp(prefix="own-", dir=folder)))
    servers.folder.chmod(0o755)
    yield servers.start
    servers.remove_all()


@pytest.fixture(scope="module")
def start_module_postgres(folder):
    servers = PostgresServers(Path(tempfile.mkdtemp(prefix="own-", dir=folder)))
    servers.folder.chmod(0o755)
    yield servers.start
    servers.remove_all()


@pytest.fixture
def start_weir(folder):
    """start_weir(postgres, pool=[…], …): a daemon of the test's own, stopped and checked after it."""
    weirs = Weirs(folder)
    yield weirs.start
    weirs.stop_all()


@pytest.fixture(scope="module")
def start_module_weir(folder):
    weirs = Weirs(folder)
    yield weirs.start
    weirs.stop_all()


@pytest.fixture(scope="module")
def weir(start_module_weir, postgres):
    """The daemon that the tests of a module share; a module with other wishes defines its own."""
    return start_module_weir(postgres)


@pytest.fixture(scope="module")
def authority(folder, request):
    """One that signs certificates, trusted by nobody but who is told to."""
    return Authority(folder / f"authority-of-{request.module.__name__}")


@pytest.fixture(scope="module")
def pair(authority):
    """The certificate and the key of listeners."""
    return authority.sign("weir")


@pytest.fixture(scope="module")
def allow(start_module_weir, postgres, pair):
    return start_module_weir(postgres, listen=listener_tls(pair, "allow"))


@pytest.fixture(scope="module")
def require(start_module_weir, postgres, pair):
    return start_module_weir(postgres, listen=listener_tls(pair, "require"))


@pytest.fixture(scope="module")
def verify(start_module_weir, postgres, pair, authority):
    return start_module_weir(postgres, listen=listener_tls(pair, "verify", ca=authority.crt))


@pytest.fixture(scope="session")
def redis_server(folder):
    """The Redis that most tests of it share."""
    server = RedisServer(folder / "redis").start()
    yield server
    server.remove()


@pytest.fixture
def start_redis(folder):
    """start_redis(maxclients=…): a server of the test's own."""
    made = []

    def start(**settings):
        made.append(RedisServer(Path(tempfile.mkdtemp(prefix="redis-", dir=folder)), **settings))
        return made[-1].start()
    yield start
    for server in made:
        server.remove()


@pytest.fixture
def start_redis_weir(folder):
    """start_redis_weir(server, pool=[…], …), stopped and checked after the test."""
    weirs = RedisWeirs(tempfile.mkdtemp(prefix="weir-", dir=folder))
    yield weirs.start
    weirs.stop_all()


@pytest.fixture(scope="session")
def mariadb(folder):
    """The MariaDB that most tests of it share: three tenants with a table `notes` each."""
    servers = MariadbServers(folder)
    yield servers.start(MYSQL_TENANTS, max_connections=200)
    servers.remove_all()


@pytest.fixture
def start_mariadb(folder):
    """start_mariadb(databases, tls=(certificate, key), max_connections=…): a test's own."""
    servers = MariadbServers(folder)
    yield servers.start
    servers.remove_all()


@pytest.fixture(scope="module")
def start_module_mariadb(folder):
    servers = MariadbServers(folder)
    yield servers.start
    servers.remove_all()


@pytest.fixture
def start_mysql_weir(folder):
    """start_mysql_weir(mariadb, pool=[…], …), stopped and checked after the test."""
    weirs = MysqlWeirs(folder)
    yield weirs.start
    weirs.stop_all()


@pytest.fixture(scope="module")
def start_module_mysql_weir(folder):
    weirs = MysqlWeirs(folder)
    yield weirs.start
    weirs.stop_all()


@pytest.fixture(scope="module")
def mysql_weir(start_module_mysql_weir, mariadb):
    """The daemon that the tests of a module share; a module with other wishes defines its own."""
    return start_module_mysql_weir(mariadb)


@pytest.fixture
def scalar():
    """scalar(connection, statement): the one value that it gives."""
    def value(connection, statement, parameters=None):
        return connection.execute(statement, parameters).fetchone()[0]
    return value


@pytest.fixture
def watch(folder):
    """watch(weir): Prometheus and Alertmanager for it, stopped after the test."""
    started = []

    def start(weir):
        started.append(Watch(Path(tempfile.mkdtemp(prefix="watch-", dir=folder)), weir))
        started[-1].start()
        return started[-1]
    yield start
    for one in started:
        one.stop()
