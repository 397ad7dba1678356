"""Prepared statements of MySQL clients that share server connections."""

import pytest

from harness import mysql_raw
from harness.waiting import until
from test_mysql import POOL, counts, raw, settled

pytestmark = pytest.mark.sanitized


@pytest.fixture
def server(mariadb):
    mariadb.execute("TRUNCATE notes", "tenant_a")
    return mariadb


@pytest.fixture
def single(server, start_mysql_weir):
    return start_mysql_weir(server, pool=[{**POOL, "max_size": 1, "acquire_timeout": "2s",
                                           "prepared_statements": 5}])


@pytest.fixture
def pair(server, start_mysql_weir):
    return start_mysql_weir(server, pool=[{**POOL, "max_size": 2, "acquire_timeout": "2s"}])


def number(result):
    return result.rows[0][0]


def on_server(server):
    """How many statements are prepared on it."""
    return int(server.execute("SHOW GLOBAL STATUS LIKE 'Prepared_stmt_count'")[0][1])


@pytest.mark.parametrize("capabilities", [0, mysql_raw.DEPRECATE_EOF])
def test_a_statement_is_executed_on_whichever_connection(pair, capabilities):
    client, other = raw(pair, capabilities=capabilities), raw(pair, capabilities=capabilities)
    statement = client.prepare("SELECT ? + 1, ?")
    assert (statement.parameters, statement.columns) == (2, 2)
    for i in range(5):
        other.query("BEGIN")  # takes the hottest connection
        result = statement.execute(i, 10 * i)
        assert result.rows == [(i + 1, 10 * i)]
        other.query("COMMIT")
    settled(pair)
    assert pair.metrics().value("weir_pins_total", pool="tenants") == 0


def test_types_that_were_bound_once_hold_on_every_connection(pair):
    client, other = raw(pair), raw(pair)
    statement = client.prepare("SELECT ? * 2")
    assert number(statement.execute(4)) == 8
    for i in range(6):
        if i % 2:
            other.query("BEGIN")
        assert number(statement.execute(i, bind=False)) == 2 * i
        if i % 2:
            other.query("COMMIT")


def test_types_of_one_client_are_not_anothers(single):
    first, second = raw(single), raw(single)
    a, b = (client.prepare("SELECT CONCAT(?, '!')") for client in (first, second))
    a.execute("text")
    b.execute(7)
    assert a.execute("more", bind=False).rows == [("more!",)]
    assert b.execute(8, bind=False).rows == [("8!",)]


def test_clients_with_the_same_text_share_the_servers_statement(single, server):
    before = on_server(server)
    clients = [raw(single) for _ in range(10)]
    statements = [client.prepare("SELECT ? + 5") for client in clients]
    for i, statement in enumerate(statements):
        assert number(statement.execute(i)) == i + 5
    assert on_server(server) == before + 1
    metrics = single.metrics()
    assert metrics.value("weir_prepared_statements", pool="tenants") == 1
    assert metrics.value("weir_prepared_statement_requests_total", pool="tenants", result="hit") == 10


def test_the_least_used_statements_are_closed(single, server):
    client = raw(single)
    before = on_server(server)
    statements = [client.prepare(f"SELECT ? + {i}") for i in range(12)]
    for _ in range(2):
        for i, statement in enumerate(statements):
            assert number(statement.execute(100)) == 100 + i
    until(lambda: on_server(server) == before + 5, lambda: f"{on_server(server)} - {before}")
    metrics = single.metrics()
    assert metrics.value("weir_prepared_statements", pool="tenants") == 5
    assert metrics.value("weir_prepared_statement_evictions_total", pool="tenants") >= 19
    assert metrics.value("weir_prepared_statement_requests_total", pool="tenants", result="miss") > 0


def test_a_statement_outlives_a_reset_of_its_connection(single):
    client, other = raw(single), raw(single)
    statement = client.prepare("SELECT ? + 1")
    other.query("SET @x = 1")
    other.close()
    assert number(statement.execute(1)) == 2
    settled(single)
    assert single.metrics().value("weir_prepared_statements", pool="tenants") == 1


def test_an_unknown_statement_is_said_to_be_unknown(single):
    client, other = raw(single), raw(single)
    statement = client.prepare("SELECT 1")
    foreign = mysql_raw.Statement(other, statement.number, 1, 0)
    with pytest.raises(mysql_raw.ServerError) as unknown:
        foreign.execute()
    assert unknown.value.number == 1243
    statement.close()
    with pytest.raises(mysql_raw.ServerError):
        statement.execute()
    assert client.value("SELECT 1") == "1"


def test_an_error_at_prepare_is_the_servers_own(single):
    client = raw(single)
    with pytest.raises(mysql_raw.ServerError) as wrong:
        client.prepare("SELECT nonsense")
    assert wrong.value.number == 1054
    with pytest.raises(mysql_raw.ServerError) as refused:
        client.prepare("USE tenant_b")
    assert refused.value.number == 1235
    assert number(client.prepare("SELECT 1 + 0").execute()) == 1


def test_parts_of_a_parameter_stay_with_their_execute(pair):
    client, other = raw(pair), raw(pair)
    statement = client.prepare("SELECT LENGTH(?), ?")
    for _ in range(3):
        statement.long_data(0, b"x" * 70000)
        statement.long_data(0, b"y" * 200000)
        assert other.value("SELECT 1") == "1"
        result = statement.execute(None, 9, long_data=(0,))
        assert result.rows == [(270000, 9)]
    statement.long_data(0, b"thrown away")
    statement.reset()
    result = statement.execute("abc", 9)
    assert result.rows == [(3, 9)]
    statement.long_data(0, b"never used")
    client.close()
    settled(pair)


def test_parts_for_a_statement_that_is_no_more_fail_at_its_execute(pair, mariadb):
    mariadb.execute("CREATE TABLE brief (words TEXT)", "tenant_a")
    client, other = raw(pair), raw(pair)
    statement = client.prepare("SELECT COUNT(*) FROM brief WHERE words = ?")
    other.query("BEGIN")  # on the connection that has it
    mariadb.execute("DROP TABLE brief", "tenant_a")
    statement.long_data(0, b"x" * 1000)
    another = client.prepare("SELECT LENGTH(?)")
    another.long_data(0, b"z" * 70000)
    statement.long_data(0, b"y" * 200000)
    assert another.execute(None, long_data=(0,)).rows == [(70000,)]
    with pytest.raises(mysql_raw.ServerError) as gone:
        statement.execute(None, long_data=(0,))
    assert gone.value.number == 1146
    assert client.value("SELECT 1") == "1"
    other.query("COMMIT")
    client.close()
    settled(pair)


def test_a_cursor_keeps_its_connection_until_it_is_read(pair):
    client, other = raw(pair), raw(pair)
    statement = client.prepare("SELECT seq + 0 FROM seq_1_to_100")
    opened = statement.execute(flags=1)
    assert opened.status & mysql_raw.CURSOR_EXISTS
    until(lambda: counts(pair)["pinned"] == 1, "it is kept")
    read = []
    while True:
        assert other.value("SELECT 1") == "1"
        rows, status, _ = statement.fetch(30)
        read += [row[0] for row in rows]
        if status & mysql_raw.LAST_ROW_SENT:
            break
    assert read == list(range(1, 101))
    settled(pair)
    assert pair.metrics().value("weir_pins_total", pool="tenants", reason="cursor") == 1
    statement.execute(flags=1)
    statement.close()
    settled(pair)
    with pytest.raises(mysql_raw.ServerError):
        statement.fetch(1)


def test_long_parameters_stream_through(single):
    client = raw(single)
    statement = client.prepare("SELECT LENGTH(?) + ?")
    for size in (100_000, 17 * 2**20):
        assert number(statement.execute("z" * size, 1)) == size + 1
    assert number(statement.execute("z" * 90_000, 1, bind=False)) == 90_001
    settled(single)


def test_a_statement_that_leaves_state_pins_when_it_is_executed(pair):
    client = raw(pair)
    statement = client.prepare("SET @x = ?")
    settled(pair)
    statement.execute(5)
    until(lambda: counts(pair)["pinned"] == 1, "it is kept")
    assert client.value("SELECT @x") == "5"


def test_a_statement_means_what_its_clients_settings_say(single):
    ansi, plain = raw(single), raw(single)
    ansi.query("SET sql_mode = 'ANSI_QUOTES'")
    ansi.query("INSERT INTO notes (words) VALUES ('from the table')")
    text = 'SELECT "words" FROM notes'
    names, strings = ansi.prepare(text), plain.prepare(text)
    for _ in range(2):
        assert names.execute().rows == [("from the table",)]
        assert strings.execute().rows == [("words",)]


def test_where_none_are_shared_a_statement_pins(server, start_mysql_weir):
    weir = start_mysql_weir(server, pool=[{**POOL, "max_size": 2, "prepared_statements": 0}])
    client = raw(weir)
    statement = client.prepare("SELECT ? + 1")
    until(lambda: counts(weir)["pinned"] == 1, "it is kept")
    assert number(statement.execute(1)) == 2
    client.close()
    settled(weir)


def test_a_connection_id_is_the_clients_in_a_statement_too(pair):
    first, second = raw(pair), raw(pair)
    for client in (first, second):
        statement = client.prepare("SELECT CONNECTION_ID() + 0")
        assert number(statement.execute()) == client.thread_id
