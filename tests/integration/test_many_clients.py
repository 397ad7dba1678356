"""The same program, written for a driver or a framework, run against the server itself and through three
shared connections by 30 clients at a time: each client must see the same, to the letter."""

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from harness.postgres import APP_PASSWORD
from harness.processes import run

pytestmark = pytest.mark.long

DRIVERS = Path(__file__).parent / "drivers"
DATABASE = "tenant_b"
CONNECTIONS = 3
CLIENTS = 30


@pytest.fixture(scope="module")
def weir(start_module_weir, postgres):
    return start_module_weir(postgres, pool=[{"name": "tenants", "match": "tenant_{tenant}",
                                              "max_size": CONNECTIONS, "acquire_timeout": "60s"}])


@pytest.fixture
def same_both_ways(weir, postgres):
    """same_both_ways(program): what it printed, after it printed the same with and without the pooler."""
    def compare(program):
        direct = program([postgres.port, DATABASE, "app", APP_PASSWORD])
        before = weir.metrics()
        pooled = program([weir.ports["postgresql"], DATABASE, "app", APP_PASSWORD])
        assert direct.count("\n") > CLIENTS, direct
        assert pooled.splitlines() == direct.splitlines()
        moved = weir.since(before)
        assert weir.value("weir_pool_connections", pool="tenants") <= CONNECTIONS
        assert moved.value("weir_transactions_total", pool="tenants") > CLIENTS
        return moved
    return compare


def python(script, *words):
    return lambda address: run([sys.executable, "-B", DRIVERS / script, *words, *address]).stdout


def pins(moved):
    """The reasons for which a connection was kept for one client."""
    reasons = moved.after.label_values("weir_pins_total", "reason")
    return [word for word in reasons if moved.value("weir_pins_total", pool="tenants", reason=word)]


def test_psycopg(same_both_ways):
    assert pins(same_both_ways(python("psycopg_many.py"))) == []


def test_asyncpg(same_both_ways):
    assert pins(same_both_ways(python("asyncpg_many.py"))) == []


@pytest.mark.parametrize("dialect", ["psycopg2", "asyncpg"])
def test_sqlalchemy(same_both_ways, dialect):
    assert pins(same_both_ways(python("sqlalchemy_many.py", dialect))) == []


def test_django(same_both_ways):
    assert pins(same_both_ways(python("django_many.py"))) == ["cursor"], "its iterators outlive transactions"


def test_ruby(same_both_ways):
    moved = same_both_ways(lambda address: run(["ruby", DRIVERS / "many.rb", *address]).stdout)
    assert pins(moved) == ["setting"], "set_config(…, false)"


def test_jdbc(same_both_ways, folder):
    library = "/usr/share/java/postgresql.jar"
    run(["javac", "-cp", library, "-d", folder / "jdbc", DRIVERS / "JdbcMany.java"])
    assert pins(same_both_ways(lambda address: run(
        ["java", "-XX:TieredStopAtLevel=1", "-cp", f"{library}:{folder / 'jdbc'}", "JdbcMany", *address]).stdout)) == []


def test_php_pdo(same_both_ways):
    def program(address):
        def request(number):
            return run(["php", DRIVERS / "pdo_many.php", *address, number]).stdout
        with ThreadPoolExecutor(CLIENTS) as requests:
            return "".join(f"{number}:\n{said}" for number, said in enumerate(requests.map(request, range(CLIENTS))))
    assert pins(same_both_ways(program)) == []
