"""MySQL through Weir: one real MariaDB, statements and transactions of many clients on few connections."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pymysql
import pytest

from harness import mysql_raw
from harness.mysql_raw import RawMysql
from harness.waiting import until

pytestmark = pytest.mark.sanitized

POOL = {"name": "tenants", "match": "tenant_{tenant}"}


@pytest.fixture
def server(mariadb):
    for tenant in ("tenant_a", "tenant_b"):
        mariadb.execute("TRUNCATE notes", tenant)
    return mariadb


@pytest.fixture
def weir(server, start_mysql_weir):
    return start_mysql_weir(server, pool=[{**POOL, "max_size": 4}])


@pytest.fixture
def single(server, start_mysql_weir):
    """Everybody shares one connection."""
    return start_mysql_weir(server, pool=[{**POOL, "max_size": 1, "acquire_timeout": "2s"}])


def raw(weir, database="tenant_a", capabilities=0, **options):
    return RawMysql(weir.ports["trusted"], database=database, capabilities=capabilities, **options)


def ask(client, statement, parameters=None):
    with client.cursor() as cursor:
        cursor.execute(statement, parameters)
        return cursor.fetchall()


def counts(weir):
    """How many connections are in each state."""
    series = weir.metrics().series("weir_pool_connections", pool="tenants")
    return {dict(labels)["state"]: value for labels, value in series.items()}


def settled(weir):
    busy = ("used", "pinned", "resetting", "cancelling", "checking", "connecting")
    until(lambda: sum(counts(weir)[state] for state in busy) == 0,
          lambda: f"nothing held: {counts(weir)}")


# -- statements


def test_rows_come_back_as_they_were_written(weir):
    client = weir.mysql()
    words = "zażółć 'gęślą' \"jaźń\" \\ \x00 🦆"
    with client.cursor() as cursor:
        assert cursor.execute("INSERT INTO notes (words) VALUES (%s)", (words,)) == 1
        assert cursor.lastrowid == 1
    assert ask(client, "SELECT words FROM notes") == ((words,),)
    assert ask(client, "SELECT NULL, '', 1.5, DATE '2024-02-29'")[0][:2] == (None, "")


@pytest.mark.parametrize("capabilities", [0, mysql_raw.DEPRECATE_EOF])
def test_results_end_the_way_the_client_knows(weir, capabilities):
    with raw(weir, capabilities=capabilities) as client:
        assert client.query("SELECT 1 AS a, NULL AS b UNION SELECT 2, 'x'").rows == [
            ("1", None), ("2", "x")]
        assert client.query("SELECT 1 FROM notes WHERE FALSE").rows == []
        assert client.query("DO 1").affected == 0
        changed = client.query("UPDATE notes SET words = 'x' WHERE id = 0")
        assert changed.info == b"\x28Rows matched: 0  Changed: 0  Warnings: 0"
        settings = client.query("SET @@SESSION.max_statement_time = 0")
        assert settings.info == b"" and settings.status == mysql_raw.AUTOCOMMIT


def test_an_error_is_the_servers_own_and_the_client_goes_on(weir):
    client = weir.mysql()
    with pytest.raises(pymysql.ProgrammingError) as wrong:
        ask(client, "SELECT nonsense FROM nowhere")
    assert wrong.value.args[0] == 1146
    with pytest.raises(pymysql.IntegrityError) as twice:
        ask(client, "INSERT INTO notes (id) VALUES (7), (7)")
    assert twice.value.args[0] == 1062
    assert ask(client, "SELECT 1") == ((1,),)
    settled(weir)
    errors = weir.metrics().value("weir_queries_total", pool="tenants", outcome="error")
    assert errors == 2


def test_clients_share_the_connections(single):
    clients = [single.mysql() for _ in range(20)]
    for number, client in enumerate(clients):
        assert ask(client, f"SELECT {number}") == ((number,),)
    assert single.metrics().value("weir_connection_creates_total", result="ok") == 1
    settled(single)


def test_many_clients_get_their_own_answers(weir):
    def work(number):
        client = weir.mysql()
        for i in range(60):
            assert ask(client, f"SELECT {number}, {i}, REPEAT('x', {i * 97 % 3000})") == (
                (number, i, "x" * (i * 97 % 3000)),)
        client.close()
        return True
    with ThreadPoolExecutor(24) as pool:
        assert all(pool.map(work, range(24)))
    metrics = weir.metrics()
    assert metrics.value("weir_connection_creates_total", result="ok") <= 4
    assert metrics.value("weir_queries_total", pool="tenants", outcome="ok") >= 24 * 60
    settled(weir)


def test_several_statements_in_one_text_give_several_results(weir):
    with raw(weir, capabilities=mysql_raw.MULTI_STATEMENTS) as client:
        results = client.query_all("SELECT 1; DO 2; SELECT 3, 4")
        assert results[0].rows == [("1",)]
        assert results[1].rows is None
        assert results[2].rows == [("3", "4")]
        with pytest.raises(mysql_raw.ServerError) as wrong:
            client.query_all("SELECT 1; SELECT nonsense; SELECT 2")
        assert wrong.value.number == 1054
        assert client.value("SELECT 5") == "5"
    settled(weir)


def test_several_statements_are_refused_to_who_did_not_ask_for_them(weir):
    with raw(weir) as client:
        with pytest.raises(mysql_raw.ServerError) as refused:
            client.query("SELECT 1; SELECT 2")
        assert refused.value.number == 1064
        ended = client.ask(mysql_raw.SET_OPTION, b"\0\0")
        assert ended.status & mysql_raw.AUTOCOMMIT
        assert [r.rows for r in client.query_all("SELECT 1; SELECT 2")] == [[("1",)], [("2",)]]
        client.ask(mysql_raw.SET_OPTION, b"\1\0")
        with pytest.raises(mysql_raw.ServerError):
            client.query("SELECT 1; SELECT 2")
    settled(weir)


def test_a_procedures_results_come_whole(weir, server):
    server.execute("CREATE OR REPLACE PROCEDURE several() BEGIN SELECT 1; SELECT 2, 3; "
                   "UPDATE notes SET words = '' WHERE FALSE; END", "tenant_a")
    with raw(weir) as client:
        results = client.query_all("CALL several()")
        assert [r.rows for r in results] == [[("1",)], [("2", "3")], None]
        assert client.value("SELECT 4") == "4"
    settled(weir)


def test_a_client_that_sends_ahead_gets_its_answers_in_order(weir):
    with raw(weir) as client:
        client.socket.sendall(b"".join(client.packets(bytes([3]) + f"SELECT {i}".encode())
                                       for i in range(50)))
        assert [client.reply().rows for _ in range(50)] == [[(str(i),)] for i in range(50)]
    settled(weir)


def test_packets_in_single_bytes_are_understood(weir):
    with raw(weir) as client:
        for byte in client.packets(b"\3SELECT 'slowly'"):
            client.socket.sendall(bytes([byte]))
            time.sleep(0.002)
        assert client.reply().rows == [("slowly",)]


# -- transactions


def test_a_transaction_keeps_its_connection_until_it_ends(weir):
    first, second = weir.mysql(), weir.mysql()
    ask(first, "BEGIN")
    ask(first, "INSERT INTO notes (words) VALUES ('mine')")
    assert ask(second, "SELECT COUNT(*) FROM notes") == ((0,),)
    until(lambda: counts(weir)["used"] == 1, "it is kept")
    ask(first, "COMMIT")
    assert ask(second, "SELECT COUNT(*) FROM notes") == ((1,),)
    settled(weir)


def test_without_autocommit_a_transaction_is_over_when_it_says_so(weir):
    first, second = weir.mysql(autocommit=False), weir.mysql()
    ask(first, "INSERT INTO notes (words) VALUES ('kept')")
    until(lambda: counts(weir)["used"] == 1, "it is kept")
    assert ask(second, "SELECT COUNT(*) FROM notes") == ((0,),)
    first.commit()
    settled(weir)
    ask(first, "INSERT INTO notes (words) VALUES ('undone')")
    first.rollback()
    assert ask(second, "SELECT words FROM notes") == (("kept",),)
    settled(weir)
    metrics = weir.metrics()
    assert metrics.value("weir_transactions_total", pool="tenants", end="rollback") == 1


def test_after_an_error_an_open_transaction_is_not_given_to_others(weir):
    first, second = weir.mysql(autocommit=False), weir.mysql()
    ask(second, "INSERT INTO notes (id) VALUES (1)")
    with pytest.raises(pymysql.IntegrityError):
        ask(first, "INSERT INTO notes (id) VALUES (2), (1)")
    ask(first, "INSERT INTO notes (id) VALUES (3)")
    assert ask(second, "SELECT id FROM notes") == ((1,),)
    first.rollback()
    assert ask(second, "SELECT id FROM notes") == ((1,),)
    settled(weir)


def test_a_deadlock_ends_its_transaction_and_frees_its_connection(weir):
    setup, first, second = weir.mysql(), weir.mysql(), weir.mysql()
    ask(setup, "INSERT INTO notes (id) VALUES (1), (2)")
    for client, row in ((first, 1), (second, 2)):
        ask(client, "BEGIN")
        ask(client, f"UPDATE notes SET words = 'x' WHERE id = {row}")
    blocked = threading.Thread(target=lambda: ask(first, "UPDATE notes SET words = '' WHERE id = 2"))
    blocked.start()
    time.sleep(0.3)
    with pytest.raises(pymysql.OperationalError) as deadlock:
        ask(second, "UPDATE notes SET words = '' WHERE id = 1")
    assert deadlock.value.args[0] == 1213
    blocked.join()
    until(lambda: counts(weir)["used"] == 1, "the victim holds nothing")
    first.rollback()
    settled(weir)


def test_a_client_that_leaves_in_a_transaction_has_it_rolled_back(weir):
    with raw(weir) as leaving:
        leaving.query("BEGIN")
        leaving.query("INSERT INTO notes (words) VALUES ('never')")
    settled(weir)
    assert ask(weir.mysql(), "SELECT COUNT(*) FROM notes") == ((0,),)
    metrics = weir.metrics()
    assert metrics.value("weir_releases_total", pool="tenants", result="rollback") == 1
    assert metrics.value("weir_transactions_total", pool="tenants", end="abandoned") == 1


def test_a_client_that_leaves_during_a_query_has_it_cancelled(single, server):
    with raw(single) as leaving:
        leaving.command(mysql_raw.QUERY, b"SELECT SLEEP(60)")
        until(lambda: server.sessions("info LIKE '%SLEEP(60)%'"), "the query runs")
    until(lambda: not server.sessions("info LIKE '%SLEEP(60)%'"), "it was killed")
    assert ask(single.mysql(), "SELECT 1") == ((1,),)
    settled(single)


# -- waiting


def test_who_waits_too_long_is_told_so_by_1040(single):
    holder, late = single.mysql(), single.mysql()
    ask(holder, "BEGIN")
    with pytest.raises(pymysql.OperationalError) as refused:
        ask(late, "SELECT 1")
    assert refused.value.args[0] == 1040 and "max 1, used 1" in refused.value.args[1]
    ask(holder, "COMMIT")
    assert ask(late, "SELECT 1") == ((1,),)


def test_a_waiting_client_gets_the_connection_that_is_given_back(single):
    holder, late = single.mysql(), single.mysql()
    ask(holder, "BEGIN")
    answers = []
    waiting = threading.Thread(target=lambda: answers.append(ask(late, "SELECT 7")))
    waiting.start()
    until(lambda: single.metrics().value("weir_pool_pending_acquires", pool="tenants") == 1, "waits")
    ask(holder, "COMMIT")
    waiting.join()
    assert answers == [((7,),)]


# -- big ones


def test_a_statement_of_many_packets_streams_through(weir):
    size = 40 * 2**20
    with raw(weir) as client:
        text = b"SELECT LENGTH('" + b"x" * size + b"')"
        client.command(mysql_raw.QUERY, text)
        assert client.reply().rows == [(str(size),)]
        assert client.value("SELECT 1") == "1"
    settled(weir)


def test_a_row_of_many_packets_streams_through(weir):
    size = 33 * 2**20
    with raw(weir) as client:
        assert len(client.value(f"SELECT REPEAT('y', {size})")) == size
        assert client.value("SELECT 1") == "1"
    settled(weir)


def test_a_client_that_reads_slowly_holds_up_its_server_and_not_the_daemon(weir):
    with raw(weir) as slow:
        slow.command(mysql_raw.QUERY, b"SELECT REPEAT('z', 1000) FROM seq_1_to_200000")
        quick = weir.mysql()
        for _ in range(20):
            assert ask(quick, "SELECT 1") == ((1,),)
        sent = weir.metrics().value("weir_network_bytes_total", side="upstream", direction="in")
        assert sent < 100e6
        assert len(slow.reply().rows) == 200000
    settled(weir)


def test_a_long_statement_that_leaves_state_behind_is_seen_to(weir):
    with raw(weir) as client:
        client.query(f"SELECT @last := 5, '{'x' * 300000}'")
        until(lambda: counts(weir)["pinned"] == 1, "it is kept")
        assert client.value("SELECT @last") == "5"
    settled(weir)


# -- what operators see


def test_operators_see_its_sessions_and_statements_without_literals(weir):
    client = weir.mysql()
    ask(client, "BEGIN")
    ask(client, "SELECT 'secret', 42 FROM notes")
    servers = weir.json("/api/v1/servers")
    text = str(servers)
    assert "secret" not in text and "FROM notes" in text
    assert "tenant_a" in str(weir.json("/api/v1/clients"))
    ask(client, "COMMIT")


def test_what_it_moves_is_counted(weir):
    client = weir.mysql()
    before = weir.metrics()
    for _ in range(10):
        ask(client, "SELECT 1")
    settled(weir)
    after = weir.metrics()

    def grew(name, **labels):
        return after.value(name, **labels) - before.value(name, **labels)
    assert grew("weir_queries_total", pool="tenants", outcome="ok") == 10
    assert grew("weir_query_seconds_count", pool="tenants") == 10
    assert grew("weir_transactions_total", pool="tenants", end="commit") == 10
    assert grew("weir_releases_total", pool="tenants", result="clean") == 10
    assert grew("weir_acquires_total", pool="tenants", outcome="ok") == 10
    for side in ("client", "upstream"):
        for direction in ("in", "out"):
            assert grew("weir_network_bytes_total", pool="tenants", side=side,
                        direction=direction) > 100
