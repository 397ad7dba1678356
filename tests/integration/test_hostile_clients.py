"""Clients that leave in the middle, say half of a thing, or never listen: nothing runs twice, nothing
is held for ever, nothing grows."""

import contextlib
import socket
import struct
import time
from pathlib import Path

import pytest

from harness import messages as m
from harness.raw import RawClient
from harness.waiting import until
from harness.weir import sanitized

pytestmark = pytest.mark.sanitized

MIB = 1 << 20
# What a daemon may grow by; a sanitizer keeps what is freed for a while.
GROWTH = (512 if sanitized() else 24) * MIB


@pytest.fixture
def narrow(start_weir, postgres):
    """narrow(…): one server connection for all clients, with these settings of its pool."""
    def start(**settings):
        return start_weir(postgres, pool=[{"name": "narrow", "match": "tenant_{tenant}", "max_size": 1,
                                           "acquire_timeout": "3s", **settings}])
    return start


def login(weir, timeout=20):
    return RawClient(weir.ports["trusted"], timeout=timeout).login("tenant_b")


def resident(weir):
    for line in Path(f"/proc/{weir.pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) * 1024
    raise AssertionError("no VmRSS")


def served(weir):
    """The one connection is there for others."""
    with login(weir) as other:
        return other.query("SELECT 'own'") == [["own"]]


def test_a_request_behind_a_running_one_makes_neither_run_twice(narrow, postgres):
    weir = narrow()
    postgres.execute(
        "CREATE TABLE runs (pid int); GRANT ALL ON runs TO app;"
        "CREATE PROCEDURE run_once() LANGUAGE plpgsql AS $$ BEGIN"
        "  INSERT INTO runs VALUES (pg_backend_pid()); COMMIT; PERFORM pg_sleep(5); END $$", "tenant_b")
    with login(weir) as client:
        client.query("SELECT 1")
        client.send(m.query("CALL run_once()"))
        until(lambda: postgres.execute("SELECT 1 FROM runs", "tenant_b"), "it runs")
        client.send(m.query("SELECT 'second'"))
        time.sleep(0.2)
        postgres.execute("SELECT pg_terminate_backend(pid) FROM runs", "tenant_b")
        answer = []
        with pytest.raises(Exception):
            while True:
                answer.append(client.next())
        assert [kind for kind, _ in answer] == [b"E"]
    assert postgres.execute("SELECT count(*) FROM runs", "tenant_b") == [(1,)]


def test_a_copy_that_begins_after_its_client_has_gone_ends(narrow):
    weir = narrow()
    with login(weir) as client:
        client.query("SELECT 1")
        client.send(m.query("SELECT pg_sleep(0.3)"), m.parse("COPY notes FROM STDIN"), m.bind(),
                    m.execute(), m.SYNC, m.TERMINATE)
    until(lambda: weir.value("weir_pool_connections", state="resetting") == 0, "it ends")
    assert served(weir)


def test_a_goodbye_during_copy_in_ends_it(narrow):
    weir = narrow()
    with login(weir) as client:
        client.send(m.query("COPY notes FROM STDIN"))
        client.until(b"G")
        client.send(m.TERMINATE)
        assert client.closed()
        assert served(weir)


def test_a_goodbye_before_copy_in_begins_ends_it(narrow):
    weir = narrow()
    with login(weir) as client:
        client.send(m.query("SELECT pg_sleep(0.3); COPY notes FROM STDIN"), m.TERMINATE)
        until(lambda: weir.value("weir_client_connections") == 0, "the client has been let go")
    assert served(weir)


def test_a_client_that_takes_its_leave_does_not_escape_query_timeout(narrow):
    weir = narrow(query_timeout="500ms")
    with login(weir) as client:
        client.query("SELECT 1")
        client.send(m.query("SELECT pg_sleep(60)"), m.TERMINATE)
    assert served(weir)


@pytest.mark.parametrize("half", [b"", m.FLUSH, b"Q" + struct.pack("!i", 100)],
                         ids=["nothing", "a flush", "half a query"])
def test_a_transaction_that_says_no_more_is_seen_as_idle(narrow, half):
    weir = narrow(idle_in_transaction_timeout="500ms")
    with login(weir) as client:
        client.query("BEGIN")
        client.send(half)
        kind, body = client.next()
        assert (kind, m.error_fields(body)["C"]) == (b"E", "25P03")


@pytest.mark.parametrize("half", [m.query("SELECT 1") + b"d" + struct.pack("!i", 1000),
                                  b"Q" + struct.pack("!i", 100) + b"SELECT"],
                         ids=["half a CopyData", "half a Query"])
def test_half_a_message_that_holds_a_connection_is_a_leak(narrow, half):
    weir = narrow(leak_after="500ms", leak_action="close")
    with login(weir) as client:
        client.query("SELECT 1")
        client.send(half)
        until(lambda: weir.value("weir_leaks_reclaimed_total", action="close") == 1, "taken back")
        assert served(weir)


def test_a_transaction_whose_connection_is_killed_counts_as_abandoned(narrow):
    weir = narrow()
    with login(weir) as client:
        client.query("BEGIN")
        server = weir.json("/api/v1/servers")["servers"][0]["id"]
        weir.admin(f"/api/v1/servers/{server}/kill", "POST")
        until(lambda: weir.value("weir_transactions_total", end="abandoned") == 1, "counted")


def test_a_new_text_too_long_to_carry_replaces_the_old_one(narrow):
    with login(narrow()) as client:
        client.ask(m.parse("SELECT 'old'") + m.SYNC)
        client.ask(m.parse("SELECT 'new' /*" + "x" * 70000 + "*/") + m.SYNC)
        client.ask(m.parse("DISCARD ALL", "d") + m.SYNC)
        client.ask(m.bind("d") + m.execute() + m.SYNC)
        answer = client.ask(m.bind() + m.execute() + m.SYNC)
        rows = [m.data_row(body) for kind, body in answer if kind == b"D"]
        assert rows in ([], [["new"]])


@pytest.mark.parametrize("begun", [65000, 65539, 70000])
def test_a_name_as_long_as_what_is_kept_is_no_dead_end(narrow, begun):
    with login(narrow()) as client:
        client.ask(m.parse("SELECT 1") + m.SYNC)
        body = b"p" * 75000 + b"\0" + b"\0" + struct.pack("!hhh", 0, 0, 0)
        client.send(b"B" + struct.pack("!i", 4 + len(body)) + body[:begun - 5])
        time.sleep(0.3)
        client.send(body[begun - 5:] + m.SYNC)
        assert [kind for kind, _ in client.until_ready()][-1] == b"Z"


def send_unheard(connection, what):
    """Until nobody takes it any more."""
    connection.settimeout(1)
    sent = 0
    try:
        while sent < 200 * MIB:
            sent += connection.send(what)
    except TimeoutError:
        pass
    return sent


def test_answers_that_nobody_reads_are_not_kept(narrow):
    weir = narrow()
    with socket.socket() as deaf:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        deaf.connect(("127.0.0.1", weir.ports["trusted"]))
        deaf.sendall(m.startup("tenant_b", "app"))
        assert served(weir)
        before = resident(weir)
        question = m.query("SELECT repeat('x', 7000)")
        deaf.settimeout(1)
        answered = weir.value("weir_queries_total")
        with contextlib.suppress(AssertionError):
            while True:  # one by one: each is answered and its connection given back, until there is no room
                deaf.sendall(question)
                answered += 1
                until(lambda: weir.value("weir_queries_total") >= answered, "the answer", timeout=10)
        with contextlib.suppress(TimeoutError):
            deaf.sendall(question * 3000)
        assert resident(weir) - before < GROWTH
        until(lambda: served(weir), "the connection is not held for what nobody reads")


def test_refusals_that_nobody_reads_are_not_kept(narrow):
    weir = narrow()
    with login(weir) as client:
        client.query("SELECT 1")
        weir.command("disable", "--pool", "narrow", "--tenant", "b")
        before = resident(weir)
        send_unheard(client.socket, m.query("") * 10000)
        assert resident(weir) - before < GROWTH
        answer = client.until_ready()  # and they come when it reads
        assert answer[-1] == (b"Z", b"I")
