"""The drivers that MySQL applications use, unchanged: each logs in, with and without TLS, and works."""

import os
from pathlib import Path

import MySQLdb
import pymysql
import pytest

from harness.encrypted import listener_tls
from harness.mariadb import CLIENT_PASSWORD
from harness.processes import run
from harness.scram import verifier

DRIVERS = Path(__file__).parent / "drivers"


@pytest.fixture(scope="module")
def weir(start_module_mysql_weir, mariadb, pair):
    return start_module_mysql_weir(
        mariadb, listen=listener_tls(pair, "allow"),
        user=[{"name": "app", "password": CLIENT_PASSWORD},
              {"name": "proven", "scram": verifier(CLIENT_PASSWORD)}])


@pytest.fixture(params=["plain", "encrypted"])
def words(request, weir, authority):
    """What every program is given: port, database, user, password and, for TLS, an authority."""
    given = [weir.ports["mysql"], "tenant_a", "app", CLIENT_PASSWORD]
    return given if request.param == "plain" else [*given, authority.crt]


def client_options(weir, authority, encrypted):
    options = {"host": "127.0.0.1", "port": weir.ports["mysql"], "database": "tenant_b"}
    return {**options, "ssl": {"ca": str(authority.crt)}} if encrypted else options


@pytest.mark.parametrize("encrypted", [False, True])
def test_pymysql(weir, authority, encrypted):
    options = client_options(weir, authority, encrypted)
    for _ in range(20):
        with pymysql.connect(user="app", password=CLIENT_PASSWORD, **options) as connection:
            with connection.cursor() as cursor:
                cursor.execute("SELECT DATABASE(), %s, %s", ["häßlich ☃", 41])
                assert cursor.fetchone() == ("tenant_b", "häßlich ☃", 41)
    with pytest.raises(pymysql.OperationalError, match="1045"):
        pymysql.connect(user="app", password="wrong", **options)
    with pymysql.connect(user="proven", password=CLIENT_PASSWORD, **options) as connection:
        connection.ping()


@pytest.mark.parametrize("encrypted", [False, True])
def test_mysqlclient(weir, authority, encrypted):
    options = client_options(weir, authority, encrypted)
    for _ in range(20):
        connection = MySQLdb.connect(user="app", passwd=CLIENT_PASSWORD, charset="utf8mb4", **options)
        cursor = connection.cursor()
        cursor.execute("SELECT DATABASE(), %s", ["häßlich ☃"])
        assert cursor.fetchone() == ("tenant_b", "häßlich ☃")
        connection.close()
    for wrong, number in (({"user": "app", "passwd": "wrong"}, 1045),
                          ({"user": "nobody", "passwd": CLIENT_PASSWORD}, 1045)):
        with pytest.raises(MySQLdb.OperationalError) as caught:
            MySQLdb.connect(**wrong, **options)
        assert caught.value.args[0] == number
    MySQLdb.connect(user="proven", passwd=CLIENT_PASSWORD, **options).close()


def test_mysql2(words):
    done = run(["node", DRIVERS / "mysql_login.js", *words],
               env={**os.environ, "NODE_PATH": str(DRIVERS.parent / "node_modules")})
    assert done.stdout == "mysql2 done\n"


def test_php(words):
    assert run(["php", DRIVERS / "mysql_login.php", *words]).stdout == "php done\n"


def test_jdbc(words, folder):
    library = "/usr/share/java/mariadb-java-client.jar"
    run(["javac", "-cp", library, "-d", folder / "mysql-jdbc", DRIVERS / "MysqlLogin.java"])
    done = run(["java", "-XX:TieredStopAtLevel=1", "-cp", f"{library}:{folder / 'mysql-jdbc'}",
                "MysqlLogin", *words])
    assert done.stdout == "jdbc done\n"


def test_mariadb_cli(words):
    port, database, user, password, *authority = words
    tls = ["--ssl", f"--ssl-ca={authority[0]}", "--ssl-verify-server-cert"] if authority else ["--skip-ssl"]
    done = run(["mariadb", "--no-defaults", "--host=127.0.0.1", f"--port={port}", f"--user={user}",
                "--batch", "--skip-column-names", *tls, database, "-e",
                "BEGIN; INSERT INTO notes (words) VALUES ('cli'); ROLLBACK; SELECT DATABASE(); SELECT 2"],
               env={**os.environ, "MYSQL_PWD": password})
    assert done.stdout.split() == [database, "2"]
    done = run(["mariadb", "--no-defaults", "--host=127.0.0.1", f"--port={port}", f"--user={user}", *tls,
                database], env={**os.environ, "MYSQL_PWD": "wrong"}, check=False)
    assert done.returncode == 1 and "ERROR 1045 (28000): Access denied" in done.stderr
