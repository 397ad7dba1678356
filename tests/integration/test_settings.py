"""A session's settings in shared connections: the client's wherever it is served, and nobody else's."""

import random
import threading

import pytest

from harness import messages as m
from harness.raw import RawClient, Refused
from harness.waiting import until

pytestmark = pytest.mark.sanitized

RAILS = ["SET client_min_messages TO 'warning'", "SET standard_conforming_strings = on",
         "SET SESSION timezone TO 'UTC'"]


@pytest.fixture
def start(start_weir, postgres):
    """start(…): a daemon whose one pool has these settings."""
    def started(**settings):
        return start_weir(postgres, pool=[{"name": "p", "match": "tenant_{tenant}", **settings}])
    return started


def login(weir, **options):
    return RawClient(weir.ports["trusted"]).login("tenant_b", **options)


@pytest.mark.parametrize("statement, name, value", [
    ("SET work_mem = '6MB'", "work_mem", "6MB"),
    ("SET work_mem TO 6144", "work_mem", "6MB"),
    ("SET SESSION statement_timeout TO 61000", "statement_timeout", "61s"),
    ("SET TIME ZONE 'Asia/Tokyo'", "TimeZone", "Asia/Tokyo"),
    ("SET NAMES 'LATIN1'", "client_encoding", "LATIN1"),
    ("SET DateStyle TO German, DMY", "DateStyle", "German, DMY"),
    ("SET search_path TO pg_catalog, \"odd name\"", "search_path", 'pg_catalog, "odd name"'),
    ("SET my.own = 'it''s'", "my.own", "it's"),
    ("BEGIN; SET work_mem = '6MB'; COMMIT", "work_mem", "6MB"),
    ("BEGIN; SAVEPOINT s; SET work_mem = '7MB'; ROLLBACK TO s; SET statement_timeout = 0; SET work_mem = '6MB';"
     "COMMIT", "work_mem", "6MB"),
    ("SET work_mem = '6MB'; SET statement_timeout = 1234", "work_mem", "6MB"),
    ("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY", "default_transaction_read_only", "on"),
])
@pytest.mark.parametrize("protocol", ["simple", "extended"])
def test_a_setting_is_its_clients_on_every_connection(start, statement, name, value, protocol):
    weir = start(max_size=2)
    with login(weir) as mine, login(weir) as stranger:
        if protocol == "simple" or ";" in statement:
            mine.query(statement)
        else:
            mine.rows(m.extended(statement))
        for _ in range(4):
            assert mine.query(f"SHOW {name}") == [[value]]
            assert stranger.query(f"SELECT coalesce(current_setting('{name}', true), '')") != [[value]]
        with login(weir) as holder:  # it occupies whichever connection was used last
            holder.query("BEGIN")
            assert mine.query(f"SHOW {name}") == [[value]]
            holder.query("COMMIT")
        assert weir.value("weir_pins_total") == 0
        assert weir.value("weir_settings_replayed_total") >= 1


@pytest.mark.parametrize("statement", [
    "BEGIN; SET work_mem = '6MB'; ROLLBACK",
    "BEGIN; SAVEPOINT s; SET work_mem = '6MB'; ROLLBACK TO s; COMMIT",
    "BEGIN; SET LOCAL work_mem = '6MB'; COMMIT",
    "SET work_mem = '6MB'; RESET work_mem",
    "SET work_mem = '6MB'; RESET ALL",
])
def test_what_was_taken_back_is_not_carried(start, statement):
    weir = start(max_size=1)
    with login(weir) as client, login(weir) as other:
        usual = other.query("SHOW work_mem")
        client.query(statement)
        assert client.query("SHOW work_mem") == usual
        assert other.query("SHOW work_mem") == usual
        assert weir.value("weir_pins_total") == 0


def test_start_up_parameters_are_the_settings_to_go_back_to(start):
    weir = start(max_size=1)
    with login(weir, options="-c work_mem=5MB", DateStyle="German") as client, login(weir) as other:
        other.query("SELECT 1")
        assert client.query("SHOW work_mem") == [["5MB"]]
        assert client.parameters["DateStyle"] == "German, DMY"
        client.query("SET work_mem = '6MB'")
        other.query("SELECT 1")
        assert client.query("SHOW work_mem") == [["6MB"]]
        client.query("RESET work_mem")
        assert client.query("SHOW work_mem") == [["5MB"]]
        client.query("DISCARD ALL")
        assert client.query("SHOW work_mem") == [["5MB"]]
        assert client.query("SHOW DateStyle") == [["German, DMY"]]
        assert other.query("SHOW DateStyle") == [["ISO, MDY"]]


def test_the_server_sees_each_clients_application_name(start):
    weir = start(max_size=1)
    with login(weir, application_name="one") as one, login(weir, application_name="two") as two:
        for _ in range(3):
            assert one.query("SHOW application_name") == [["one"]]
            assert two.query("SHOW application_name") == [["two"]]


def test_clients_that_agree_cost_nothing(start):
    weir = start(max_size=1)
    with login(weir, application_name="same") as one, login(weir, application_name="same") as two:
        one.query("SELECT 1")
        before = weir.metrics()
        for _ in range(5):
            one.query("SELECT 1")
            two.query("SELECT 1")
        assert weir.since(before).value("weir_settings_replayed_total") == 0


def test_the_client_is_told_of_parameters_as_by_its_own_server(start):
    weir = start(max_size=1)
    with login(weir) as client, login(weir, DateStyle="German") as other:
        answer = client.ask(m.query("SET DateStyle TO 'SQL, DMY'"))
        assert (b"S", b"DateStyle\0SQL, DMY\0") in answer
        other.query("SELECT 1")
        assert [kind for kind, _ in client.ask(m.query("SELECT 1"))] == [b"T", b"D", b"C", b"Z"]


def test_a_start_up_value_that_the_server_refuses_ends_the_login(start):
    weir = start(max_size=1)
    with pytest.raises(Refused) as caught:
        login(weir, options="-c work_mem=plenty")
    assert caught.value.code == "22023"
    assert caught.value.fields["S"] == "FATAL"
    with login(weir) as other:
        assert other.query("SELECT 1") == [["1"]]


@pytest.mark.parametrize("statement, reason", [
    ("SET ROLE app", "other"), ("SELECT set_config('work_mem', '6MB', false)", "setting"),
    ("DO $$ BEGIN SET work_mem = '6MB'; END $$", "setting")])
def test_what_has_no_name_keeps_the_connection(start, statement, reason):
    weir = start(max_size=2)
    with login(weir) as client:
        client.query(statement)
        assert weir.value("weir_pins_total", reason=reason) == 1


def test_reset_wipes_what_was_changed_and_only_then(start):
    weir = start(max_size=1, session_state="reset")
    with login(weir) as client, login(weir) as other:
        client.query("SELECT 1")
        assert weir.value("weir_releases_total", result="reset") == 0
        client.query("CREATE TEMP TABLE mine AS SELECT 1")
        client.query("SET work_mem = '6MB'")
        assert other.query("SELECT to_regclass('pg_temp.mine') IS NULL") == [["t"]]
        assert client.query("SHOW work_mem") != [["6MB"]]
        assert weir.value("weir_releases_total", result="reset") == 2
        assert weir.value("weir_pins_total") == 0


@pytest.mark.parametrize("protocol", ["simple", "extended"])
def test_reject_refuses_what_cannot_be_carried(start, protocol):
    weir = start(max_size=1, session_state="reject")

    def ask(client, statement):
        return client.query(statement) if protocol == "simple" else client.rows(m.extended(statement))
    with login(weir) as client:
        ask(client, "SET work_mem = '6MB'")
        with pytest.raises(Refused) as caught:
            ask(client, "CREATE TEMP TABLE mine AS SELECT 1")
        assert caught.value.code == "0A000" and "temp_table" in str(caught.value)
        assert ask(client, "SHOW work_mem") == [["6MB"]]
        ask(client, "BEGIN")
        with pytest.raises(Refused):
            ask(client, "LISTEN news")
        with pytest.raises(Refused) as caught:
            ask(client, "SELECT 1")
        assert caught.value.code == "25P02", "as after any other error"
        ask(client, "ROLLBACK")
        assert weir.value("weir_pins_total") == 0


def test_a_hundred_rails_like_clients_on_five_connections(start, size):
    """Every one has its SETs, and some have others: nobody ever sees a stranger's."""
    weir = start(max_size=5)
    clients = size(60, 100)
    errors = []

    def work(number):
        chance = random.Random(number)
        own = f"{1000 + number % 7}ms"
        try:
            with login(weir, application_name=f"rails {number % 3}") as client:
                for statement in RAILS:
                    client.query(statement)
                client.query(f"SET statement_timeout = '{own}'")
                for _ in range(20):
                    shown = client.query(
                        "SELECT current_setting('statement_timeout'), current_setting('client_min_messages'),"
                        " current_setting('TimeZone'), current_setting('application_name')")
                    # 1s is how the server spells 1000ms
                    assert shown == [[own.replace("1000ms", "1s"), "warning", "UTC", f"rails {number % 3}"]], shown
                    if chance.random() < 0.2:
                        own = f"{2000 + chance.randint(1, 900)}ms"
                        client.query(f"BEGIN; SET statement_timeout = '{own}'; COMMIT")
        except Exception as error:  # shown below
            errors.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert not errors, errors[:3]
    assert weir.value("weir_pins_total") == 0
    assert weir.value("weir_settings_replayed_total") > clients


SECRET = "tenant_a_secret"


@pytest.mark.parametrize("text", ["RESET ALL", "RESET search_path", "DISCARD ALL"])
@pytest.mark.parametrize("bound", [False, True], ids=["parsed", "bound"])
def test_a_text_that_is_never_executed_changes_nothing(start, text, bound):
    weir = start(max_size=1)
    with login(weir) as mine, login(weir) as other:
        mine.query(f"SET search_path TO {SECRET}")
        mine.ask(m.parse(text, "s") + (m.bind("s") if bound else b"") + m.SYNC)
        assert other.query("SHOW search_path") != [[SECRET]]
        assert mine.query("SHOW search_path") == [[SECRET]]


def test_what_is_pipelined_behind_discard_all_stays_the_clients(start):
    weir = start(max_size=1)
    with login(weir) as mine, login(weir) as other:
        mine.send(m.query("DISCARD ALL"), m.query(f"SET search_path TO {SECRET}"),
                  m.query("SET timezone TO 'Asia/Tokyo'"))
        for _ in range(3):
            mine.until_ready()
        assert other.query("SHOW search_path") != [[SECRET]]
        assert other.query("SHOW timezone") != [["Asia/Tokyo"]]
        assert mine.query("SHOW search_path") == [[SECRET]]
        assert mine.query("SHOW timezone") == [["Asia/Tokyo"]]


@pytest.mark.parametrize("text", ["RESET ALL; SET timezone TO 'Asia/Tokyo'",
                                  "BEGIN; RESET ALL; SET timezone TO 'Asia/Tokyo'; COMMIT"])
def test_a_set_behind_a_reset_in_one_text_counts(start, text):
    weir = start(max_size=1)
    with login(weir) as mine, login(weir) as other:
        mine.query(text)
        assert other.query("SHOW timezone") != [["Asia/Tokyo"]]
        assert mine.query("SHOW timezone") == [["Asia/Tokyo"]]


@pytest.mark.parametrize("text", ["SET schema.tenant = 'a'", "SET names.tenant = 'a'", "RESET session.tenant",
                                  "UPDATE pg_settings SET setting = '7MB' WHERE name = 'work_mem'",
                                  "SELECT set_config('work_mem', '7MB', \"true\") FROM (SELECT false AS \"true\") t"])
def test_what_only_looks_harmless_keeps_its_connection(start, text):
    weir = start(max_size=2)
    with login(weir) as client:
        client.query(text)
        assert weir.value("weir_pins_total", reason="setting") == 1


def test_a_role_from_the_start_has_its_connection_to_itself(start, postgres):
    weir = start(max_size=1)
    with login(weir, options="-c role=app") as client:
        client.query("RESET ALL")
        assert client.query("SELECT current_user") == [["app"]]
    with login(weir) as other:
        assert other.query("SHOW role") == [["none"]]


START_UP = {"options": "-c work_mem=5MB -c my.own=first", "DateStyle": "German", "application_name": "first"}
BEGUN_WITH = {"work_mem": "5MB", "my.own": "first", "DateStyle": "German, DMY", "application_name": "first"}
# Among them what the server would have said of itself.
OTHERS = [("work_mem", "6MB"), ("work_mem", "4MB"), ("my.own", "second"), ("DateStyle", "SQL, DMY"),
          ("DateStyle", "ISO, MDY"), ("application_name", "second"), ("application_name", "")]


@pytest.mark.parametrize("mode", ["transaction", "session", "direct"])
@pytest.mark.parametrize("text", ["RESET {name}", "SET {name} TO DEFAULT", "SET SESSION {name} = default", "RESET ALL",
                                  "DISCARD ALL", "BEGIN; RESET {name}; COMMIT", "RESET {name}; RESET {name}",
                                  "SET {name} = '{other}'; RESET {name}"])
def test_what_is_reset_is_as_the_session_began(start, mode, text):
    weir = start(max_size=1, mode=mode)
    with login(weir, **START_UP) as client:
        for name, other in OTHERS:
            client.query(f"SET {name} = '{other}'")
            assert client.query(f"SHOW {name}") == [[other]]
            client.query(text.format(name=name, other=other))
            assert client.query(f"SHOW {name}") == [[BEGUN_WITH[name]]]


@pytest.mark.parametrize("mode", ["transaction", "session", "direct"])
@pytest.mark.parametrize("text", ["BEGIN; RESET {name}; ROLLBACK", "BEGIN; SET {name} TO DEFAULT; ROLLBACK",
                                  "RESET {name}; SET {name} = '{other}'", "BEGIN; RESET ALL; ROLLBACK",
                                  "DO $$ BEGIN EXECUTE 'RESET {name}'; RAISE division_by_zero; END $$"])
def test_what_was_not_reset_in_the_end_stays(start, mode, text):
    weir = start(max_size=1, mode=mode)
    with login(weir, **START_UP) as client:
        for name, other in OTHERS:
            client.query(f"SET {name} = '{other}'")
            client.ask(m.query(text.format(name=name, other=other)))
            assert client.query(f"SHOW {name}") == [[other]]


@pytest.mark.parametrize("mode", ["transaction", "session"])
def test_a_pinned_clients_reset_is_as_its_session_began(start, mode):
    weir = start(max_size=1, mode=mode)
    with login(weir, **START_UP) as client:
        client.query("LISTEN news")
        client.query("SET work_mem = '6MB'")
        client.query("RESET work_mem")
        assert client.query("SHOW work_mem") == [["5MB"]]


@pytest.mark.parametrize("mode", ["transaction", "session"])
@pytest.mark.parametrize("by", ["start-up", "SET"])
def test_what_a_client_has_said_outlives_a_reload(start_weir, start_postgres, mode, by):
    """Said by SET or from the start, even where it is what the server says by itself."""
    server = start_postgres(["tenant_b"])
    server.trust("app")
    weir = start_weir(server, pool=[{"name": "p", "match": "tenant_{tenant}", "max_size": 1, "mode": mode}])
    said = {"DateStyle": "ISO, MDY"} if by == "start-up" else {}
    with login(weir, **said) as client:
        client.query("SHOW DateStyle" if said else "SET DateStyle TO 'ISO, MDY'")
        server.execute("ALTER SYSTEM SET DateStyle TO 'German, DMY'")
        server.execute("SELECT pg_reload_conf()")
        until(lambda: server.execute("SHOW DateStyle") == [("German, DMY",)], "the reload")
        client.query("SELECT 1")
        assert client.query("SHOW DateStyle") == [["ISO, MDY"]]
        if mode == "transaction" and said:  # what a SET set is taken back where it differs from before
            with login(weir) as other:
                other.query("SELECT 1")
                assert other.query("SHOW DateStyle") == [["German, DMY"]]
                assert client.query("SHOW DateStyle") == [["ISO, MDY"]]
