"""Clients that go away without a word: nothing of theirs stays, and their connections serve on."""

import os
import signal
import subprocess
import sys

import pytest

from harness import messages as m
from harness.raw import RawClient
from harness.waiting import until
from harness.weir import PASSWORD

pytestmark = pytest.mark.sanitized


@pytest.fixture(scope="module")
def weir(start_module_weir, postgres):
    return start_module_weir(postgres, pool=[{"name": "tenants", "match": "tenant_{tenant}",
                                              "max_size": 1, "acquire_timeout": "5s"}])


def other_process(weir, statement):
    """A client process that runs `statement` in a transaction, says so, and sits there."""
    program = ("import psycopg, sys, time\n"
               f"db = psycopg.connect(host='127.0.0.1', port={weir.ports['postgresql']}, user='app',"
               f" password='{PASSWORD}', dbname='tenant_c')\n"
               f"db.execute(\"{statement}\")\n"
               "print('there', flush=True)\ntime.sleep(100)\n")
    process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "there\n"
    return process


def test_killed_inside_a_transaction(weir, postgres):
    """Rolled back, and the one connection in use again, long before any time limit."""
    with RawClient(weir.ports["trusted"]).login("tenant_c") as other:
        backend = other.query("SELECT pg_backend_pid()")
        before = weir.metrics()
        process = other_process(weir, "INSERT INTO notes (words) VALUES ('never')")
        os.kill(process.pid, signal.SIGKILL)
        assert other.query("SELECT count(*) FROM notes WHERE words = 'never'") == [["0"]]
        process.wait()
        assert other.query("SELECT pg_backend_pid()") == backend, "the connection could be kept"
    grown = weir.since(before)
    assert grown.value("weir_transactions_total", end="abandoned") == 1
    assert grown.value("weir_releases_total", result="rollback") == 1


def test_killed_while_its_query_runs(weir, postgres):
    process = subprocess.Popen(
        [sys.executable, "-c", "import psycopg\n"
         f"db = psycopg.connect(host='127.0.0.1', port={weir.ports['postgresql']}, user='app',"
         f" password='{PASSWORD}', dbname='tenant_c')\n"
         "db.execute('SELECT pg_sleep(60) /* orphan */')\n"])
    running = "state = 'active' AND query LIKE '%orphan%'"
    until(lambda: postgres.sessions(running) == 1, "running")
    process.kill()
    process.wait()
    until(lambda: postgres.sessions(running) == 0, "cancelled on the server", timeout=3)
    with RawClient(weir.ports["trusted"]).login("tenant_c") as other:
        assert other.query("SELECT 'free'") == [["free"]]


@pytest.mark.parametrize("leave", [RawClient.reset, RawClient.close], ids=["reset", "end of file"])
@pytest.mark.parametrize("state", [
    [m.query("BEGIN")],
    [m.query("BEGIN; SELECT 1/0")],
    [m.query("COPY notes (words) FROM STDIN"), m.copy_data(b"half\n")],
    [m.query("SELECT repeat('x', 1000) FROM generate_series(1, 1000000)")],
    [m.parse("SELECT 1"), m.bind(), m.execute(), m.FLUSH],
    [m.parse("SELECT 1"), m.bind()],
    [m.parse("SELECT pg_sleep(60)"), m.bind(), m.execute(), m.FLUSH],
    [m.query("SELECT 1")[:7]],
    [m.query("LISTEN news")],
], ids=["transaction", "failed", "copy in", "result", "flushed", "batch", "running", "half a message",
        "pinned"])
def test_gone_in_any_state(weir, leave, state):
    """max_size is 1: the next client is served only if nothing was left behind."""
    gone = RawClient(weir.ports["trusted"]).login("tenant_c")
    gone.send(*state)
    if state[0] != m.query("SELECT 1")[:7]:
        until(lambda: weir.value("weir_pool_connections", state="used")
              + weir.value("weir_pool_connections", state="pinned") >= 1, "held")
    leave(gone)
    with RawClient(weir.ports["trusted"]).login("tenant_c") as other:
        assert other.query("SELECT count(*) FROM notes WHERE words = 'half'") == [["0"]]
        assert other.query("SELECT count(*) FROM pg_listening_channels()") == [["0"]]
    until(lambda: weir.value("weir_pool_connections", state="used") == 0, "released")
    assert weir.value("weir_protocol_desync_total") == 0


def test_gone_while_waiting(weir):
    before = weir.metrics()
    with RawClient(weir.ports["trusted"]).login("tenant_c") as holder:
        holder.query("BEGIN")
        waiters = [RawClient(weir.ports["trusted"]).login("tenant_c") for _ in range(5)]
        for waiter in waiters:
            waiter.send(m.query("SELECT 'never served'"))
        until(lambda: weir.value("weir_pool_pending_acquires") == 5, "all wait")
        for waiter in waiters:
            waiter.reset()
        until(lambda: weir.value("weir_pool_pending_acquires") == 0, "none waits", timeout=2)
        holder.query("COMMIT")
    assert weir.since(before).value("weir_acquires_total", outcome="cancelled") == 5
