"""How MySQL sessions end: limits, leaks, lost servers, drains, moves to other pools."""

import os
import signal
import threading
import time

import pymysql
import pytest

from harness import mysql_raw
from harness.mysql_raw import RawMysql
from harness.waiting import stays, until
from test_mysql import POOL, ask, counts, raw, settled

pytestmark = pytest.mark.sanitized

GONE = (pymysql.Error, mysql_raw.ServerError, mysql_raw.Ended, ConnectionError)


@pytest.fixture
def server(mariadb):
    mariadb.execute("TRUNCATE notes", "tenant_a")
    mariadb.execute("TRUNCATE notes", "tenant_b")
    return mariadb


def closed(weir, reason):
    return weir.metrics().value("weir_client_connections_closed_total", reason=reason)


# -- limits


def test_a_query_over_its_time_is_ended_and_its_client_told(server, start_mysql_weir):
    weir = start_mysql_weir(server, pool=[{**POOL, "max_size": 1, "query_timeout": "500ms"}])
    with raw(weir) as client:
        client.command(mysql_raw.QUERY, b"SELECT SLEEP(30)")
        with pytest.raises(mysql_raw.ServerError) as told:
            client.reply()
        assert told.value.number == 1317 and "query_timeout" in told.value.message
    until(lambda: not server.sessions("info LIKE '%SLEEP(30)%'"), "the server has ended it")
    assert raw(weir).value("SELECT 1") == "1"
    settled(weir)


@pytest.mark.parametrize("setting", ["idle_in_transaction_timeout", "transaction_timeout"])
def test_a_transaction_over_its_time_is_rolled_back(server, start_mysql_weir, setting):
    weir = start_mysql_weir(server, pool=[{**POOL, "max_size": 1, setting: "500ms"}])
    client = raw(weir)
    client.query("BEGIN")
    client.query("INSERT INTO notes (words) VALUES ('late')")
    other = raw(weir)
    assert other.value("SELECT COUNT(*) FROM notes") == "0"
    with pytest.raises(GONE):
        client.query("SELECT 1")
    assert closed(weir, "timeout") == 1
    settled(weir)


def test_a_leaked_connection_is_taken_back(server, start_mysql_weir):
    weir = start_mysql_weir(server, pool=[{**POOL, "max_size": 1, "leak_after": "500ms",
                                           "leak_action": "cancel"}])
    client = raw(weir)
    client.query("SELECT @x := 'private'")
    until(lambda: weir.metrics().value("weir_leaks_reclaimed_total", action="cancel") == 1, "taken")
    assert raw(weir).value("SELECT @x") is None
    with pytest.raises(GONE):
        client.query("SELECT 1")
    assert closed(weir, "leak") == 1


def test_a_suspected_leak_is_shown_without_literals(server, start_mysql_weir):
    weir = start_mysql_weir(server, pool=[{**POOL, "max_size": 2, "leak_after": "300ms"}])
    client = raw(weir)
    client.query("BEGIN")
    client.query("SELECT 'private', 123456 FROM notes")
    leaks = until(lambda: weir.json("/api/v1/leaks")["leaks"], "suspected")
    assert "FROM notes" in str(leaks) and "idle in transaction" in str(leaks)
    assert "private" not in str(leaks) and "123456" not in str(leaks)
    client.query("COMMIT")


def test_an_idle_client_is_sent_away(server, start_mysql_weir):
    weir = start_mysql_weir(server, pool=[{**POOL, "max_size": 1}],
                            listen={"client_idle_timeout": "500ms"})
    client = raw(weir)
    assert client.value("SELECT 1") == "1"
    until(lambda: closed(weir, "timeout") == 1, "sent away")
    with pytest.raises(mysql_raw.ServerError) as told:
        client.reply()
    assert told.value.number == 4031


# -- servers


def test_an_idle_connection_that_the_server_has_closed_is_replaced_unseen(server,
                                                                          start_mysql_weir):
    weir = start_mysql_weir(server, pool=[{**POOL, "max_size": 1}])
    client = raw(weir)
    for _ in range(5):
        assert client.value("SELECT 1") == "1"
        for session in server.sessions("db = 'tenant_a'"):
            server.execute(f"KILL {session['ID']}")
    assert client.value("SELECT 1") == "1"
    assert closed(weir, "upstream_lost") == 0


def test_a_client_whose_server_connection_dies_in_a_transaction_is_told(server, start_mysql_weir):
    weir = start_mysql_weir(server, pool=[{**POOL, "max_size": 1}])
    client = raw(weir)
    client.query("BEGIN")
    for session in server.sessions("db = 'tenant_a'"):
        server.execute(f"KILL {session['ID']}")
    with pytest.raises(GONE):
        client.query("INSERT INTO notes (words) VALUES ('nowhere')")
    until(lambda: closed(weir, "upstream_lost") == 1, "it was told")
    assert raw(weir).value("SELECT COUNT(*) FROM notes") == "0"


def test_what_may_have_run_is_not_run_twice(server, start_mysql_weir):
    weir = start_mysql_weir(server, pool=[{**POOL, "max_size": 1}])
    client = raw(weir)
    client.command(mysql_raw.QUERY, b"INSERT INTO notes (words) SELECT SLEEP(20)")
    running = until(lambda: server.sessions("info LIKE 'INSERT%SLEEP%'"), "it runs")
    server.execute(f"KILL {running[0]['ID']}")
    with pytest.raises(GONE):
        client.reply()
    settled(weir)
    assert server.execute("SELECT COUNT(*) FROM notes", "tenant_a") == ((0,),)


def test_a_restarted_server_is_used_again_under_load(start_mariadb, start_mysql_weir):
    server = start_mariadb()
    weir = start_mysql_weir(server, pool=[{**POOL, "max_size": 5, "acquire_timeout": "20s"}],
                            upstream={"breaker": {"open_for": "200ms"}})
    stop, failures, answers = threading.Event(), [], [0]

    def work():
        client = None
        while not stop.is_set():
            try:
                client = client or weir.mysql()
                ask(client, "INSERT INTO notes (words) VALUES ('x')")
                answers[0] += 1
            except pymysql.Error as error:
                failures.append(error.args[0])
                client = None
                time.sleep(0.05)
    workers = [threading.Thread(target=work) for _ in range(10)]
    for worker in workers:
        worker.start()
    until(lambda: answers[0] > 50, "they work")
    server.stop(fast=False)
    until(lambda: failures, "some were told")
    server.start()
    before = answers[0]
    until(lambda: answers[0] > before + 50, "they work again", timeout=30)
    stop.set()
    for worker in workers:
        worker.join()
    # 1064 and such would be somebody else's answer.
    assert set(failures) <= {0, 1040, 1053, 1158, 1927, 2006, 2013, 1105}
    settled(weir)


def test_a_client_that_is_between_transactions_is_dismissed_at_a_drain(server, start_mysql_weir):
    weir = start_mysql_weir(server, pool=[{**POOL, "max_size": 2}],
                            agent={"drain_timeout": "10s"})
    idle, busy = raw(weir), raw(weir)
    idle.query("SELECT 1")
    busy.query("BEGIN")
    busy.query("INSERT INTO notes (words) VALUES ('kept')")
    os.kill(weir.pid, signal.SIGTERM)
    with pytest.raises(mysql_raw.ServerError) as told:
        idle.reply()
    assert told.value.number == 1053
    busy.query("COMMIT")
    with pytest.raises(mysql_raw.ServerError):
        busy.reply()
    assert server.execute("SELECT words FROM notes", "tenant_a") == (("kept",),)


# -- other pools


def test_use_takes_a_client_to_the_pool_of_the_other_database(server, start_mysql_weir):
    weir = start_mysql_weir(server, pool=[{**POOL, "max_size": 1}])
    for tenant in ("tenant_a", "tenant_b"):
        server.execute("INSERT INTO notes (words) VALUES (DATABASE())", tenant)
    client = raw(weir)
    client.query("SET time_zone = '+07:00'")
    client.query("INSERT INTO notes (id) VALUES (NULL)")
    for _ in range(3):
        client.query("USE tenant_b")
        assert client.query("SELECT words, DATABASE(), @@time_zone FROM notes WHERE words > ''"
                            ).rows == [("tenant_b", "tenant_b", "+07:00")]
        assert client.value("SELECT LAST_INSERT_ID()") == "2"
        client.ask(mysql_raw.INIT_DB, b"tenant_a")
        assert client.value("SELECT DATABASE()") == "tenant_a"
        client.query("USE `tenant_a`")
    clients = weir.json("/api/v1/clients")
    assert "tenant_a" in str(clients)


def test_a_database_that_nobody_serves_is_unknown(server, start_mysql_weir):
    weir = start_mysql_weir(server, pool=[{**POOL, "max_size": 1}])
    with raw(weir) as client:
        for ask_for in (lambda: client.query("USE mysql"),
                        lambda: client.ask(mysql_raw.INIT_DB, b"nowhere")):
            with pytest.raises(mysql_raw.ServerError) as unknown:
                ask_for()
            assert unknown.value.number == 1049
        assert client.value("SELECT DATABASE()") == "tenant_a"


def test_a_database_that_the_user_may_not_use_is_denied(server, start_mysql_weir):
    weir = start_mysql_weir(server, pool=[{**POOL, "max_size": 1}],
                            user=[{"name": "app", "password": "client-secret",
                                   "tenants": ["a"]}])
    client = weir.mysql("tenant_a")
    with pytest.raises(pymysql.OperationalError) as denied:
        ask(client, "USE tenant_b")
    assert denied.value.args[0] == 1044
    assert ask(client, "SELECT DATABASE()") == (("tenant_a",),)


@pytest.mark.parametrize("before", ["BEGIN", "SET @x = 1"])
def test_who_keeps_a_connection_cant_change_the_database(server, start_mysql_weir, before):
    weir = start_mysql_weir(server, pool=[{**POOL, "max_size": 1}])
    client = raw(weir)
    client.query(before)
    with pytest.raises(mysql_raw.ServerError) as refused:
        client.query("USE tenant_b")
    assert refused.value.number == 1192
    assert client.value("SELECT DATABASE()") == "tenant_a"


def test_use_among_other_statements_is_refused(server, start_mysql_weir):
    weir = start_mysql_weir(server, pool=[{**POOL, "max_size": 1}])
    client = raw(weir, capabilities=mysql_raw.MULTI_STATEMENTS)
    with pytest.raises(mysql_raw.ServerError) as refused:
        client.query_all("USE tenant_b; SELECT 1")
    assert refused.value.number == 1235
    assert client.value("SELECT DATABASE()") == "tenant_a"


# -- other commands


def test_other_commands_are_answered_or_refused_clearly(server, start_mysql_weir):
    weir = start_mysql_weir(server, pool=[{**POOL, "max_size": 1}])
    with raw(weir) as client:
        assert client.ask(mysql_raw.PING).rows is None
        client.command(mysql_raw.STATISTICS)
        assert b"Uptime" in client.read()
        client.command(mysql_raw.FIELD_LIST, b"notes\0%")
        definitions = []
        while not client._is_end(packet := client.read()):
            definitions.append(packet)
        assert len(definitions) == 2
        for code, number in ((8, 1235), (0x0d, 1235), (0x12, 1235), (0x15, 1235), (0x0f, 1047),
                             (0x1d, 1047), (0x55, 1047)):
            with pytest.raises(mysql_raw.ServerError) as refused:
                client.ask(code, b"\0\0\0\0")
            assert refused.value.number == number
        assert client.value("SELECT 1") == "1"
    settled(weir)


def test_a_file_of_the_clients_is_loaded_where_it_offers_that(server, start_mysql_weir, tmp_path):
    weir = start_mysql_weir(server, pool=[{**POOL, "max_size": 1}])
    path = tmp_path / "rows"
    path.write_text("".join(f"{i}\tline {i}\n" for i in range(1, 60001)))
    load = f"LOAD DATA LOCAL INFILE '{path}' INTO TABLE notes"
    willing = weir.mysql(local_infile=True)
    ask(willing, load)
    assert ask(willing, "SELECT COUNT(*), MAX(words) FROM notes") == ((60000, "line 9999"),)
    unwilling = weir.mysql()
    with pytest.raises(pymysql.Error):
        ask(unwilling, load)
    settled(weir)


def test_a_malformed_packet_ends_its_client_alone(server, start_mysql_weir):
    weir = start_mysql_weir(server, pool=[{**POOL, "max_size": 1}])
    other = raw(weir)
    for garbage in (b"\0\0\0\0", b"\1\0\0\5\3", b"\xff\xff\xff\7" + b"x" * 100):
        client = raw(weir)
        client.socket.sendall(garbage)
        with pytest.raises(GONE):
            client.reply()
            client.reply()
    assert other.value("SELECT 1") == "1"
    settled(weir)


# -- who it is


def change_user(client, password, plugin=b"mysql_native_password", database=b"tenant_a",
                user=b"app"):
    """The answer to COM_CHANGE_USER; `client` logged in as app."""
    client.command(mysql_raw.CHANGE_USER, user + b"\0\0" + database + b"\0" + b"\x2d\0" + plugin
                   + b"\0")
    request = client.read()
    if request[0] == 0xff:
        raise mysql_raw.ServerError(request)
    assert request[0] == 0xfe and request[1:].startswith(plugin + b"\0")
    salt = request[len(plugin) + 2:][:20]
    client.write(mysql_raw.native_proof(password, salt))
    return client.reply()


def test_a_user_that_proves_itself_again_begins_a_new_session(server, start_mysql_weir):
    weir = start_mysql_weir(server, pool=[{**POOL, "max_size": 1}])
    client = RawMysql(weir.ports["mysql"], password="client-secret")
    client.query("SET @x = 1, time_zone = '+05:00'")
    change_user(client, "client-secret")
    assert client.query("SELECT @x, @@time_zone, DATABASE()").rows == [
        (None, "SYSTEM", "tenant_a")]
    change_user(client, "client-secret", database=b"tenant_b")
    assert client.value("SELECT DATABASE()") == "tenant_b"
    settled(weir)


def test_a_client_that_becomes_somebody_else_has_that_ones_rights(server, start_mysql_weir):
    weir = start_mysql_weir(server, pool=[{**POOL, "max_size": 2}], user=[
        {"name": "app", "password": "client-secret", "max_clients": 2},
        {"name": "narrow", "password": "narrow-secret", "tenants": ["b"]}])
    client, neighbour = (RawMysql(weir.ports["mysql"], password="client-secret") for _ in range(2))
    neighbour.query("SET @x = 'neighbour'")
    client.query("BEGIN")
    client.query("INSERT INTO notes (words) VALUES ('never seen')")
    client.prepare("SELECT @x, DATABASE()")
    change_user(client, "narrow-secret", user=b"narrow", database=b"tenant_b")
    assert client.query("SELECT @x, DATABASE(), @@autocommit").rows == [(None, "tenant_b", "1")]
    assert neighbour.query("SELECT COUNT(*), @x FROM notes WHERE words = 'never seen'").rows == [
        ("0", "neighbour")], "rolled back"
    with RawMysql(weir.ports["mysql"], password="client-secret") as third:
        assert third.value("SELECT 1") == "1", "app has a place again"
    with pytest.raises(mysql_raw.ServerError) as refused:
        client.query("USE tenant_a")
    assert refused.value.number == 1044
    assert weir.metrics().value("weir_transactions_total", pool="tenants", end="abandoned") == 1
    change_user(client, "client-secret")
    assert client.value("SELECT DATABASE()") == "tenant_a"


@pytest.mark.parametrize("user, password, database, number", [
    (b"app", "wrong", b"tenant_a", 1045), (b"nobody", "client-secret", b"tenant_a", 1045),
    (b"app", "client-secret", b"elsewhere", 1049), (b"narrow", "narrow-secret", b"tenant_a", 1044)])
def test_who_may_not_be_what_it_wants_goes(server, start_mysql_weir, user, password, database, number):
    weir = start_mysql_weir(server, pool=[POOL], user=[
        {"name": "app", "password": "client-secret"},
        {"name": "narrow", "password": "narrow-secret", "tenants": ["b"]}])
    client = RawMysql(weir.ports["mysql"], password="client-secret")
    client.query("SET @x = 1")
    with pytest.raises(mysql_raw.ServerError) as denied:
        change_user(client, password, user=user, database=database)
    assert denied.value.number == number
    with pytest.raises(GONE):
        client.query("SELECT 1")
    settled(weir)
    until(lambda: weir.value("weir_client_connections", listener="mysql", state="login") == 0, "gone")


def test_who_does_not_prove_who_it_is_in_time_goes(server, start_mysql_weir):
    weir = start_mysql_weir(server, pool=[POOL], listen={"login_timeout": "300ms"})
    client = RawMysql(weir.ports["mysql"], password="client-secret")
    client.command(mysql_raw.CHANGE_USER, b"app\0\0tenant_a\0\x2d\0mysql_native_password\0")
    assert client.read()[0] == 0xfe
    assert client.read()[0] == 0xff
    with pytest.raises(GONE):
        client.query("SELECT 1")
