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
