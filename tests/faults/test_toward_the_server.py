"""Faults between Weir and the server: what clients see of them, and the metric that shows each."""

import threading
import time

import pytest

from faults.proxy import FaultProxy
from harness import messages as m
from harness.raw import RawClient, Refused
from harness.waiting import until

pytestmark = pytest.mark.sanitized


@pytest.fixture
def proxy(postgres):
    with FaultProxy(postgres.port) as proxy:
        yield proxy


@pytest.fixture
def weir(start_weir, postgres, proxy):
    return start_weir(
        postgres,
        upstream={"address": f"127.0.0.1:{proxy.port}", "connect_timeout": "1s",
                  "breaker": {"failures": 3, "open_for": "300ms", "max_open_for": "600ms"}},
        pool=[{"name": "tenants", "match": "tenant_{tenant}", "max_size": 2, "acquire_timeout": "3s"}])


def client(weir):
    return RawClient(weir.ports["trusted"]).login("tenant_b")


def warm(weir):
    with client(weir) as one:
        assert one.query("SELECT 1") == [["1"]]
    until(lambda: weir.value("weir_pool_connections", state="idle") == 1, "one idle connection")


def refused(one, *parts):
    one.send(*parts)
    return one.error()


def test_single_bytes_in_both_directions(weir, proxy):
    proxy.piece = {"up": 1, "down": 1}
    with client(weir) as one:
        for number in range(20):
            assert one.query(f"SELECT {number}, repeat('x', 300)") == [[str(number), "x" * 300]]
            assert one.rows(m.extended("SELECT $1::text", number)) == [[str(number)]]
        assert one.query("BEGIN; SELECT 1; COMMIT") == [["1"]]
    assert weir.value("weir_protocol_desync_total") == 0


@pytest.mark.parametrize("size", [2, 3, 5, 7, 4096])
def test_replies_cut_anywhere(weir, proxy, size):
    proxy.piece = {"up": size, "down": size}
    with client(weir) as one:
        one.send(*(m.extended("SELECT $1::int, 'abc'", number) for number in range(50)))
        for number in range(50):
            assert m.data_row(one.until_ready()[3][1]) == [str(number), "abc"]


def test_latency_shows_in_queries_and_not_in_waits(weir, proxy):
    warm(weir)
    proxy.latency = {"up": 0.05, "down": 0.05}
    before = weir.metrics()
    with client(weir) as one:
        for _ in range(5):
            one.query("SELECT 1")
    grown = weir.since(before)
    assert grown.value("weir_query_seconds_sum") >= 0.5
    assert grown.value("weir_acquire_wait_seconds_sum", outcome="ok") < 0.2


@pytest.mark.parametrize("fault", [FaultProxy.reset, FaultProxy.close, lambda proxy: proxy.half_close("down")],
                         ids=["reset", "close", "half-close"])
def test_an_idle_connection_that_dies_is_replaced_unseen(weir, proxy, fault):
    warm(weir)
    fault(proxy)
    with client(weir) as one:
        assert one.query("SELECT 'unseen'") == [["unseen"]]
    until(lambda: weir.value("weir_connections_reaped_total", reason="server_closed") == 1, "counted")
    until(lambda: weir.value("weir_pool_connections") == 1, "only the new one is left", timeout=8)


@pytest.mark.parametrize("fault", [FaultProxy.reset, FaultProxy.close], ids=["reset", "close"])
def test_a_connection_lost_under_a_query_is_an_08006(weir, proxy, postgres, fault):
    with client(weir) as one:
        one.send(m.query("SELECT pg_sleep(30) /* lost */"))
        until(lambda: postgres.sessions("state = 'active' AND query LIKE '%lost%'"), "running")
        fault(proxy)
        assert one.error()["C"] == "08006"
        assert one.closed()
    until(lambda: weir.value("weir_releases_total", result="broken") == 1, "counted")
    assert weir.value("weir_client_connections_closed_total", reason="upstream_lost") == 1
    with client(weir) as other:
        assert other.query("SELECT 1") == [["1"]]


def test_what_may_have_run_is_never_sent_twice(weir, proxy, postgres):
    """The server gets the INSERT and its answer is lost: one row, and an error, not two rows."""
    warm(weir)
    proxy.swallow["down"] = True
    with client(weir) as one:
        one.send(m.query("INSERT INTO notes (words) VALUES ('once')"))
        until(lambda: postgres.execute("SELECT count(*) FROM notes WHERE words = 'once'", "tenant_b")[0][0],
              "arrived")
        proxy.reset()
        proxy.swallow["down"] = False
        assert one.error()["C"] == "08006"
    assert postgres.execute("DELETE FROM notes WHERE words = 'once' RETURNING 1", "tenant_b") == [(1,)]


@pytest.mark.parametrize("garbage", [
    b"\xff" * 20, m.message(b"Z", b"I"), m.message(b"Z", b"?"), b"D\xff\xff\xff\xff",
    m.message(b"C", b"SELECT 1\0"), m.message(b"R", b"\0\0\0\0"),
], ids=["bytes", "end", "unknown end", "length", "complete", "authentication"])
def test_a_server_that_says_the_impossible_while_idle(weir, proxy, garbage):
    warm(weir)
    proxy.inject("down", garbage)
    until(lambda: weir.value("weir_protocol_desync_total") >= 1, "counted", timeout=5)
    assert weir.value("weir_connections_reaped_total", reason="desync") >= 1
    with client(weir) as one:
        assert one.query("SELECT 'right'") == [["right"]]


@pytest.mark.parametrize("garbage", [b"\xff" * 20, b"D\xff\xff\xff\xff"], ids=["bytes", "length"])
def test_a_server_that_says_the_impossible_in_its_answer(weir, proxy, postgres, garbage):
    with client(weir) as one:
        one.send(m.query("SELECT pg_sleep(10) /* answer */"))
        until(lambda: postgres.sessions("state = 'active' AND query LIKE '%answer%'"), "running")
        proxy.inject("down", garbage)
        assert one.error()["C"] == "08006"
        assert one.closed()
    assert weir.value("weir_protocol_desync_total") == 1
    with client(weir) as other:
        assert other.query("SELECT 'right'") == [["right"]]


def test_notices_and_parameters_of_an_idle_connection_are_no_desync(weir, proxy):
    warm(weir)
    proxy.inject("down", m.message(b"N", b"SNOTICE\0C00000\0Mhello\0\0")
                 + m.message(b"S", b"application_name\0\0"))
    with client(weir) as one:
        assert one.query("SELECT 'right'") == [["right"]]
    assert weir.value("weir_protocol_desync_total") == 0


def test_an_error_on_an_idle_connection_evicts_it(weir, proxy):
    warm(weir)
    proxy.inject("down", m.message(b"E", b"SFATAL\0C57P01\0Mterminating connection\0\0"))
    with client(weir) as one:
        assert one.query("SELECT 'right'") == [["right"]]
    until(lambda: weir.value("weir_connections_reaped_total", reason="server_closed") == 1, "evicted")


def test_a_server_that_does_not_answer_new_connections(weir, proxy):
    """connect_timeout ends each try; the breaker then spares the clients the wait."""
    proxy.stall("down")
    began = time.monotonic()
    with pytest.raises(Refused) as caught, client(weir) as one:
        one.query("SELECT 1")
    assert caught.value.code in ("08006", "53300")
    assert time.monotonic() - began < 15
    until(lambda: weir.value("weir_connection_create_failures_total", reason="timeout") >= 1, "counted",
          timeout=5)
    proxy.resume()

    def serves():
        try:
            with client(weir) as one:
                return one.query("SELECT 1") == [["1"]]
        except Refused:
            return False

    until(serves, "service again", timeout=5)


def test_a_server_that_hangs_up_on_new_connections(weir, proxy):
    proxy.refusing = True
    for _ in range(3):
        with pytest.raises(Refused) as caught, client(weir) as one:
            one.query("SELECT 1")
        assert caught.value.code in ("08006", "53300")
    proxy.refusing = False
    until(lambda: weir.value("weir_upstream_breaker_transitions_total", to="open") >= 1, "opened")


def test_a_stalled_server_holds_up_nobody_else(weir, proxy, postgres, start_weir):
    """The one loop that waits for it goes on serving others' pools."""
    other_way = start_weir(postgres, agent={"loops": 1},
                           upstream={"address": f"127.0.0.1:{proxy.port}"},
                           pool=[{"name": "stalled", "match": "tenant_b", "acquire_timeout": "20s"},
                                 {"name": "direct", "match": "tenant_a", "upstream": "direct"}],
                           more_upstreams=[{"name": "direct", "address": f"127.0.0.1:{postgres.port}"}])
    with RawClient(other_way.ports["trusted"]).login("tenant_b") as stalled, \
            RawClient(other_way.ports["trusted"]).login("tenant_a") as quick:
        stalled.query("SELECT 1")
        proxy.stall("down")
        stalled.send(m.query("SELECT 'late'"))
        for number in range(100):
            assert quick.query(f"SELECT {number}") == [[str(number)]]
        assert other_way.admin("/livez", token=None)[0] == 200
        proxy.resume()
        assert m.data_row(stalled.until_ready()[1][1]) == ["late"]


def test_a_cancel_that_can_not_be_delivered_frees_the_client(weir, proxy, postgres):
    """Its client has gone and the server does not react: the connection is given up, not handed on."""
    one = client(weir)
    one.send(m.query("SELECT pg_sleep(5) /* undeliverable */"))
    until(lambda: postgres.sessions("state = 'active' AND query LIKE '%undeliverable%'"), "running")
    proxy.stall("up")
    proxy.stall("down")
    one.reset()
    until(lambda: weir.value("weir_pool_connections", state="used") == 0, "given up", timeout=5)
    timer = threading.Timer(0.2, proxy.resume)
    timer.start()
    with client(weir) as other:
        assert other.query("SELECT 'own answer'") == [["own answer"]]
    timer.join()
