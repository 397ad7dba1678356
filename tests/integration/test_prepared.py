"""Named statements of messages in shared connections: known wherever the client is served, parsed once."""

import pytest

from harness import messages as m
from harness.raw import RawClient, Refused, kinds

pytestmark = pytest.mark.sanitized


@pytest.fixture
def start(start_weir, postgres):
    """start(…): a daemon whose one pool has these settings."""
    def started(**settings):
        return start_weir(postgres, pool=[{"name": "p", "match": "tenant_{tenant}", **settings}])
    return started


def login(weir):
    return RawClient(weir.ports["trusted"]).login("tenant_b")


def held_apart(weir, count):
    """Clients in transactions of their own: each on another server connection."""
    clients = [login(weir) for _ in range(count)]
    for client in clients:
        client.query("BEGIN")
    return clients


def test_a_statement_runs_on_every_connection(start):
    weir = start(max_size=3)
    with login(weir) as client:
        client.ask(m.parse("SELECT 'mine', $1::int, pg_backend_pid()", "s") + m.SYNC)
        seen = set()
        for _ in range(3):
            others = held_apart(weir, 2 - len(seen) if len(seen) < 2 else 0)
            rows = client.rows(m.bind("s", values=[7]) + m.execute() + m.SYNC)
            assert rows[0][:2] == ["mine", "7"]
            seen.add(rows[0][2])
            for other in others:
                other.close()
        blocker = held_apart(weir, 1)[0]
        rows = client.rows(m.bind("s", values=[8]) + m.execute() + m.SYNC)
        assert rows[0][:2] == ["mine", "8"]
        blocker.close()
        assert weir.value("weir_pins_total") == 0
        assert weir.value("weir_prepared_statement_requests_total", result="miss") >= 2


def test_clients_with_the_same_text_share_it(start):
    weir = start(max_size=1)
    with login(weir) as one, login(weir) as two:
        one.ask(m.parse("SELECT $1::text", "a") + m.SYNC)
        assert kinds(two.ask(m.parse("SELECT $1::text", "b") + m.describe("b") + m.SYNC)) == "1tTZ"
        assert two.rows(m.bind("b", values=["x"]) + m.execute() + m.SYNC) == [["x"]]
        assert weir.value("weir_prepared_statements") == 1
        assert one.query("SELECT count(*) FROM pg_prepared_statements") == [["1"]]


def test_the_same_name_means_each_clients_own(start):
    weir = start(max_size=1)
    with login(weir) as one, login(weir) as two:
        one.ask(m.parse("SELECT 'one'", "s") + m.SYNC)
        two.ask(m.parse("SELECT 'two'", "s") + m.SYNC)
        for _ in range(3):
            assert one.rows(m.bind("s") + m.execute() + m.SYNC) == [["one"]]
            assert two.rows(m.bind("s") + m.execute() + m.SYNC) == [["two"]]
    with login(weir) as later, pytest.raises(Refused) as caught:
        later.rows(m.bind("s") + m.execute() + m.SYNC)
    assert caught.value.code == "26000" and '"s"' in str(caught.value)


def test_a_name_in_use_is_refused_by_its_own_name(start):
    with login(start(max_size=1)) as client:
        client.ask(m.parse("SELECT 1", "s") + m.SYNC)
        with pytest.raises(Refused) as caught:
            client.rows(m.parse("SELECT 2", "s") + m.SYNC)
        assert caught.value.code == "42P05"
        assert str(caught.value).endswith('prepared statement "s" already exists')
        assert client.rows(m.bind("s") + m.execute() + m.SYNC) == [["1"]]


def test_close_frees_the_name_and_is_answered_in_its_turn(start):
    with login(start(max_size=1)) as client:
        answer = client.ask(m.parse("SELECT 1", "s") + m.bind("s") + m.execute() + m.close("s")
                            + m.parse("SELECT 2", "s") + m.bind("s") + m.execute() + m.close("unknown") + m.SYNC)
        assert kinds(answer) == "12DC312DC3Z"


def test_what_an_error_skips_has_not_happened(start):
    with login(start(max_size=1)) as client:
        client.ask(m.parse("SELECT 1", "old") + m.SYNC)
        answer = client.ask(m.bind("missing") + m.parse("SELECT 2", "new") + m.close("old") + m.SYNC)
        assert kinds(answer) == "EZ"
        assert client.rows(m.bind("old") + m.execute() + m.SYNC) == [["1"]]
        with pytest.raises(Refused) as caught:
            client.rows(m.bind("new") + m.execute() + m.SYNC)
        assert caught.value.code == "26000" and '"new"' in str(caught.value)


def test_a_parse_that_fails_is_not_remembered(start):
    with login(start(max_size=2)) as client:
        for _ in range(2):
            assert kinds(client.ask(m.parse("SELECT * FROM not_there", "s") + m.SYNC)) == "EZ"
        assert kinds(client.ask(m.parse("SELECT 1", "s") + m.SYNC)) == "1Z"


def test_the_least_recently_used_makes_room(start):
    weir = start(max_size=1, prepared_statements=10)
    with login(weir) as client:
        for number in range(30):
            client.ask(m.parse(f"SELECT {number}", f"s{number}") + m.SYNC)
        for number in range(30):
            assert client.rows(m.bind(f"s{number}") + m.execute() + m.SYNC) == [[str(number)]]
        assert weir.value("weir_prepared_statements") == 10
        assert weir.value("weir_prepared_statement_evictions_total") == 50
        assert client.query("SELECT count(*) FROM pg_prepared_statements") == [["10"]]


def test_more_in_one_batch_than_there_is_room_for(start):
    weir = start(max_size=1, prepared_statements=3)
    with login(weir) as client:
        parts = [m.parse(f"SELECT {number}", f"s{number}") for number in range(8)]
        parts += [m.bind(f"s{number}") + m.execute() for number in range(8)]
        assert client.rows(*parts, m.SYNC) == [[str(number)] for number in range(8)]


def test_a_plan_that_ddl_outdates_works_at_the_next_try(start, postgres):
    weir = start(max_size=1)
    with login(weir) as client:
        client.query("CREATE TABLE changing (n int)")
        client.ask(m.parse("SELECT * FROM changing", "s") + m.SYNC)
        client.rows(m.bind("s") + m.execute() + m.SYNC)
        client.query("ALTER TABLE changing ADD words text")
        with pytest.raises(Refused) as caught:
            client.rows(m.bind("s") + m.execute() + m.SYNC)
        assert caught.value.code == "0A000"
        assert client.rows(m.bind("s") + m.execute() + m.SYNC) == []


@pytest.mark.parametrize("everything", ["DEALLOCATE ALL", "DISCARD ALL"])
def test_all_statements_end_by_the_tag(start, everything):
    weir = start(max_size=1)
    with login(weir) as client, login(weir) as other:
        client.ask(m.parse("SELECT 1", "s") + m.SYNC)
        other.ask(m.parse("SELECT 'other'", "t") + m.SYNC)
        client.query(everything)
        with pytest.raises(Refused) as caught:
            client.rows(m.bind("s") + m.execute() + m.SYNC)
        assert caught.value.code == "26000"
        assert other.rows(m.bind("t") + m.execute() + m.SYNC) == [["other"]], "it is the other's all the same"


@pytest.mark.parametrize("protocol", ["simple", "extended"])
def test_deallocate_ends_one_for_its_client_alone(start, protocol):
    weir = start(max_size=1)
    with login(weir) as client, login(weir) as other:
        for who in (client, other):
            who.ask(m.parse("SELECT 1", "s") + m.SYNC)
        statement = "DEALLOCATE PREPARE s"
        answer = client.ask(m.query(statement) if protocol == "simple" else m.extended(statement))
        assert [body for kind, body in answer if kind == b"C"] == [b"DEALLOCATE\0"]
        assert other.rows(m.bind("s") + m.execute() + m.SYNC) == [["1"]]
        with pytest.raises(Refused) as caught:
            client.rows(m.bind("s") + m.execute() + m.SYNC)
        assert caught.value.code == "26000"


def test_a_literal_keeps_the_meaning_that_it_had(start):
    """The same text under two DateStyles is two statements."""
    weir = start(max_size=1)
    with login(weir) as american, login(weir) as european:
        european.query("SET DateStyle TO 'ISO, DMY'")
        for client, month in ((american, "01"), (european, "02")):
            client.ask(m.parse("SELECT to_char('01/02/2020'::date, 'MM')", "s") + m.SYNC)
            assert client.rows(m.bind("s") + m.execute() + m.SYNC) == [[month]]


OLDER = [("DateStyle", "ISO, DMY", "SELECT to_char('01/02/2020'::date, 'MM')", "01"),
         ("DateStyle", "ISO, DMY", "SELECT DISTINCT to_char('01/02/2020'::date, 'MM') FROM pg_class", "01"),
         ("TimeZone", "Asia/Tokyo", "SELECT to_char('2020-01-02 00:00'::timestamptz AT TIME ZONE 'UTC', 'HH24')", "00"),
         ("IntervalStyle", "sql_standard", "SELECT extract(hours FROM '-1 2:00'::interval)", "2"),
         ("standard_conforming_strings", "off", r"SELECT length('a\n')", "3"),
         ("transform_null_equals", "on", "SELECT (NULL::int = NULL) IS NULL", "t")]


@pytest.mark.parametrize("name, value, text, meaning", OLDER)
@pytest.mark.parametrize("block", [False, True], ids=["alone", "in a transaction"])
def test_a_statement_older_than_its_clients_change_of_meaning_means_the_same_everywhere(
        start, block, name, value, text, meaning):
    weir = start(max_size=3)
    with login(weir) as client, login(weir) as other:
        client.ask(m.parse(text, "s") + m.SYNC)
        client.query(f"SET {name} TO '{value}'")
        seen = set()
        for _ in range(3):
            blockers = held_apart(weir, len(seen))
            client.query("BEGIN" if block else "SELECT 1")
            answer = client.ask(m.bind("s") + m.execute() + m.parse("SELECT pg_backend_pid(), current_setting($1)")
                                + m.bind(values=[name]) + m.execute() + m.SYNC)
            assert kinds(answer) == "2DC12DCZ"
            found, (process, present) = [m.data_row(body) for kind, body in answer if kind == b"D"]
            assert found == [meaning]
            assert present == value
            seen.add(process)
            if block:
                client.query("COMMIT")
            assert client.query(f"SHOW {name}") == [[value]]
            for blocker in blockers:
                blocker.close()
        assert len(seen) == 3
        assert weir.value("weir_pins_total") == 0
        other.ask(m.parse(text, "s") + m.SYNC)
        assert other.rows(m.bind("s") + m.execute() + m.SYNC) == [[meaning]]
        assert other.query(f"SHOW {name}") != [[value]]


def test_what_the_server_reads_anew_for_one_client_is_the_others_as_before(start):
    """A table's change makes the server analyse a text again, under the settings of whoever runs it next."""
    weir = start(max_size=1)
    with login(weir) as american, login(weir) as european:
        american.query("CREATE TABLE IF NOT EXISTS dated (n int)")
        text = "SELECT to_char('01/02/2020'::date, 'MM') FROM (SELECT count(*) FROM dated) counted"
        for client in (american, european):
            client.ask(m.parse(text, "s") + m.SYNC)
        european.query("SET DateStyle TO 'ISO, DMY'")
        assert european.rows(m.bind("s") + m.execute() + m.SYNC) == [["01"]]
        american.query("ALTER TABLE dated ADD words text")
        assert european.rows(m.bind("s") + m.execute() + m.SYNC) == [["02"]], "as on a connection of its own"
        assert american.rows(m.bind("s") + m.execute() + m.SYNC) == [["01"]]
        american.query("DROP TABLE dated")


def test_names_like_ours_are_the_clients(start):
    weir = start(max_size=1)
    with login(weir) as one, login(weir) as other:
        one.ask(m.parse("SELECT 'one'", "s") + m.SYNC)
        for number in range(1, 4):
            with pytest.raises(Refused) as caught:
                other.rows(m.bind(f"_weir_{number}") + m.execute() + m.SYNC)
            assert caught.value.code == "26000"
            other.ask(m.close(f"_weir_{number}") + m.SYNC)
        assert one.rows(m.bind("s") + m.execute() + m.SYNC) == [["one"]]


def test_a_large_bind_and_single_bytes(start):
    with login(start(max_size=1)) as client:
        client.ask(m.parse("SELECT length($1::text)", "long name") + m.SYNC)
        words = "x" * (3 << 20)
        assert client.rows(m.bind("long name", values=[words]) + m.execute() + m.SYNC) == [[str(3 << 20)]]
        for byte in m.bind("long name", values=["abc"]) + m.execute() + m.close("long name") + m.SYNC:
            client.send(bytes([byte]))
        assert kinds(client.until_ready()) == "2DC3Z"


def test_a_statement_too_long_to_share_keeps_its_connection(start):
    weir = start(max_size=2)
    with login(weir) as client:
        client.ask(m.parse("SELECT 'long' /*" + "x" * 70000 + "*/", "s") + m.SYNC)
        assert client.rows(m.bind("s") + m.execute() + m.SYNC) == [["long"]]
        assert weir.value("weir_pins_total", reason="prepared") == 1


def test_without_room_for_any_a_statement_keeps_its_connection(start):
    weir = start(max_size=2, prepared_statements=0)
    with login(weir) as client:
        client.ask(m.parse("SELECT 'kept'", "s") + m.SYNC)
        assert client.rows(m.bind("s") + m.execute() + m.SYNC) == [["kept"]]
        assert weir.value("weir_pins_total", reason="prepared") == 1


def test_unnamed_statements_can_be_run_as_shared_ones(start):
    weir = start(max_size=1, unnamed_statements="cache")
    with login(weir) as one, login(weir) as two:
        for number in range(10):
            assert one.rows(m.extended("SELECT $1::int + 1", number)) == [[str(number + 1)]]
            assert two.rows(m.extended("SELECT $1::int + 2", number)) == [[str(number + 2)]]
        assert weir.value("weir_prepared_statement_requests_total", result="miss") == 2
        assert one.query("SELECT count(*) FROM pg_prepared_statements") == [["2"]]
        with pytest.raises(Refused) as caught:
            one.rows(m.bind(values=[1]) + m.execute() + m.SYNC)
        assert caught.value.code == "26000", "a simple Query ends the unnamed statement"
