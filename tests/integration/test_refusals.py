"""What a client is told when it can't be served: a standard code, and a message that says what to do."""

import time

import pytest

from harness import messages as m
from harness.raw import RawClient, Refused
from harness.waiting import free_port, until

pytestmark = pytest.mark.sanitized


def client(weir, database="tenant_c", **options):
    return RawClient(weir.ports["trusted"]).login(database, **options)


def refused(one, statement="SELECT 1"):
    with pytest.raises(Refused) as caught:
        one.query(statement)
    return caught.value


@pytest.fixture
def one_connection(start_weir, postgres):
    return start_weir(postgres, pool=[{"name": "one", "match": "tenant_{tenant}", "max_size": 1,
                                       "max_waiting": 2, "acquire_timeout": "600ms",
                                       "max_tenants": 2}])


def test_acquire_timed_out_tells_the_numbers(one_connection):
    weir = one_connection
    with client(weir, application_name="holder") as holder, client(weir) as waiter:
        holder.query("BEGIN")
        started = time.monotonic()
        error = refused(waiter)
        assert time.monotonic() - started > 0.5
        assert error.code == "53300"
        for words in ('"one"', "max 1", "used 1", "waiting", "waited 0."):
            assert words in error.fields["M"], error.fields["M"]
        assert "holder" in error.fields["M"], "the longest holder is of the same tenant: name it"
        assert refused(waiter).code == "53300", "the client may try again on the same connection"
        holder.query("COMMIT")
        assert waiter.query("SELECT 2") == [["2"]]
    scrape = weir.metrics()
    assert scrape.value("weir_acquires_total", pool="one", outcome="timeout") == 2
    assert scrape.value("weir_acquire_wait_seconds_count", pool="one", outcome="failed") == 2
    assert scrape.value("weir_pool_saturated_seconds_total", pool="one") > 1


def test_another_tenants_holder_is_not_named(start_weir, postgres):
    weir = start_weir(postgres, upstream={"max_connections": 1},
                      pool=[{"name": "one", "match": "tenant_{tenant}", "acquire_timeout": "400ms"}])
    with client(weir, "tenant_a", application_name="stranger") as holder, \
            client(weir, "tenant_b") as waiter:
        holder.query("BEGIN")
        error = refused(waiter)
        assert error.code == "53300"
        assert "stranger" not in str(error.fields)


def test_a_full_queue_refuses_at_once(start_weir, postgres):
    weir = start_weir(postgres, pool=[{"name": "one", "match": "tenant_{tenant}", "max_size": 1,
                                       "max_waiting": 2, "acquire_timeout": "60s"}])
    clients = [client(weir) for _ in range(4)]
    clients[0].query("BEGIN")
    for waiter in clients[1:3]:
        waiter.send(m.query("SELECT 1"))
    until(lambda: weir.value("weir_pool_pending_acquires", pool="one") == 2, "two wait")
    error = refused(clients[3])
    assert error.code == "53300" and "max_waiting" in error.fields["M"]
    assert weir.value("weir_acquire_rejections_total", reason="queue_full") == 1
    assert weir.value("weir_acquires_total", outcome="rejected") == 1


def test_more_tenants_than_the_template_may_know(one_connection, postgres):
    """Both places are taken by tenants with a client at work; the third is told so."""
    weir = one_connection
    with client(weir, "tenant_a") as one, client(weir, "tenant_b") as other:
        one.query("BEGIN")
        other.query("BEGIN")
        with pytest.raises(Refused) as caught:
            client(weir, "tenant_c").query("SELECT 1")
        assert caught.value.code == "53300"


def test_a_disabled_tenant_is_refused_in_clear_words(start_weir, postgres):
    weir = start_weir(postgres, pool=[{"name": "tenants", "match": "tenant_{tenant}",
                                       "disabled_tenants": ["c"]}])
    with pytest.raises(Refused) as caught:
        client(weir).query("SELECT 1")
    assert caught.value.code == "28000"
    assert "disabled" in caught.value.fields["M"]
    with client(weir, "tenant_a") as other:
        assert other.query("SELECT 1") == [["1"]]


def test_client_limits_of_listener_and_pool(start_weir, postgres):
    weir = start_weir(postgres, listen={"max_clients": 3},
                      pool=[{"name": "tenants", "match": "tenant_{tenant}", "max_clients": 2}])
    held = [client(weir, "tenant_a") for _ in range(2)]
    with pytest.raises(Refused) as caught:
        client(weir, "tenant_a").query("SELECT 1")
    assert caught.value.code == "53300"
    held.append(client(weir, "tenant_b"))
    with pytest.raises((Refused, ConnectionError)) as caught:
        client(weir, "tenant_b").query("SELECT 1")
    assert isinstance(caught.value, Refused), "an error, never a bare close"
    assert caught.value.code == "53300"
    assert weir.value("weir_client_connections_closed_total", listener="trusted", reason="limit") >= 1
    for one in held:
        assert one.query("SELECT 1") == [["1"]]


def test_an_unreachable_server_opens_the_breaker(start_weir, postgres):
    nowhere = free_port()
    weir = start_weir(postgres, upstream={"address": f"127.0.0.1:{nowhere}",
                                          "breaker": {"failures": 2, "open_for": "500ms",
                                                      "max_open_for": "1s"}},
                      pool=[{"name": "lost", "match": "*", "acquire_timeout": "1500ms"}])
    errors = []
    for _ in range(4):
        with pytest.raises(Refused) as caught, client(weir) as one:
            one.query("SELECT 1")
        errors.append(caught.value)
    assert {error.code for error in errors} <= {"08006", "53300"}
    until(lambda: weir.value("weir_upstream_breaker_transitions_total", upstream="main", to="open") >= 1,
          "opened")

    def opened_and_told():
        with pytest.raises(Refused) as caught, client(weir) as one:
            one.query("SELECT 1")
        return caught.value.code == "08006" and "refused" in caught.value.fields["M"]

    until(opened_and_told, "08006 with the last connect error")
    assert weir.value("weir_connection_create_failures_total", reason="refused") >= 2
    assert weir.value("weir_upstream_up", upstream="main") == 0


def test_time_outs_of_query_and_transaction(start_weir, postgres):
    weir = start_weir(postgres, pool=[
        {"name": "queries", "match": "tenant_a", "query_timeout": "300ms"},
        {"name": "transactions", "match": "tenant_b", "transaction_timeout": "300ms"},
        {"name": "idlers", "match": "tenant_c", "idle_in_transaction_timeout": "300ms"}])
    for database, statements in (("tenant_a", ["SELECT pg_sleep(20)"]),
                                 ("tenant_b", ["BEGIN", "SELECT pg_sleep(20)"])):
        with pytest.raises((Refused, ConnectionError)), client(weir, database) as one:
            started = time.monotonic()
            for statement in statements:
                one.query(statement)
        assert time.monotonic() - started < 15
    with client(weir, "tenant_c") as one:
        one.query("BEGIN")
        assert one.closed()
    for database in ("tenant_a", "tenant_b", "tenant_c"):
        with client(weir, database) as one:
            assert one.query("SELECT 1") == [["1"]]


def test_a_silent_client_is_sent_away_where_that_is_wished(start_weir, postgres):
    weir = start_weir(postgres, listen={"client_idle_timeout": "400ms"})
    with client(weir) as one, client(weir) as busy:
        busy.query("BEGIN")
        assert one.query("SELECT 1") == [["1"]]
        assert one.closed()
        assert busy.query("SELECT 1") == [["1"]], "one in a transaction stays"
