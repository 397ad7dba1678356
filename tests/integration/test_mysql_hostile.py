"""MySQL clients that are clumsy or mean harm: what is one's own stays so, and nothing is lost unsaid."""

import pytest

from harness import mysql_raw
from harness.mysql_raw import ServerError
from harness.processes import frozen
from harness.waiting import until
from test_mysql import POOL, raw
from test_mysql_ends import GONE

pytestmark = pytest.mark.sanitized

TOO_MANY = 1040  # the only connection is pinned: right, too


@pytest.fixture
def server(mariadb):
    mariadb.execute("TRUNCATE notes", "tenant_a")
    return mariadb


@pytest.fixture
def single(server, start_mysql_weir):
    """Everybody shares one connection."""
    return start_mysql_weir(server, pool=[{**POOL, "max_size": 1, "acquire_timeout": "2s"}])


# -- connections that are lost


@pytest.mark.parametrize("before", ["BEGIN", "SET @mine = 5", "CREATE TEMPORARY TABLE t (a INT)"])
def test_what_was_open_on_a_lost_connection_is_not_gone_on_with(server, single, before):
    client = raw(single)
    client.query(before)
    client.query("INSERT INTO notes (words) VALUES ('first')")
    session = server.sessions("db = 'tenant_a'")[0]["ID"]
    with frozen(single.pid):  # the command and the end of the connection come in one turn
        client.command(mysql_raw.QUERY, b"INSERT INTO notes (words) VALUES ('second')")
        server.execute(f"KILL {session}")
        until(lambda: not server.sessions("db = 'tenant_a'"), "it is gone")
    with pytest.raises(GONE):
        client.reply()
    assert server.execute("SELECT COUNT(*) FROM notes WHERE words = 'second'", "tenant_a") == ((0,),)


# -- prepared statements


def test_long_data_of_two_statements_stays_with_its_client(single):
    client, other = raw(single), raw(single)
    first, second = client.prepare("SELECT ?"), client.prepare("SELECT CONCAT(?, '!')")
    first.long_data(0, b"the client's own")
    second.long_data(0, b"more")
    assert second.execute(None, long_data=(0,)).rows == [("more!",)]
    with pytest.raises(ServerError) as waited:  # the client keeps the connection
        other.prepare("SELECT ?")
    assert waited.value.number == TOO_MANY
    assert first.execute(None, long_data=(0,)).rows == [("the client's own",)]
    assert other.prepare("SELECT ?").execute("other's").rows == [("other's",)]


def test_statements_of_the_same_text_have_cursors_of_their_own(single):
    client = raw(single)
    text = "SELECT seq + 0 FROM seq_1_to_100 WHERE seq > ?"
    first, second = client.prepare(text), client.prepare(text)
    first.execute(0, flags=1)
    second.execute(50, flags=1)
    assert [row[0] for row in first.fetch(3)[0]] == [1, 2, 3]
    assert [row[0] for row in second.fetch(3)[0]] == [51, 52, 53]


def test_statements_of_the_same_text_have_long_data_of_their_own(single):
    client = raw(single)
    first, second = client.prepare("SELECT ?"), client.prepare("SELECT ?")
    first.long_data(0, b"first's")
    assert second.execute("second's").rows == [("second's",)]
    assert first.execute(None, long_data=(0,)).rows == [("first's",)]


def test_a_cursor_stays_open_when_settings_change(single):
    client = raw(single)
    statement = client.prepare("SELECT seq + 0 FROM seq_1_to_100")
    statement.execute(flags=1)
    assert [row[0] for row in statement.fetch(2)[0]] == [1, 2]
    client.query("SET NAMES latin1")
    assert [row[0] for row in statement.fetch(2)[0]] == [3, 4]


def test_a_statement_with_something_open_is_not_closed_for_room(server, start_mysql_weir):
    weir = start_mysql_weir(server, pool=[{**POOL, "max_size": 1, "prepared_statements": 2}])
    client = raw(weir)
    cursor, data = client.prepare("SELECT seq + 0 FROM seq_1_to_100"), client.prepare("SELECT ?")
    cursor.execute(flags=1)
    data.long_data(0, b"kept")
    for i in range(4):
        client.prepare(f"SELECT {i}").execute()
    assert [row[0] for row in cursor.fetch(3)[0]] == [1, 2, 3]
    assert data.execute(None, long_data=(0,)).rows == [("kept",)]


# -- settings and what routines leave


@pytest.mark.parametrize("statement", [
    "SET STATEMENT max_statement_time = 9 FOR SELECT 1; SET time_zone = '+03:00'",
    "SET STATEMENT max_statement_time = 9 FOR CALL zone()",
    "SET STATEMENT max_statement_time = 9 FOR SET time_zone = '+03:00'"])
def test_what_outlasts_a_set_statement_is_its_clients(server, single, statement):
    server.execute("CREATE OR REPLACE PROCEDURE zone() SET time_zone = '+03:00'", "tenant_a")
    client = raw(single, capabilities=mysql_raw.MULTI_STATEMENTS)
    other = raw(single, capabilities=mysql_raw.MULTI_STATEMENTS)
    client.query_all(statement)
    with_own = seen_by(other, "SELECT @@time_zone")
    assert with_own in ("SYSTEM", TOO_MANY)
    assert client.value("SELECT @@time_zone") == "+03:00"


def seen_by(client, question):
    try:
        return client.value(question)
    except ServerError as error:
        return error.number


NO_TABLE, FREE = 1146, "1"


@pytest.mark.parametrize("body, question, right", [
    ("CREATE TEMPORARY TABLE hidden SELECT 1 AS a", "SELECT a FROM hidden", NO_TABLE),
    ("SET TRANSACTION READ ONLY", "SELECT NEXTVAL(numbers) > 0", FREE),
    ("EXECUTE IMMEDIATE 'LOCK TABLES notes WRITE'", "SELECT COUNT(*) = 0 FROM others", FREE),
])
def test_what_a_procedure_leaves_is_nobody_elses(server, single, body, question, right):
    server.execute("CREATE SEQUENCE IF NOT EXISTS numbers", "tenant_a")
    server.execute("CREATE TABLE IF NOT EXISTS others (a INT)", "tenant_a")
    server.execute(f"CREATE OR REPLACE PROCEDURE leaves_more() {body}", "tenant_a")
    client, other = raw(single), raw(single)
    client.query_all("CALL leaves_more()")
    assert seen_by(other, question) in (right, TOO_MANY)


def test_a_trigger_that_sets_more_than_a_setting_keeps_the_connection(server, single):
    server.execute("CREATE OR REPLACE TRIGGER sets_both BEFORE INSERT ON notes FOR EACH ROW"
                   " SET time_zone = '+09:00', @left = 1", "tenant_a")
    try:
        client, other = raw(single), raw(single)
        client.query("INSERT INTO notes (words) VALUES ('x')")
        assert seen_by(other, "SELECT @left") in (None, TOO_MANY)
    finally:
        server.execute("DROP TRIGGER sets_both", "tenant_a")


def test_a_variable_without_a_value_can_be_carried(single):
    client, other = raw(single), raw(single)
    client.query("SET default_tmp_storage_engine = NULL")
    assert other.value("SELECT @@default_tmp_storage_engine IS NULL") == "1"
    client.query("SET default_tmp_storage_engine = 'Aria'")
    client.query("SET default_tmp_storage_engine = NULL")
    other.query("SET default_tmp_storage_engine = 'MyISAM'")
    assert client.value("SELECT @@default_tmp_storage_engine IS NULL") == "1"


def test_prepared_texts_of_one_client_have_a_bound(single):
    client = raw(single)
    with pytest.raises(ServerError):
        for i in range(100):
            client.prepare(f"SELECT {i} /* {'x' * 1_000_000} */")
