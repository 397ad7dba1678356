"""COPY in both directions, and values larger than any buffer."""

import hashlib

import psycopg
import pytest

from harness import messages as m
from harness.processes import resident_kib
from harness.raw import RawClient, kinds
from harness.weir import sanitized

MIB = 1 << 20


@pytest.fixture
def client(weir):
    with RawClient(weir.ports["trusted"]).login("tenant_b") as client:
        client.query("DELETE FROM notes")
        yield client


def count(client):
    return int(client.query("SELECT count(*) FROM notes")[0][0])


def test_copy_in_and_out_of_many_rows(weir, scalar):
    rows = 200_000
    with weir.connect("tenant_b") as connection, connection.cursor() as cursor:
        cursor.execute("DELETE FROM notes")
        with cursor.copy("COPY notes (words) FROM STDIN") as copy:
            for start in range(0, rows, 1000):
                copy.write("".join(f"row {number} {'x' * 40}\n" for number in range(start, start + 1000)))
        assert scalar(connection, "SELECT count(*) FROM notes") == rows
        with cursor.copy("COPY (SELECT words FROM notes ORDER BY id) TO STDOUT") as copy:
            received = b"".join(copy)
        assert received.count(b"\n") == rows and received.startswith(b"row 0 ")
        cursor.execute("DELETE FROM notes")


def test_copy_in_by_the_simple_protocol(client):
    client.send(m.query("COPY notes (words) FROM STDIN"))
    assert kinds(client.until(b"G")) == "G"
    client.send(m.copy_data(b"one\n"), m.copy_data(b"two\nthree\n"), m.COPY_DONE)
    assert kinds(client.until_ready()) == "CZ"
    assert count(client) == 3


def test_copy_in_by_the_extended_protocol(client):
    client.send(m.parse("COPY notes (words) FROM STDIN"), m.bind(), m.execute(), m.SYNC)
    assert kinds(client.until(b"G")) == "12G"
    client.send(m.copy_data(b"one\n"), m.COPY_DONE, m.SYNC)
    assert kinds(client.until_ready()) == "CZ"
    assert count(client) == 1


def test_flush_and_sync_are_ignored_while_copying_in(client):
    client.send(m.parse("COPY notes (words) FROM STDIN"), m.bind(), m.execute(), m.FLUSH)
    client.until(b"G")
    client.send(m.copy_data(b"one\n"), m.SYNC, m.FLUSH, m.SYNC, m.copy_data(b"two\n"), m.COPY_DONE, m.SYNC)
    assert kinds(client.until_ready()) == "CZ"
    assert client.query("SELECT 1") == [["1"]]
    assert count(client) == 2


def test_a_copy_that_the_client_gives_up(client):
    client.send(m.query("COPY notes (words) FROM STDIN"))
    client.until(b"G")
    client.send(m.copy_data(b"one\n"), m.copy_fail("changed my mind"))
    answer = client.until_ready()
    assert kinds(answer) == "EZ" and m.error_fields(answer[0][1])["C"] == "57014"
    assert count(client) == 0


def test_what_still_comes_after_a_failed_copy_is_swallowed(client):
    client.send(m.query("COPY notes (id, words) FROM STDIN"))
    client.until(b"G")
    client.send(m.copy_data(b"not a number\tone\n"))
    client.send(*(m.copy_data(b"%d\tmore\n" % number) for number in range(5000)), m.COPY_DONE)
    answer = client.until_ready()
    assert kinds(answer) == "EZ" and m.error_fields(answer[0][1])["C"] == "22P02"
    assert client.query("SELECT 1") == [["1"]]
    assert count(client) == 0


def test_a_failed_copy_of_the_extended_protocol(client):
    client.send(m.parse("COPY notes (id, words) FROM STDIN"), m.bind(), m.execute(), m.SYNC)
    client.until(b"G")
    client.send(m.copy_data(b"not a number\tone\n"), m.copy_data(b"2\ttwo\n"), m.COPY_DONE, m.SYNC)
    answer = client.until_ready()
    assert kinds(answer) == "EZ"
    assert client.rows(m.extended("SELECT 1")) == [["1"]]


def test_two_copies_in_one_query(client):
    client.send(m.query("COPY notes (words) FROM STDIN; COPY notes (words) FROM STDIN; SELECT 7"))
    for words in (b"one\n", b"two\n"):
        client.until(b"G")
        client.send(m.copy_data(words), m.COPY_DONE)
    assert kinds(client.until_ready()) in ("CTDCZ", "CGCTDCZ")
    assert count(client) == 2


def test_a_client_gone_in_the_middle_of_a_copy_leaves_nothing(weir, client):
    with RawClient(weir.ports["trusted"]).login("tenant_b") as gone:
        gone.send(m.query("COPY notes (words) FROM STDIN"))
        gone.until(b"G")
        gone.send(m.copy_data(b"lost\n"))
    assert count(client) == 0


@pytest.mark.parametrize("mode", ["simple", "extended"])
def test_a_value_of_64_MiB_streams_through(weir, scalar, mode):
    """Right to the last byte, and never held whole in the pooler's memory."""
    before = resident_kib(weir.pid)
    with RawClient(weir.ports["trusted"], timeout=60).login("tenant_b") as client:
        statement = "SELECT repeat('0123456789abcdef', 4 * 1024 * 1024)"
        answer = client.ask(m.query(statement) if mode == "simple" else m.extended(statement))
        body = next(body for kind, body in answer if kind == b"D")
        assert len(body) == 64 * MIB + 6
        assert hashlib.sha256(body[6:]).digest() == hashlib.sha256(b"0123456789abcdef" * 4 * MIB).digest()
        assert client.query("SELECT 1") == [["1"]]
    if not sanitized():
        assert resident_kib(weir.pid) - before < 8 * 1024


def test_many_rows_to_a_slow_reader_hold_nothing_back_for_others(weir):
    before = resident_kib(weir.pid)
    with RawClient(weir.ports["trusted"], timeout=60).login("tenant_b") as slow, \
            RawClient(weir.ports["trusted"]).login("tenant_b") as quick:
        slow.send(m.query("SELECT repeat('y', 1000) FROM generate_series(1, 60000)"))
        slow.next()
        for number in range(200):
            assert quick.query(f"SELECT {number}") == [[str(number)]]
        if not sanitized():
            assert resident_kib(weir.pid) - before < 8 * 1024
        assert kinds(slow.until_ready()).count("D") == 60000


def test_psycopg_gets_the_servers_own_error(weir):
    with weir.connect("tenant_b") as connection:
        with pytest.raises(psycopg.errors.InvalidTextRepresentation):
            with connection.cursor().copy("COPY notes (id) FROM STDIN") as copy:
                copy.write("nonsense\n")
        assert connection.execute("SELECT 1").fetchone() == (1,)
