"""Connecting to MySQL servers: what is asked of them, who may not, how many, and what kills."""

import socket
import threading

import pymysql
import pytest

from faults.proxy import FaultProxy
from harness import toml
from harness.mariadb import APP_PASSWORD
from harness.processes import Program
from harness.waiting import free_port, until
from harness.weir import binary, clean_environment

pytestmark = pytest.mark.sanitized

BRIEF = {"name": "tenants", "match": "tenant_{tenant}", "acquire_timeout": "3s"}
PATIENT = {"failures": 10000, "open_for": "1s", "max_open_for": "1s"}


def value(connection, statement):
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchone()[0]


def refusal(weir, **parameters):
    with pytest.raises(pymysql.MySQLError) as caught:
        with weir.mysql(**parameters) as connection:
            value(connection, "SELECT 1")
    return caught.value.args


def create_failures(weir):
    found = weir.metrics().series("weir_connection_create_failures_total")
    return {dict(labels)["reason"]: number for labels, number in found.items() if number}


def test_connection_is_the_agents_own(start_mysql_weir, mariadb):
    weir = start_mysql_weir(mariadb)
    with weir.mysql("tenant_b") as connection:
        assert value(connection, "SELECT DATABASE()") == "tenant_b"
        identity = value(connection, "SELECT CONNECTION_ID()")
        assert identity == connection.thread_id(), "the client's own, as it was greeted with"
        sessions = mariadb.sessions("user = 'app'")
        assert [session["DB"] for session in sessions] == ["tenant_b"]
        assert sessions[0]["ID"] != identity


def test_unix_socket_of_a_server_serves(start_mysql_weir, mariadb):
    weir = start_mysql_weir(mariadb, upstream={"address": f"unix:{mariadb.socket}"})
    with weir.mysql() as connection:
        assert value(connection, "SELECT 1") == 1
        assert [session["HOST"] for session in mariadb.sessions("user = 'app'")] == ["localhost"]


def test_name_is_resolved(start_mysql_weir, mariadb):
    weir = start_mysql_weir(mariadb, upstream={"address": f"localhost:{mariadb.port}"})
    with weir.mysql() as connection:
        assert value(connection, "SELECT 1") == 1
    weir = start_mysql_weir(mariadb, pool=[BRIEF],
                            upstream={"address": f"no-such-host.invalid:{mariadb.port}", "breaker": PATIENT})
    assert "no-such-host.invalid" in refusal(weir)[1]
    assert set(create_failures(weir)) == {"dns"}


@pytest.mark.parametrize("pool, words, reason", [
    ({"user": "app", "password": "wrong"}, "Access denied for user 'app'", "auth"),
    ({"user": "nobody", "password": "x"}, "Access denied for user 'nobody'", "auth"),
    ({"database": "mysql"}, "Access denied for user 'app'", "auth"),
    ({"database": "tenant_nowhere"}, "Unknown database 'tenant_nowhere'", "database"),
], ids=["password", "account", "rights", "database"])
def test_refusal_by_the_server_belongs_to_the_pool(start_mysql_weir, mariadb, pool, words, reason):
    weir = start_mysql_weir(mariadb, pool=[{**BRIEF, **pool}, {"name": "other", "match": "other", "database": "tenant_a"}])
    assert words in refusal(weir)[1]
    assert set(create_failures(weir)) == {reason}
    assert weir.value("weir_upstream_breaker_state", state="open") == 0
    with weir.mysql("other") as connection:
        assert value(connection, "SELECT 1") == 1
    assert APP_PASSWORD not in weir.log()


def test_closed_port_opens_the_breaker(start_mysql_weir):
    class Nobody:
        port = free_port()
    weir = start_mysql_weir(Nobody, pool=[BRIEF], upstream={
        "breaker": {"failures": 2, "open_for": "30s", "max_open_for": "30s"}})
    refusal(weir)
    until(lambda: weir.value("weir_upstream_breaker_state", state="open") == 1, lambda: weir.log())
    number, message = refusal(weir)
    assert number == 1158 and "unreachable" in message
    assert set(create_failures(weir)) == {"refused"}


def test_silent_server_is_given_up_in_time_and_what_is_none_is_told(start_mysql_weir):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        class Silent:
            port = listener.getsockname()[1]
        weir = start_mysql_weir(Silent, pool=[BRIEF], upstream={"connect_timeout": "300ms", "breaker": PATIENT})
        assert "took the connection but did not answer" in refusal(weir)[1]
        assert set(create_failures(weir)) == {"timeout"}


def test_greeting_may_come_byte_by_byte(start_mysql_weir, mariadb):
    with FaultProxy(mariadb.port) as proxy:
        proxy.piece["down"] = 1
        weir = start_mysql_weir(proxy, upstream={"tls": {"mode": "disable"}})
        with weir.mysql() as connection, connection.cursor() as cursor:
            cursor.execute("SELECT 1 AS one, 'x' AS two")
            assert cursor.fetchall() == ((1, "x"),)
            assert [column[0] for column in cursor.description] == ["one", "two"]


def test_server_that_is_full_shrinks_the_budget_and_nobody_else_is_refused(start_mysql_weir, start_mariadb):
    server = start_mariadb(["tenant_a"], max_connections=10)
    weir = start_mysql_weir(server, upstream={"max_connections": 40},
                            pool=[{"name": "tenants", "match": "tenant_{tenant}", "acquire_timeout": "30s"}])
    done = []

    def work():
        with weir.mysql() as connection:
            for _ in range(5):
                done.append(value(connection, "SELECT SLEEP(0.02)"))
    threads = [threading.Thread(target=work) for _ in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(done) == 200
    assert create_failures(weir).get("too_many", 0) > 0
    assert weir.value("weir_upstream_breaker_state", state="open") == 0


def test_account_at_its_own_limit_is_too_many(start_mysql_weir, start_mariadb):
    server = start_mariadb(["tenant_a"])
    server.execute("ALTER USER app@'%' WITH MAX_USER_CONNECTIONS 2")
    weir = start_mysql_weir(server, pool=[{"name": "tenants", "match": "tenant_{tenant}", "acquire_timeout": "30s"}])
    with weir.mysql() as one, weir.mysql() as two, weir.mysql() as three:
        for connection in (one, two):
            connection.begin()
            value(connection, "SELECT 1")
        waiter = threading.Thread(target=lambda: value(three, "SELECT 1"))
        waiter.start()
        until(lambda: create_failures(weir).get("too_many"), lambda: weir.log())
        one.commit()
        waiter.join()


def test_killing_takes_a_connection_of_the_budget(start_mysql_weir, start_mariadb):
    """With none to spare the killed one's own goes, so that the server never sees more than it may."""
    server = start_mariadb(["tenant_a"])
    weir = start_mysql_weir(server, upstream={"max_connections": 3},
                            pool=[{"name": "tenants", "match": "tenant_{tenant}", "query_timeout": "500ms"}])
    most, watching = [0], threading.Event()

    def watch():
        with server.connect() as root, root.cursor() as cursor:
            while not watching.is_set():
                cursor.execute("SELECT COUNT(*) FROM information_schema.processlist WHERE user = 'app'")
                most[0] = max(most[0], cursor.fetchone()[0])
    watcher = threading.Thread(target=watch)
    watcher.start()
    outcomes = []

    def sleep_long():
        with weir.mysql() as connection:
            try:
                outcomes.append(value(connection, "SELECT SLEEP(4)"))
            except pymysql.MySQLError as error:
                outcomes.append(error.args[0])
    threads = [threading.Thread(target=sleep_long) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with weir.mysql() as connection:
        until(lambda: value(connection, "SELECT 1") == 1, "it serves on", timeout=20)
    watching.set()
    watcher.join()
    assert len(outcomes) == 3 and most[0] <= 3, (outcomes, most)


def test_killed_query_leaves_its_connection_where_there_is_room(start_mysql_weir, mariadb):
    weir = start_mysql_weir(mariadb, pool=[{"name": "tenants", "match": "tenant_{tenant}",
                                            "query_timeout": "300ms"}])
    with weir.mysql() as connection:
        value(connection, "SELECT 1")
        before = {session["ID"] for session in mariadb.sessions("user = 'app'")}
        with pytest.raises(pymysql.MySQLError):
            value(connection, "SELECT SLEEP(20) FROM notes UNION SELECT SLEEP(20)")
    until(lambda: not mariadb.sessions("user = 'app' AND command = 'Query'"), "nothing runs on")
    with weir.mysql() as connection:
        assert value(connection, "SELECT 1") == 1
        after = {session["ID"] for session in mariadb.sessions("user = 'app'")}
    assert before & after or weir.value("weir_connections_reaped_total") >= 1


def test_check_dials_mysql_upstreams(start_mysql_weir, mariadb, tmp_path):
    weir = start_mysql_weir(mariadb)
    done = weir.command("check", "--config", weir.config, "--connect")
    assert "pool tenants: no database as app" in done.stdout and "not yet" not in done.stdout + done.stderr
    wrong = {**weir.settings, "pool": [{**weir.settings["pool"][0], "password": "wrong"}]}
    path = tmp_path / "wrong.toml"
    path.write_text(toml.written(wrong))
    done = weir.command("check", "--config", path, "--connect", check=False)
    assert done.returncode == 1 and "auth: Access denied for user 'app'" in done.stderr
    assert "wrong" not in done.stderr.replace("wrong.toml", "")


def test_serve_needs_no_file_but_a_url(mariadb, folder):
    listen, admin = free_port(), free_port()
    program = Program([binary(), "serve", f"mysql://app:{APP_PASSWORD}@127.0.0.1:{mariadb.port}/"],
                      folder / "mysql-url.log", environment={
                          **clean_environment(), "WEIR_ADMIN_LISTEN": f"127.0.0.1:{admin}",
                          "WEIR_ADMIN_TOKEN": "url-token", "WEIR_LISTEN_MYSQL_ADDRESS": f"127.0.0.1:{listen}"})

    def connect(database):
        return pymysql.connect(host="127.0.0.1", port=listen, user="app", password=APP_PASSWORD,
                               database=database, connect_timeout=5)
    try:
        def answers():
            assert program.running(), program.output()
            try:
                return connect("tenant_b")
            except pymysql.OperationalError as error:
                assert error.args[0] == 2003, error
                return None
        with until(answers, lambda: program.output()) as connection:
            assert value(connection, "SELECT DATABASE()") == "tenant_b"
        with connect(None) as connection:
            assert value(connection, "SELECT DATABASE()") is None
    finally:
        program.stop()
    assert APP_PASSWORD not in program.output()


def test_reload_moves_the_upstream(start_mysql_weir, start_mariadb):
    first, second = start_mariadb(["tenant_a"]), start_mariadb(["tenant_a"])
    for number, server in enumerate((first, second)):
        server.execute(f"INSERT INTO notes (words) VALUES ('server {number}')", "tenant_a")
    weir = start_mysql_weir(first)
    with weir.mysql() as connection:
        assert value(connection, "SELECT words FROM notes") == "server 0"
        weir.settings["upstream"][0]["address"] = f"127.0.0.1:{second.port}"
        weir.configure()
        weir.command("reload")
        until(lambda: value(connection, "SELECT words FROM notes") == "server 1", "the new one serves")
        until(lambda: not first.sessions("user = 'app'"), "the old one is left")
