"""pgbench through Weir: no error, connections reused, and every acquire counted exactly once."""

import pytest

from harness import pgbench

CLIENTS, POOL = 64, 20


@pytest.fixture(scope="module")
def weir(start_module_weir, postgres):
    return start_module_weir(postgres, pool=[
        {"name": "tenants", "match": "tenant_{tenant}", "max_size": POOL, "acquire_timeout": "30s"},
        {"name": "sessions", "match": "*", "database": "tenant_a", "mode": "session", "max_size": POOL}])


@pytest.mark.parametrize("mode", ["simple", "extended"])
def test_acquires_are_exactly_the_transactions(weir, size, mode):
    """Before its own script pgbench asks two things: how many branches, and whether tables are split."""
    port = weir.ports["trusted"]
    pgbench.bench(port, "tenant_a", clients=POOL, mode=mode, seconds=1)
    before = weir.metrics()
    result = pgbench.bench(port, "tenant_a", clients=CLIENTS, mode=mode, seconds=size(5, 60))
    grown = weir.since(before)
    set_up = 2
    acquired = grown.value("weir_acquires_total", pool="tenants", outcome="ok")
    assert acquired == result.transactions + set_up
    assert grown.value("weir_acquires_total", pool="tenants") == acquired, "no other outcome"
    assert grown.value("weir_acquire_wait_seconds_count", pool="tenants") == acquired
    assert grown.value("weir_connection_use_seconds_count", pool="tenants") == acquired
    assert grown.value("weir_releases_total", pool="tenants", result="clean") == acquired
    assert grown.value("weir_transactions_total", pool="tenants", end="commit") == acquired
    created = grown.value("weir_acquire_served_total", pool="tenants", source="created")
    assert created <= acquired * 0.01
    assert grown.value("weir_query_errors_total") == 0


def test_a_transaction_of_several_statements_is_one_acquire(weir, folder):
    script = folder / "several.sql"
    script.write_text("\\set n random(1, 100000)\nBEGIN;\n"
                      "UPDATE pgbench_accounts SET abalance = abalance + 1 WHERE aid = :n;\n"
                      "SELECT abalance FROM pgbench_accounts WHERE aid = :n;\nCOMMIT;\n")
    pgbench.bench(weir.ports["trusted"], "tenant_a", clients=POOL, seconds=1)
    before = weir.metrics()
    result = pgbench.bench(weir.ports["trusted"], "tenant_a", clients=32, mode="extended", transactions=50,
                           script=script)
    assert result.transactions == 32 * 50
    grown = weir.since(before)
    assert grown.value("weir_acquires_total", pool="tenants", outcome="ok") in (1600, 1601)
    assert grown.value("weir_queries_total", pool="tenants", outcome="ok") in (6400, 6401)


def test_prepared_mode_shares_its_statements(weir):
    """More clients than connections, all with one text: each connection parses it once."""
    before = weir.metrics()
    result = pgbench.bench(weir.ports["trusted"], "tenant_a", clients=CLIENTS, mode="prepared", transactions=100)
    assert result.transactions == CLIENTS * 100
    grown = weir.since(before)
    assert grown.value("weir_pins_total", pool="tenants") == 0
    assert grown.value("weir_prepared_statement_requests_total", result="miss") <= POOL + CLIENTS


@pytest.mark.parametrize("mode", ["simple", "extended", "prepared"])
def test_session_pools(weir, mode):
    result = pgbench.bench(weir.ports["trusted"], "anything", clients=10, mode=mode, transactions=100)
    assert result.transactions == 1000


def test_reconnecting_for_every_transaction(weir):
    before = weir.metrics()
    result = pgbench.bench(weir.ports["trusted"], "tenant_a", clients=8, transactions=50, extra=["-C"])
    assert result.transactions == 400
    grown = weir.since(before)
    assert grown.value("weir_acquires_total", pool="tenants", outcome="ok") == 402
    assert grown.value("weir_client_connections_opened_total", listener="trusted") >= 400


def test_a_password_each_client(weir):
    result = pgbench.bench(weir.ports["postgresql"], "tenant_a", clients=CLIENTS, seconds=2)
    assert result.transactions > 0
