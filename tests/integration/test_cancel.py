"""Cancelling: only one's own query, and never the next client's on the same server connection."""

import threading
import time

import psycopg
import pytest

from harness import messages as m
from harness.raw import RawClient, kinds
from harness.waiting import until

pytestmark = pytest.mark.sanitized


@pytest.fixture(scope="module")
def weir(start_module_weir, postgres):
    return start_module_weir(postgres, pool=[{"name": "tenants", "match": "tenant_{tenant}",
                                              "max_size": 4}])


def sleeping(postgres, mark):
    return postgres.sessions(f"state = 'active' AND query LIKE '%{mark}%'")


def test_psycopg_cancels_its_query(weir, postgres):
    with weir.connect("tenant_c") as connection:
        def cancel():
            until(lambda: sleeping(postgres, "of psycopg"), "running")
            connection.cancel()

        thread = threading.Thread(target=cancel)
        thread.start()
        started = time.monotonic()
        with pytest.raises(psycopg.errors.QueryCanceled):
            connection.execute("SELECT pg_sleep(30) /* of psycopg */")
        assert time.monotonic() - started < 10
        thread.join()
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_only_the_own_query_is_cancelled(weir, postgres):
    with RawClient(weir.ports["trusted"]).login("tenant_c") as one, \
            RawClient(weir.ports["trusted"]).login("tenant_c") as other:
        one.send(m.query("SELECT pg_sleep(30) /* of one */"))
        other.send(m.query("SELECT pg_sleep(1.5), 'whole' /* of other */"))
        until(lambda: sleeping(postgres, "of one") and sleeping(postgres, "of other"), "both running")
        one.cancel()
        assert one.error()["C"] == "57014"
        one.until_ready()
        assert m.data_row(other.until_ready()[1][1])[1] == "whole"


def test_a_cancel_of_a_client_at_rest_hits_nobody(weir):
    """Its former connection serves others meanwhile, with cancels raining on it."""
    clients = [RawClient(weir.ports["trusted"]).login("tenant_c") for _ in range(8)]
    idler = RawClient(weir.ports["trusted"]).login("tenant_c")
    stop = threading.Event()

    def rain():
        while not stop.is_set():
            idler.query("SELECT 1")
            for _ in range(5):
                idler.cancel()

    thread = threading.Thread(target=rain)
    thread.start()
    try:
        for _ in range(40):
            for one in clients:
                one.send(m.query("SELECT pg_sleep(0.002)"))
            for one in clients:
                assert kinds(one.until_ready()) == "TDCZ"
    finally:
        stop.set()
        thread.join()
        for one in [*clients, idler]:
            one.close()


def test_cancels_after_the_answer_never_hit_the_next_client(weir):
    """A key is sent the moment its query ends: the next holder of the connection must not feel it."""
    with RawClient(weir.ports["trusted"]).login("tenant_c") as one, \
            RawClient(weir.ports["trusted"]).login("tenant_c") as other:
        for _ in range(100):
            one.send(m.query("SELECT 1"))
            cancel = threading.Thread(target=one.cancel)
            cancel.start()
            one.until_ready()
            other.send(m.query("SELECT pg_sleep(0.003)"))
            assert kinds(other.until_ready()) == "TDCZ"
            cancel.join()


def test_a_wrong_key_cancels_nothing(weir, postgres):
    with RawClient(weir.ports["trusted"]).login("tenant_c") as one:
        one.send(m.query("SELECT pg_sleep(1), 'whole' /* wrong key */"))
        until(lambda: sleeping(postgres, "wrong key"), "running")
        process, secret = one.key
        for wrong in ((process, bytes(4)), (process ^ 1, secret), (0, bytes(4))):
            with RawClient(weir.ports["trusted"]) as canceller:
                canceller.send(m.cancel_request(*wrong))
                assert canceller.closed()
        assert m.data_row(one.until_ready()[1][1])[1] == "whole"


def test_a_waiting_client_can_give_up_by_cancelling(start_weir, postgres):
    """Nothing of it runs anywhere yet; the cancel must not reach the connection's holder."""
    weir = start_weir(postgres, pool=[{"name": "one", "match": "tenant_c", "max_size": 1,
                                       "acquire_timeout": "3s"}])
    with RawClient(weir.ports["trusted"]).login("tenant_c") as holder, \
            RawClient(weir.ports["trusted"]).login("tenant_c") as waiter:
        holder.send(m.query("SELECT pg_sleep(1), 'whole'"))
        waiter.send(m.query("SELECT 'waited'"))
        until(lambda: weir.value("weir_pool_pending_acquires") == 1, "one waits")
        waiter.cancel()
        assert m.data_row(holder.until_ready()[1][1])[1] == "whole"
        assert kinds(waiter.until_ready()) in ("EZ", "TDCZ")
