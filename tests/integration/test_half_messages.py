"""Messages that are cut, late or misleading: nothing of one client's may ever reach another."""

import struct
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness import messages as m
from harness.raw import RawClient, Refused
from harness.waiting import stays, until

pytestmark = pytest.mark.sanitized


@pytest.fixture
def narrow(start_weir, postgres):
    """One server connection for all clients: what is left behind would meet the next one."""
    return start_weir(postgres, pool=[{"name": "narrow", "match": "tenant_{tenant}", "max_size": 1,
                                       "acquire_timeout": "3s"}])


def login(weir):
    return RawClient(weir.ports["trusted"]).login("tenant_b")


def half_of(kind, length):
    return kind + struct.pack("!i", 4 + length)


@pytest.mark.parametrize("kind", [b"d", b"c", b"f"])
def test_a_half_sent_message_keeps_its_connection_or_goes_nowhere(narrow, kind):
    injected = m.query("SELECT 'injected'")
    with login(narrow) as half, login(narrow) as other:
        assert half.query("SELECT 1") == [["1"]]
        half.send(m.query("SELECT 2") + half_of(kind, len(injected)))
        half.until_ready()
        try:
            assert other.query("SELECT 'own'") == [["own"]]
        except Refused as refused:
            assert refused.code == "53300"
        half.send(injected + m.query("SELECT 'mine', pg_sleep(0.2)"))
        answer = half.until_ready()
        assert [m.data_row(body) for type_, body in answer if type_ == b"D"] == [["mine", ""]]
        assert other.query("SELECT 'own'") == [["own"]]


def test_a_client_that_dies_in_the_middle_of_a_message_leaves_nothing(narrow):
    with login(narrow) as half:
        half.send(m.query("SELECT 2") + half_of(b"d", 1000))
        half.until_ready()
    with login(narrow) as other:
        assert other.query("SELECT 'own'") == [["own"]]


def test_an_error_that_looks_like_a_shutdown_is_an_error_of_its_client(narrow):
    with login(narrow) as one, login(narrow) as other:
        with pytest.raises(Refused) as caught:
            one.query("DO $$ BEGIN RAISE EXCEPTION 'of one' USING errcode = '57P01'; END $$")
        assert caught.value.code == "57P01"
        assert other.query("SELECT 'own'") == [["own"]]


def test_a_changed_default_is_taken_over_and_not_fought(start_weir, start_postgres):
    server = start_postgres(["tenant_b"])
    weir = start_weir(server, pool=[{"name": "narrow", "match": "tenant_{tenant}", "max_size": 1}])
    with login(weir) as one:
        assert one.query("SELECT 1") == [["1"]]
        server.execute("ALTER SYSTEM SET DateStyle = 'German'", "tenant_b")
        server.execute("SELECT pg_reload_conf()", "tenant_b")
        until(lambda: one.query("SHOW DateStyle") != [["ISO, MDY"]], "the new default")
    with login(weir) as other:
        assert other.query("SELECT '2020-02-01'::date") == [["01.02.2020"]]
    until(lambda: weir.value("weir_pool_connections", state="idle") == 1, "idle again")


def test_a_client_that_streams_on_after_its_copy_failed_is_heard_again(narrow):
    with login(narrow) as one:
        one.query("CREATE TABLE IF NOT EXISTS numbers_only (n int)")
        one.send(m.query("COPY numbers_only FROM STDIN"))
        one.until(b"G")
        line = b"not a number\n" * 2000
        for _ in range(40):
            one.send(b"d" + struct.pack("!i", 4 + len(line)) + line)
        one.send(b"c" + struct.pack("!i", 4))
        one.until_ready()
        assert one.query("SELECT 7") == [["7"]]


def test_a_pipeline_of_long_statements_is_read_to_its_end(narrow):
    statements = [m.parse(f"SELECT {i}, '{'x' * 50000}'", f"s{i}") for i in range(20)]
    with login(narrow) as client:
        answer = client.ask(*statements, m.SYNC)
        assert [kind for kind, _ in answer] == [b"1"] * len(statements) + [b"Z"]


def test_what_waits_for_an_answer_about_names_is_not_gathered_for_ever(start_weir, postgres):
    weir = start_weir(postgres)

    def heard():
        return sum(weir.metrics().series("weir_network_bytes_total", side="client", direction="in").values())

    many = 16000
    rest = m.bind("s1", values=["x" * 1000]) + m.execute() + m.SYNC
    with login(weir) as client, ThreadPoolExecutor(1) as thread:
        client.query("PREPARE held AS SELECT 1")
        sent = thread.submit(client.send, m.query("DEALLOCATE ALL; SELECT pg_sleep(2)"),
                             m.parse("SELECT length($1::text)", "s1"), m.SYNC, rest * many)
        stays(lambda: heard() < 1 << 20, "the rest stays where it is", seconds=1)
        rows = 0
        for _ in range(many + 2):
            rows += sum(kind == b"D" for kind, _ in client.until_ready())
        assert rows == many + 1
        sent.result()
