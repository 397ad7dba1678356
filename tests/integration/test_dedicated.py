"""A client that asks for a server connection of its own gets one, made for it and closed after it."""

import psycopg
import pytest

from harness import messages as m
from harness.raw import RawClient, Refused
from harness.waiting import stays, until

MODES = ["transaction", "session", "statement", "direct"]
OWN = "-c weir.dedicated=on"
BACKEND = "SELECT pg_backend_pid()"


@pytest.fixture
def weir(start_weir, postgres):
    return start_weir(postgres, upstream={"max_connections": 6}, pool=[
        {"name": mode, "match": mode, "database": "tenant_c", "mode": mode, "max_size": 3,
         "acquire_timeout": "500ms"} for mode in MODES])


def client(weir, mode="transaction", **options):
    return RawClient(weir.ports["trusted"]).login(mode, **options)


def own(weir, mode="transaction", value="-c weir.dedicated=on"):
    return client(weir, mode, options=value)


def backend(one):
    return int(one.query(BACKEND)[0][0])


def connections(weir, pool="transaction"):
    scrape = weir.metrics()
    return {state: count for state in ("idle", "used", "pinned", "connecting", "closing")
            if (count := scrape.value("weir_pool_connections", pool=pool, state=state))}


@pytest.mark.parametrize("mode", MODES)
def test_its_backend_is_new_and_gone_after_it(weir, postgres, mode):
    with client(weir, mode) as other:
        shared = backend(other)
    before = {pid for pid, in postgres.execute("SELECT pid FROM pg_stat_activity")}
    with own(weir, mode) as one:
        mine = backend(one)
        assert mine not in before | {shared}
        for _ in range(3):
            one.query("BEGIN")
            assert backend(one) == mine
            one.query("COMMIT")
            assert backend(one) == mine
    until(lambda: postgres.sessions(f"pid = {mine}") == 0, "closed after it")
    assert weir.value("weir_connections_reaped_total", pool=mode, reason="idle") >= 1


def test_it_is_dialed_for_it_at_its_login(weir, postgres):
    with client(weir) as other:
        backend(other)
        until(lambda: connections(weir) == {"idle": 1}, "one is idle")
        with own(weir):
            assert connections(weir) == {"idle": 1, "used": 1}, "held before the first statement"
            backend(other)
            assert connections(weir) == {"idle": 1, "used": 1}
        until(lambda: connections(weir) == {"idle": 1}, "the other one is as it was")


def test_its_session_state_is_its_own_and_stays(weir, postgres):
    pids = set()
    with own(weir) as one:
        one.query("SET work_mem = '7MB'")
        one.query("CREATE TEMP TABLE mine AS SELECT 1 AS n")
        one.query("PREPARE p AS SELECT 2")
        one.query("SELECT pg_advisory_lock(42)")
        one.query("LISTEN news")
        pids.add(backend(one))
        for _ in range(6):
            with client(weir) as other:
                pids.add(backend(other))
                assert other.query("SHOW work_mem") != [["7MB"]]
                assert other.query("SELECT to_regclass('pg_temp.mine')") == [[None]]
                assert other.query("SELECT count(*) FROM pg_prepared_statements WHERE name = 'p'") == [["0"]]
                assert other.query("SELECT pg_try_advisory_lock(42)") == [["f"]]
        assert one.query("SELECT n FROM mine") == [["1"]]
        assert one.query("EXECUTE p") == [["2"]]
        assert one.query("SHOW work_mem") == [["7MB"]]
    until(lambda: connections(weir).keys() <= {"idle"}, "back to normal")
    with client(weir) as other:
        assert other.query("SELECT pg_try_advisory_lock(42)") == [["t"]], "its lock went with it"
    assert len(pids) >= 2
    assert weir.value("weir_pins_total", pool="transaction", reason="temp_table") == 0, "nothing to pin"


def test_a_killed_one_leaves_nothing_behind(weir, postgres):
    one = own(weir)
    mine = backend(one)
    one.query("BEGIN")
    one.query("INSERT INTO notes (words) VALUES ('killed')")
    one.socket.close()
    until(lambda: postgres.sessions(f"pid = {mine}") == 0, "closed")
    assert postgres.execute("SELECT count(*) FROM notes WHERE words = 'killed'", "tenant_c") == [(0,)]


def test_its_start_up_options_reach_the_server(weir):
    with own(weir, value="-c work_mem=5MB -c weir.dedicated=yes -c statement_timeout=123s") as one:
        assert one.query("SHOW work_mem") == [["5MB"]]
        assert one.query("SHOW statement_timeout") == [["123s"]]
        assert one.query("SELECT current_setting('weir.dedicated', true)") == [[None]], "Weir's own"


@pytest.mark.parametrize("value", ["off", "false", "0"])
def test_off_is_an_ordinary_client(weir, value):
    with own(weir, value=f"-c weir.dedicated={value}") as one:
        one.query(BACKEND)
        until(lambda: connections(weir) == {"idle": 1}, "released")


@pytest.mark.parametrize("value", ["-c weir.dedicated=perhaps", "-c weir.dedicate=on"])
def test_what_it_can_not_mean_is_refused(weir, value):
    with pytest.raises(Refused) as caught:
        own(weir, value=value)
    assert "weir.dedicat" in str(caught.value)


def test_max_size_holds_and_the_next_is_refused_in_time(weir, postgres):
    held = [own(weir) for _ in range(3)]
    assert postgres.sessions("application_name = 'weir' AND datname = 'tenant_c'") == 3
    for another in (own, lambda weir: client(weir).query("SELECT 1")):
        with pytest.raises(Refused) as caught:
            another(weir)
        assert caught.value.code == "53300"
    held.pop().close()
    with own(weir) as later:
        assert backend(later)
    for one in held:
        one.close()
    until(lambda: connections(weir) == {}, "all closed")
    assert postgres.sessions("application_name = 'weir' AND datname = 'tenant_c'") == 0


def test_it_takes_an_idle_ones_place_and_the_budget_holds(weir, postgres):
    others = [client(weir) for _ in range(3)]
    for one in others:
        one.query("BEGIN")
    for one in others:
        one.query("COMMIT")
    until(lambda: connections(weir) == {"idle": 3}, "the pool is full of idle ones")
    held = [own(weir), own(weir, "session"), own(weir, "session"), own(weir, "session")]
    in_budget = "application_name = 'weir' AND datname = 'tenant_c'"
    stays(lambda: postgres.sessions(in_budget) <= 6, "within max_connections", 0.3)
    more = [own(weir, "direct"), own(weir, "direct")]
    assert len({backend(one) for one in held + more}) == 6
    with pytest.raises(Refused):
        own(weir, "direct")
    for one in held + more:
        one.close()


def test_one_that_waits_is_served_when_another_leaves(start_weir, postgres):
    weir = start_weir(postgres, pool=[{"name": "transaction", "match": "transaction", "database": "tenant_c",
                                       "max_size": 1, "acquire_timeout": "10s"}])
    with client(weir) as other, RawClient(weir.ports["trusted"]) as one:
        other.query("BEGIN")
        shared = backend(other)
        one.send(m.startup("transaction", "app", options=OWN))
        until(lambda: weir.value("weir_pool_pending_acquires", pool="transaction") == 1, "it waits")
        other.query("COMMIT")
        one.until_ready()
        assert backend(one) != shared
        with pytest.raises(TimeoutError):
            other.socket.settimeout(0.3)
            other.query("SELECT 1")


def test_one_that_gives_up_while_it_is_dialed_leaves_no_connection(start_weir, postgres):
    weir = start_weir(postgres, pool=[{"name": "transaction", "match": "transaction", "database": "tenant_c"}])
    for _ in range(20):
        one = RawClient(weir.ports["trusted"])
        one.send(m.startup("transaction", "app", options=OWN))
        one.close()
    until(lambda: connections(weir) == {}, "none is kept for nobody")
    with client(weir) as other:
        assert backend(other)


def test_drivers_ask_for_it_in_their_options(weir, postgres):
    with weir.connect("transaction", options=OWN, prepare_threshold=0) as connection:
        mine = connection.execute(BACKEND).fetchone()
        for _ in range(5):
            assert connection.execute(BACKEND).fetchone() == mine
        with pytest.raises(psycopg.errors.SyntaxError):
            connection.execute("SELECTT")
        assert connection.execute(BACKEND).fetchone() == mine
    until(lambda: postgres.sessions(f"pid = {mine[0]}") == 0, "closed")
