"""Faults between the client and Weir: the server's connections come back whole, whatever happens."""

import time

import pytest

from faults.proxy import FaultProxy
from harness import messages as m
from harness.raw import RawClient
from harness.waiting import stays, until
from harness.weir import PASSWORD

pytestmark = pytest.mark.sanitized


@pytest.fixture(scope="module")
def weir(start_module_weir, postgres):
    return start_module_weir(postgres, listen={"login_timeout": "2s"},
                             pool=[{"name": "tenants", "match": "tenant_{tenant}", "max_size": 1,
                                    "acquire_timeout": "5s"}])


@pytest.fixture
def proxy(weir):
    with FaultProxy(weir.ports["trusted"]) as proxy:
        yield proxy
    until(lambda: weir.value("weir_pool_connections", state="used") == 0, "nothing left in use")


def client(proxy, **options):
    return RawClient(proxy.port, **options).login("tenant_b")


def others_are_served(weir):
    with RawClient(weir.ports["trusted"]).login("tenant_b") as other:
        assert other.query("SELECT 'served'") == [["served"]]


def test_single_bytes(proxy):
    proxy.piece = {"up": 1, "down": 1}
    with client(proxy) as one:
        for number in range(10):
            assert one.query(f"SELECT {number}") == [[str(number)]]
            assert one.rows(m.extended("SELECT $1::text", number)) == [[str(number)]]


def test_a_login_in_single_bytes(weir):
    with FaultProxy(weir.ports["postgresql"]) as proxy:
        proxy.piece = {"up": 1, "down": 1}
        with weir.connect("tenant_b", port=proxy.port, password=PASSWORD) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)


def test_latency(proxy):
    proxy.latency = {"up": 0.02, "down": 0.02}
    with client(proxy) as one:
        one.send(*(m.extended("SELECT $1::int", number) for number in range(100)))
        for number in range(100):
            assert m.data_row(one.until_ready()[3][1]) == [str(number)]


@pytest.mark.parametrize("statement", ["BEGIN", "SELECT pg_sleep(30)"])
@pytest.mark.parametrize("fault", [FaultProxy.reset, FaultProxy.close], ids=["reset", "close"])
def test_cut_off(weir, proxy, statement, fault):
    before = weir.metrics()
    one = client(proxy)
    one.send(m.query(statement))
    until(lambda: weir.value("weir_pool_connections", state="used") == 1, "in use")
    fault(proxy)
    others_are_served(weir)
    assert weir.since(before).value("weir_transactions_total", end="abandoned") == 1
    one.close()


def test_a_reader_that_stops_reading(weir, proxy):
    """Back-pressure reaches the server; its connection waits for the reader, memory does not grow."""
    with client(proxy, timeout=30) as slow:
        proxy.stall("down")
        slow.send(m.query("SELECT repeat('z', 10000) FROM generate_series(1, 5000)"))
        until(lambda: weir.value("weir_network_bytes_total", side="upstream", direction="in") > 100_000, "begun")
        received = weir.value("weir_network_bytes_total", side="upstream", direction="in")
        stays(lambda: weir.value("weir_network_bytes_total", side="upstream", direction="in")
              < received + 12 * (1 << 20), "not all of it is read in advance", 1)
        proxy.resume()
        rows = [body for kind, body in slow.until_ready() if kind == b"D"]
        assert len(rows) == 5000 and all(len(body) == 10006 for body in rows)
    others_are_served(weir)


def test_a_writer_that_stops_in_a_message(weir, proxy):
    with client(proxy) as slow:
        whole = m.query("SELECT '" + "x" * 100_000 + "'")
        slow.send(whole[:50_000])
        time.sleep(0.3)
        slow.send(whole[50_000:])
        assert len(m.data_row(slow.until_ready()[1][1])[0]) == 100_000
    others_are_served(weir)


@pytest.mark.parametrize("goodbye", [b"", m.TERMINATE], ids=["without a word", "with a goodbye"])
def test_a_client_that_half_closes_behind_its_query(weir, proxy, goodbye):
    """It may get its answer or not, but its connection must not stay in use."""
    with client(proxy) as one:
        one.send(m.query("SELECT pg_sleep(0.1)"), goodbye)
        proxy.half_close("up")
        others_are_served(weir)


def test_garbage_in_the_middle_of_a_session(weir, proxy):
    before = weir.metrics()
    with client(proxy) as one:
        one.query("BEGIN")
        proxy.inject("up", b"\x00\xff\xff\xff\xff garbage")
        assert one.error()["C"] == "08P01"
        assert one.closed()
    others_are_served(weir)
    assert weir.since(before).value("weir_client_connections_closed_total", reason="protocol_error") == 1


def test_a_login_that_stalls_half_way(weir, proxy):
    with RawClient(proxy.port) as one:
        one.send(m.startup("tenant_b")[:10])
        assert one.closed()
    others_are_served(weir)
