"""The same program, written for a driver of MySQL, run against the server itself and through three shared
connections by 30 clients at a time: each client must see the same, to the letter."""

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from harness.mariadb import APP_PASSWORD
from harness.processes import run

DRIVERS = Path(__file__).parent / "drivers"
DATABASE = "tenant_b"
CONNECTIONS = 3
CLIENTS = 30

pytestmark = [pytest.mark.timeout(300), pytest.mark.long]


@pytest.fixture(scope="module")
def server(mariadb):
    """With procedures of several results and with one that gives a value back."""
    mariadb.execute("CREATE OR REPLACE PROCEDURE several(n INT) SQL SECURITY INVOKER BEGIN SELECT n AS given;"
                    " SELECT n + 1, 'two'; DO 0; SELECT NULL FROM DUAL WHERE FALSE; END", DATABASE)
    mariadb.execute("CREATE OR REPLACE PROCEDURE doubled(n INT, OUT twice INT) SQL SECURITY INVOKER"
                    " SET twice = 2 * n", DATABASE)
    yield mariadb
    for name in ("several", "doubled"):
        mariadb.execute(f"DROP PROCEDURE {name}", DATABASE)


@pytest.fixture(scope="module")
def weir(start_module_mysql_weir, server):
    # Who keeps a connection for its own state makes the others wait: all of them come in turn.
    return start_module_mysql_weir(server, user=[{"name": "app", "password": APP_PASSWORD}],
                                   pool=[{"name": "tenants", "match": "tenant_{tenant}", "max_size": CONNECTIONS,
                                          "acquire_timeout": "120s"}])


@pytest.fixture
def same_both_ways(weir, server):
    """same_both_ways(program): the reasons for which it kept connections, after it printed the same with and
    without the pooler."""
    def compare(program):
        direct = program([server.port, DATABASE, "app", APP_PASSWORD])
        before = weir.metrics()
        pooled = program([weir.ports["mysql"], DATABASE, "app", APP_PASSWORD])
        assert direct.count("\n") > CLIENTS, direct
        assert pooled.splitlines() == direct.splitlines()
        moved = weir.since(before)
        assert weir.value("weir_pool_connections", pool="tenants") <= CONNECTIONS * 2, "one set a tenant"
        assert moved.value("weir_transactions_total", pool="tenants") > CLIENTS
        assert moved.value("weir_protocol_desync_total") == 0
        reasons = moved.after.label_values("weir_pins_total", "reason")
        return {word for word in reasons if moved.value("weir_pins_total", pool="tenants", reason=word)}
    return compare


def each_client(command, **options):
    """A process a client, all at the same time; what they printed, in their order."""
    def program(address):
        with ThreadPoolExecutor(CLIENTS) as processes:
            outputs = processes.map(lambda number: run(command(address, number), timeout=250, **options).stdout,
                                    range(CLIENTS))
            return "".join(f"{number}:\n{said}" for number, said in enumerate(outputs))
    return program


@pytest.mark.parametrize("driver", ["pymysql", "MySQLdb"])
def test_python(same_both_ways, driver):
    def program(address):
        return run([sys.executable, "-B", DRIVERS / "mysql_dbapi_many.py", driver, *address], timeout=250).stdout
    assert same_both_ways(program) == {"user_variable"}, "callproc() hands its parameters over in them"


def test_mysql2(same_both_ways):
    def program(address):
        return run(["node", DRIVERS / "mysql2_many.js", *address], timeout=250,
                   env={**os.environ, "NODE_PATH": str(DRIVERS.parent / "node_modules")}).stdout
    assert same_both_ways(program) == set()


@pytest.mark.parametrize("prepares", ["emulated", "real"])
def test_php_pdo(same_both_ways, prepares):
    assert same_both_ways(each_client(lambda address, number: [
        "php", DRIVERS / "mysql_pdo_many.php", *address, number, prepares])) == set()


def test_php_mysqli(same_both_ways):
    assert same_both_ways(each_client(lambda address, number: [
        "php", DRIVERS / "mysqli_many.php", *address, number])) == {"cursor"}


@pytest.mark.parametrize("options", ["useServerPrepStmts=true&allowMultiQueries=true",
                                     "useServerPrepStmts=false&allowMultiQueries=true&useBatchMultiSend=true",
                                     "useServerPrepStmts=false&allowMultiQueries=true&rewriteBatchedStatements=true"],
                         ids=["server prepares", "sends ahead", "rewritten batches"])
def test_jdbc(same_both_ways, folder, options):
    library = "/usr/share/java/mariadb-java-client.jar"
    run(["javac", "-encoding", "UTF-8", "-cp", library, "-d", folder / "mariadb-jdbc", DRIVERS / "MariadbMany.java"])

    def program(address):
        return run(["java", "-Dfile.encoding=UTF-8", "-XX:TieredStopAtLevel=1", "-cp",
                    f"{library}:{folder / 'mariadb-jdbc'}", "MariadbMany", *address, options], timeout=250).stdout
    assert same_both_ways(program) <= {"user_variable"}


def test_mariadb_client(same_both_ways, folder):
    data, script = folder / "mariadb-client.txt", (DRIVERS / "mariadb_many.sql").read_text()
    data.write_text("".join(f"line {number}\n" for number in range(2000)))

    def command(address, number):
        port, database, user, password = address
        filled = folder / f"mariadb-client-{number}.sql"
        filled.write_text(script.replace("NUMBER", str(number)).replace("PATH", str(data)))
        return ["sh", "-c", 'exec "$@" 2>&1', "sh", "mariadb", "--no-defaults", "--unbuffered",
                "-h", "127.0.0.1", "-P", port, "-u", user, f"-p{password}", "--force", "--show-warnings", "--local-infile=1",
                "--default-character-set=utf8mb4", "-vv", "-t", database, "-e", f"source {filled}"]
    assert same_both_ways(each_client(command)) == {"other"}, "a compound statement may leave anything"
