"""What each pooling mode promises about who holds a server connection and for how long."""

import pytest

from harness import messages as m
from harness.raw import RawClient, Refused
from harness.waiting import until

pytestmark = pytest.mark.sanitized
MODES = ["transaction", "session", "statement", "direct"]


@pytest.fixture(scope="module")
def weir(start_module_weir, postgres):
    return start_module_weir(postgres, pool=[
        {"name": mode, "match": mode, "database": "tenant_c", "mode": mode, "max_size": 2,
         "acquire_timeout": "500ms"} for mode in MODES])


def client(weir, mode):
    return RawClient(weir.ports["trusted"]).login(mode)


def in_use(weir, mode):
    scrape = weir.metrics()
    return sum(scrape.value("weir_pool_connections", pool=mode, state=state) for state in ("used", "pinned"))


def test_transactions_share_connections(weir):
    clients = [client(weir, "transaction") for _ in range(6)]
    backends = {one.query("SELECT pg_backend_pid()")[0][0] for one in clients for _ in range(5)}
    assert len(backends) <= 2
    until(lambda: in_use(weir, "transaction") == 0, "all released")


def test_a_transaction_keeps_its_connection_to_the_end(weir):
    with client(weir, "transaction") as one, client(weir, "transaction") as other:
        one.query("BEGIN")
        mine = one.query("SELECT pg_backend_pid()")
        for _ in range(5):
            assert other.query("SELECT pg_backend_pid()") != mine
            assert one.query("SELECT pg_backend_pid()") == mine
        with pytest.raises(Refused):
            one.query("SELECT 1/0")
        assert in_use(weir, "transaction") == 1, "a failed transaction is still one"
        one.query("ROLLBACK")
        until(lambda: in_use(weir, "transaction") == 0, "released")


def test_a_session_keeps_its_connection_until_it_leaves(weir):
    with client(weir, "session") as one, client(weir, "session") as other:
        mine = one.query("SELECT pg_backend_pid()")
        one.query("SET work_mem = '7MB'")
        one.query("CREATE TEMP TABLE mine AS SELECT 1 AS n")
        assert other.query("SELECT pg_backend_pid()") != mine
        assert one.query("SELECT n FROM mine") == [["1"]]
        assert one.query("SHOW work_mem") == [["7MB"]]
        with pytest.raises(Refused) as caught:
            client(weir, "session").query("SELECT 1")
        assert caught.value.code == "53300"
    until(lambda: in_use(weir, "session") == 0, "released by the clients' leaving")
    with client(weir, "session") as later, client(weir, "session") as last:
        for one in (later, last):
            assert one.query("SHOW work_mem") != [["7MB"]], "left over from another session"
            assert one.query("SELECT to_regclass('pg_temp.mine')") == [[None]]


def test_statement_mode_refuses_transactions(weir):
    with client(weir, "statement") as one:
        assert one.query("SELECT 1") == [["1"]]
        with pytest.raises(Refused) as caught:
            one.query("BEGIN")
            one.query("SELECT 'too late'")
        assert "transaction" in str(caught.value)
    until(lambda: in_use(weir, "statement") == 0, "released")
    with client(weir, "statement") as one:
        assert one.query("SELECT txid_current_if_assigned() IS NULL") == [["t"]]


def test_direct_is_one_connection_a_client(weir, postgres):
    with client(weir, "direct") as one, client(weir, "direct") as other:
        mine = one.query("SELECT pg_backend_pid()")
        assert all(one.query("SELECT pg_backend_pid()") == mine for _ in range(5))
        assert other.query("SELECT pg_backend_pid()") != mine
    until(lambda: postgres.sessions(f"pid = {mine[0][0]}") == 0, "closed, not pooled")
    with client(weir, "direct") as later:
        assert later.query("SELECT pg_backend_pid()") != mine


def test_direct_dials_at_login_and_refuses_who_finds_no_room(weir, postgres):
    before = weir.metrics()
    with client(weir, "direct"), client(weir, "direct"):
        assert in_use(weir, "direct") == 2, "before their first statements"
        with pytest.raises(Refused) as caught:
            client(weir, "direct")
        assert caught.value.code == "53300"
    until(lambda: in_use(weir, "direct") == 0, "closed")
    created = weir.since(before).value("weir_connection_creates_total", pool="direct")
    assert created == 2, "one for each client, from its login to its end"


def test_direct_is_as_good_as_the_server_itself_for_a_long_job(weir, postgres):
    with client(weir, "direct") as job, client(weir, "direct") as other:
        job.query("SET work_mem = '9MB'")
        job.query("CREATE TEMP TABLE work AS SELECT generate_series(1, 10) AS n")
        job.query("PREPARE total AS SELECT sum(n) FROM work")
        job.query("DECLARE items CURSOR WITH HOLD FOR SELECT n FROM work ORDER BY n")
        job.query("LISTEN progress")
        other.query("NOTIFY progress, 'half'")
        assert "half" in str(job.until(b"A")[-1][1]), "without being asked"
        for _ in range(3):
            job.query("BEGIN")
            job.query("DELETE FROM work WHERE n = (SELECT max(n) FROM work)")
            job.query("COMMIT")
        assert job.query("EXECUTE total") == [["28"]]
        assert job.query("FETCH 2 FROM items") == [["1"], ["2"]]
        assert job.query("SHOW work_mem") == [["9MB"]]
        assert weir.value("weir_pins_total", pool="direct") == 0, "nothing to pin"
        mine = job.query("SELECT pg_backend_pid()")[0][0]
        assert postgres.sessions(f"pid = {mine}") == 1
    until(lambda: postgres.sessions(f"pid = {mine}") == 0, "closed")


def test_clients_with_connections_of_their_own_go_when_the_agent_does(start_weir, postgres):
    weir = start_weir(postgres, pool=[{"name": "direct", "match": "direct", "database": "tenant_c", "mode": "direct"},
                                      {"name": "shared", "match": "shared", "database": "tenant_c"}])
    idle = [client(weir, "direct"), RawClient(weir.ports["trusted"]).login("shared", options="-c weir.dedicated=on")]
    pids = ",".join(one.query("SELECT pg_backend_pid()")[0][0] for one in idle)
    weir.stop()
    assert all(one.closed() for one in idle)
    assert postgres.sessions(f"pid IN ({pids})") == 0


@pytest.mark.parametrize("mode", MODES)
def test_every_mode_serves_both_protocols(weir, mode):
    with client(weir, mode) as one:
        for number in range(20):
            assert one.query(f"SELECT {number}") == [[str(number)]]
            assert one.rows(m.extended("SELECT $1::int", number)) == [[str(number)]]
    until(lambda: in_use(weir, mode) == 0, "released")


def test_search_path_and_application_are_set_for_each_tenant(start_weir, postgres):
    for schema in ("sales_shop", "sales_web"):
        postgres.execute(f"CREATE SCHEMA IF NOT EXISTS {schema} AUTHORIZATION app;"
                         f"CREATE OR REPLACE VIEW {schema}.which AS SELECT '{schema}' AS name;"
                         f"GRANT SELECT ON {schema}.which TO app", "tenant_c")
    weir = start_weir(postgres, pool=[{"name": "schemas", "match": "{tenant}", "database": "tenant_c",
                                       "search_path": "{tenant}, public"}])
    for schema in ("sales_shop", "sales_web"):
        with RawClient(weir.ports["trusted"]).login(schema) as one:
            assert one.query("SELECT name FROM which") == [[schema]]
