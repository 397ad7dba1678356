"""What a MySQL client's session carries from connection to connection, and what pins it to one."""

import pymysql
import pytest

from harness import mysql_raw
from harness.waiting import until
from test_mysql import POOL, ask, counts, raw, settled

pytestmark = pytest.mark.sanitized


@pytest.fixture
def server(mariadb):
    mariadb.execute("TRUNCATE notes", "tenant_a")
    return mariadb


@pytest.fixture
def single(server, start_mysql_weir):
    """Everybody shares one connection, so that each finds what the one before has left."""
    return start_mysql_weir(server, pool=[{**POOL, "max_size": 1, "acquire_timeout": "2s"}])


@pytest.fixture
def pair(server, start_mysql_weir):
    return start_mysql_weir(server, pool=[{**POOL, "max_size": 2, "acquire_timeout": "2s"}])


def pinned(weir, reason=None):
    labels = {"pool": "tenants", **({"reason": reason} if reason else {})}
    return weir.metrics().value("weir_pinned_connections", **labels)


# -- settings


@pytest.mark.parametrize("statement, question, expected", [
    ("SET time_zone = '+05:00'", "SELECT @@time_zone", "+05:00"),
    ("SET sql_mode = 'ANSI_QUOTES'", "SELECT @@sql_mode", "ANSI_QUOTES"),
    ("SET NAMES latin1", "SELECT @@character_set_client", "latin1"),
    ("SET NAMES utf8mb4 COLLATE utf8mb4_bin", "SELECT @@collation_connection", "utf8mb4_bin"),
    ("SET character_set_results = NULL", "SELECT @@character_set_results", None),
    ("SET SESSION TRANSACTION ISOLATION LEVEL SERIALIZABLE", "SELECT @@tx_isolation",
     "SERIALIZABLE"),
    ("SET max_statement_time = 12.5", "SELECT @@max_statement_time", "12.500000"),
    ("SET foreign_key_checks = 0, unique_checks = 0", "SELECT @@foreign_key_checks", "0"),
    ("SET lc_time_names = 'de_DE'", "SELECT @@lc_time_names", "de_DE"),
    ("SET autocommit = 0", "SELECT @@autocommit", "0"),
    ("SET optimizer_switch = 'mrr=on'", "SELECT @@optimizer_switch LIKE '%mrr=on%'", "1"),
])
def test_what_a_client_sets_is_its_own_and_goes_with_it(single, statement, question, expected):
    setter, other = raw(single), raw(single)
    default = other.value(question)
    assert default != expected
    setter.query(statement)
    for _ in range(2):
        assert other.value(question) == default
        assert setter.value(question) == expected
    setter.query("ROLLBACK")
    settled(single)
    assert single.metrics().value("weir_pins_total", pool="tenants") == 0
    assert single.metrics().value("weir_settings_replayed_total", pool="tenants") >= 3


def test_clients_that_agree_cost_no_replay(single):
    clients = [raw(single) for _ in range(3)]
    for client in clients:
        client.query("SET time_zone = '+01:00'")
    before = single.metrics().value("weir_settings_replayed_total", pool="tenants")
    for _ in range(5):
        for client in clients:
            assert client.value("SELECT @@time_zone") == "+01:00"
    assert single.metrics().value("weir_settings_replayed_total", pool="tenants") == before


def test_the_handshakes_collation_is_in_force_on_whichever_connection(single):
    bin_, latin = raw(single, collation=46), raw(single, collation=8)
    for _ in range(2):
        assert bin_.value("SELECT @@collation_connection") == "utf8mb4_bin"
        assert latin.value("SELECT @@collation_connection") == "latin1_swedish_ci"
        assert latin.value("SELECT @@character_set_results") == "latin1"


def test_what_a_setting_sets_back_is_the_servers_own_again(single):
    setter, other = raw(single), raw(single)
    own = other.value("SELECT @@sql_mode")
    setter.query("SET sql_mode = ''")
    assert other.value("SELECT @@sql_mode") == own
    setter.query("SET sql_mode = DEFAULT")
    assert setter.value("SELECT @@sql_mode") == own


def test_a_setting_for_one_statement_stays_with_that_statement(single):
    setter, other = raw(single), raw(single)
    assert setter.value("SET STATEMENT max_statement_time = 7 FOR SELECT @@max_statement_time") \
        == "7.000000"
    assert setter.value("SELECT @@max_statement_time") == "0.000000"
    assert other.value("SELECT @@max_statement_time") == "0.000000"
    other.query("SET time_zone = '+03:00'")
    assert other.value("SELECT @@max_statement_time") == "0.000000"


def test_what_a_procedure_sets_is_carried_along(single, server):
    server.execute("CREATE OR REPLACE PROCEDURE sets() SET time_zone = '+09:00'", "tenant_a")
    setter, other = raw(single), raw(single)
    setter.query("CALL sets()")
    assert other.value("SELECT @@time_zone") == "SYSTEM"
    assert setter.value("SELECT @@time_zone") == "+09:00"


# -- pins


@pytest.mark.parametrize("statement, reason, question, expected", [
    ("SET @x = 5", "user_variable", "SELECT @x", "5"),
    ("SELECT @x := 6", "user_variable", "SELECT @x", "6"),
    ("SELECT 7 INTO @x", "user_variable", "SELECT @x", "7"),
    ("CREATE TEMPORARY TABLE own (a INT)", "temp_table", "SELECT COUNT(*) FROM own", "0"),
    ("SELECT GET_LOCK('weir', 1)", "advisory_lock", "SELECT IS_USED_LOCK('weir') IS NOT NULL", "1"),
    ("LOCK TABLES notes WRITE", "lock", "SELECT COUNT(*) FROM notes", "0"),
    ("HANDLER notes OPEN", "lock", "SELECT 1", "1"),
    ("PREPARE own FROM 'SELECT 8'", "prepared", "EXECUTE own", "8"),
    ("SET timestamp = 1000", "setting", "SELECT UNIX_TIMESTAMP()", "1000"),
    ("SET ROLE NONE", "other", "SELECT 1", "1"),
])
def test_what_cant_be_carried_keeps_the_connection(pair, statement, reason, question, expected):
    keeper, other = raw(pair), raw(pair)
    keeper.query(statement)
    until(lambda: pinned(pair, reason) == 1, "it is kept")
    for _ in range(3):
        assert other.value("SELECT 1") == "1"
    assert keeper.value(question) == expected
    until(lambda: pinned(pair, reason) == 1, "it is kept")
    keeper.close()
    settled(pair)
    assert raw(pair).value("SELECT @x") is None
    with pytest.raises(mysql_raw.ServerError):
        raw(pair).query("SELECT * FROM own")
    metrics = pair.metrics()
    assert metrics.value("weir_pins_total", pool="tenants", reason=reason) == 1
    assert metrics.value("weir_releases_total", pool="tenants", result="reset") == 1


@pytest.mark.parametrize("begin, end", [
    ("LOCK TABLES notes READ", "UNLOCK TABLES"),
    ("SELECT GET_LOCK('weir', 1)", "SELECT RELEASE_ALL_LOCKS()"),
    ("XA START 'x'", "XA END 'x'; XA ROLLBACK 'x'"),
])
def test_a_pin_ends_when_its_reason_does(pair, begin, end):
    client = raw(pair)
    client.query(begin)
    until(lambda: counts(pair)["used"] + counts(pair)["pinned"] == 1, "it is kept")
    for statement in end.split(";"):
        client.query(statement.strip())
    settled(pair)


def test_a_transactions_own_isolation_keeps_the_connection_until_it_is_over(pair):
    client = raw(pair)
    client.query("SET TRANSACTION ISOLATION LEVEL READ UNCOMMITTED")
    until(lambda: pinned(pair, "setting") == 1, "it is kept")
    client.query("BEGIN")
    client.query("SELECT COUNT(*) FROM notes")
    client.query("COMMIT")
    settled(pair)


def test_a_procedure_that_leaves_variables_keeps_the_connection(pair, server):
    server.execute("CREATE OR REPLACE PROCEDURE leaves() SELECT 5 INTO @left_behind", "tenant_a")
    server.execute("CREATE OR REPLACE PROCEDURE tidy() SELECT 1", "tenant_a")
    client = raw(pair)
    client.query_all("CALL tidy()")
    settled(pair)
    client.query_all("CALL leaves()")
    until(lambda: pinned(pair, "user_variable") == 1, "it is kept")  # asked for after the client has its reply
    assert client.value("SELECT @left_behind") == "5"


def test_a_reset_connection_ends_the_pin_and_begins_the_session_anew(pair):
    client = raw(pair)
    client.query("SET @x = 1, time_zone = '+04:00'")
    until(lambda: pinned(pair) == 1, "it is kept")
    client.ask(mysql_raw.RESET_CONNECTION)
    settled(pair)
    assert client.query("SELECT @x, @@time_zone").rows == [(None, "SYSTEM")]
    assert client.value("SELECT @@collation_connection") == "utf8mb4_general_ci"


def test_a_pool_that_resets_state_does_not_keep_connections(server, start_mysql_weir):
    weir = start_mysql_weir(server, pool=[{**POOL, "max_size": 1, "session_state": "reset"}])
    client = raw(weir)
    client.query("SET @x = 1")
    assert client.value("SELECT @x") is None
    client.query("SET time_zone = '+04:00'")
    assert client.value("SELECT @@time_zone") == "SYSTEM"
    assert weir.metrics().value("weir_pins_total", pool="tenants") == 0


def test_a_pool_that_rejects_state_says_so(server, start_mysql_weir):
    weir = start_mysql_weir(server, pool=[{**POOL, "max_size": 1, "session_state": "reject"}])
    client = raw(weir)
    with pytest.raises(mysql_raw.ServerError) as refused:
        client.query("SET @x = 1")
    assert refused.value.number == 1235 and "tenants" in refused.value.message
    client.query("SET time_zone = '+04:00'")
    assert client.value("SELECT @@time_zone") == "+04:00"


def test_in_session_mode_everything_stays_until_the_client_goes(server, start_mysql_weir):
    weir = start_mysql_weir(server, pool=[{**POOL, "max_size": 2, "mode": "session"}])
    client = raw(weir)
    client.query("SET @x = 1")
    assert client.value("SELECT @x") == "1"
    until(lambda: counts(weir)["used"] == 1, "it is kept")
    client.close()
    settled(weir)
    assert raw(weir).value("SELECT @x") is None


def test_in_statement_mode_a_transaction_is_refused(server, start_mysql_weir):
    weir = start_mysql_weir(server, pool=[{**POOL, "max_size": 2, "mode": "statement"}])
    client = weir.mysql()
    assert ask(client, "SELECT 1") == ((1,),)
    with pytest.raises(pymysql.Error):
        ask(client, "BEGIN")
        ask(client, "SELECT 1")
    settled(weir)


# -- the statement before


def test_last_insert_ids_are_each_clients_own(single):
    first, second = raw(single), raw(single)
    assert first.query("INSERT INTO notes (words) VALUES ('a')").insert_id == 1
    assert second.query("INSERT INTO notes (words) VALUES ('b')").insert_id == 2
    assert first.value("SELECT LAST_INSERT_ID()") == "1"
    assert second.value("SELECT LAST_INSERT_ID() + 0") == "2"
    assert raw(single).value("SELECT LAST_INSERT_ID()") == "0"
    first.query("INSERT INTO notes (id, words) SELECT LAST_INSERT_ID() + 100, 'c'")
    assert second.value("SELECT MAX(id) FROM notes") == "101"


def test_a_given_id_is_told_but_not_remembered(single):
    first, second = raw(single), raw(single)
    first.query("INSERT INTO notes (words) VALUES ('a')")
    assert first.query("INSERT INTO notes (id, words) VALUES (500, 'b')").insert_id == 500
    second.query("SELECT 1")
    assert first.value("SELECT LAST_INSERT_ID()") == "1"
    second.query("UPDATE notes SET id = LAST_INSERT_ID(77) WHERE id = 500")
    first.query("SELECT 1")
    assert second.value("SELECT LAST_INSERT_ID()") == "77"
    first.query("SET last_insert_id = 9")
    second.query("SELECT 1")
    assert first.value("SELECT @@last_insert_id") == "9"


def test_an_id_that_no_ok_tells_is_its_takers_own(single, tmp_path):
    path = tmp_path / "rows"
    path.write_text("x\ny\n")
    first, loader = raw(single), single.mysql(local_infile=True)
    assert first.query("INSERT INTO notes (words) VALUES ('a')").insert_id == 1
    ask(loader, f"LOAD DATA LOCAL INFILE '{path}' INTO TABLE notes (words)")
    assert first.value("SELECT LAST_INSERT_ID() + 0") == "1"
    assert ask(loader, "SELECT LAST_INSERT_ID()") == ((2,),)
    ask(loader, "CREATE OR REPLACE TABLE copied (id INT AUTO_INCREMENT PRIMARY KEY) SELECT NULL AS id")
    assert first.value("SELECT LAST_INSERT_ID() + 0") == "1"
    several = raw(single, capabilities=mysql_raw.MULTI_STATEMENTS)
    several.query_all("INSERT INTO notes (words) VALUES ('b'); DO 1")
    taken = several.value("SELECT MAX(id) FROM notes")
    assert first.value("SELECT LAST_INSERT_ID() + 0") == "1"
    assert several.value("SELECT LAST_INSERT_ID()") == taken
    ask(loader, "DROP TABLE copied")


def test_an_insert_id_is_asked_for_where_it_is(pair):
    keeper, writer = raw(pair), raw(pair)
    writer.query("INSERT INTO notes (words) VALUES ('a')")
    keeper.query("BEGIN")  # the hottest connection, the writer's
    assert writer.value("SELECT LAST_INSERT_ID()") == "1"
    keeper.query("ROLLBACK")


def test_warnings_are_those_of_the_clients_own_statement(single):
    first, second = raw(single), raw(single)
    assert first.query("SELECT CAST('1x' AS INT)").warnings == 1
    assert second.query("SHOW WARNINGS").rows == []
    assert first.query("SHOW WARNINGS").rows == [
        ("Warning", "1292", "Truncated incorrect INTEGER value: '1x'")]
    with pytest.raises(mysql_raw.ServerError):
        second.query("SELECT nothing_there")
    first.query("SELECT 1 FROM notes")
    assert [row[1] for row in second.query("SHOW WARNINGS").rows] == ["1054"]
    assert first.query("SHOW WARNINGS").rows == []


def test_found_rows_and_row_counts_are_the_clients_own(single):
    first, second = raw(single), raw(single)
    first.query("INSERT INTO notes (words) VALUES ('a'), ('b'), ('c')")
    assert second.query("SELECT 1 UNION SELECT 2").rows == [("1",), ("2",)]
    result = first.query("SELECT ROW_COUNT() AS n")
    assert result.rows == [("3",)] and result.columns == ["n"]
    assert second.value("SELECT FOUND_ROWS()") == "2"
    first.query("SELECT SQL_CALC_FOUND_ROWS id FROM notes LIMIT 1")
    second.query("SELECT 1")
    assert first.value("SELECT FOUND_ROWS()") == "3"


# -- who it is


def test_a_connection_id_is_the_one_that_the_client_was_told(single):
    first, second = raw(single), raw(single)
    assert first.thread_id != second.thread_id
    for client in (first, second):
        assert client.value("SELECT CONNECTION_ID()") == str(client.thread_id)
        assert client.value("SELECT connection_id() + 1") == str(client.thread_id + 1)
        assert client.query("SELECT CONNECTION_ID() AS me").columns == ["me"]


@pytest.mark.parametrize("by_command", [False, True])
def test_a_client_kills_another_by_the_number_that_it_was_told(pair, by_command):
    victim, killer = raw(pair), raw(pair)
    victim.command(mysql_raw.QUERY, b"SELECT SLEEP(30)")
    until(lambda: counts(pair)["used"] == 1, "the query runs")
    killer.query(f"KILL QUERY {victim.thread_id}")
    try:
        assert victim.reply().rows == [("1",)]
    except mysql_raw.ServerError as interrupted:
        assert interrupted.number == 1317
    assert victim.value("SELECT 1") == "1"
    if by_command:
        killer.ask(mysql_raw.PROCESS_KILL, victim.thread_id.to_bytes(4, "little"))
    else:
        killer.query(f"KILL {victim.thread_id}")
    with pytest.raises((mysql_raw.ServerError, mysql_raw.Ended, ConnectionError)):
        victim.query("SELECT 1")
        victim.query("SELECT 1")
    with pytest.raises(mysql_raw.ServerError) as unknown:
        killer.query("KILL 4294967000")
    assert unknown.value.number == 1094
    settled(pair)


def test_a_client_can_only_kill_those_of_its_own_user(pair):
    victim, killer = raw(pair), raw(pair, user="somebody")
    with pytest.raises(mysql_raw.ServerError) as refused:
        killer.query(f"KILL {victim.thread_id}")
    assert refused.value.number == 1095
    assert victim.value("SELECT 1") == "1"
