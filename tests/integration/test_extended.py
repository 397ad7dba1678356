"""The extended protocol message by message: pipelines, errors, the unnamed statement, portals."""

import pytest

from harness import messages as m
from harness.raw import RawClient, Refused, kinds
from harness.waiting import until

pytestmark = pytest.mark.sanitized


@pytest.fixture
def client(weir):
    with RawClient(weir.ports["trusted"]).login("tenant_b") as client:
        yield client


def test_one_batch(client):
    answer = client.ask(m.extended("SELECT $1::int * 2", 21))
    assert kinds(answer) == "12TDCZ"
    assert m.data_row(answer[3][1]) == ["42"]


def test_several_statements_in_one_query_have_one_end(client):
    answer = client.ask(m.query("SELECT 1; SELECT 2; SET LOCAL work_mem = '5MB'; SELECT 3"))
    assert kinds(answer).count("Z") == 1 and kinds(answer).count("C") == 4
    assert kinds(client.ask(m.query(""))) == "IZ"
    assert kinds(client.ask(m.query("SELECT 1; SELECT 1/0; SELECT 2"))) == "TDCEZ"


def test_begin_and_commit_inside_one_query_change_the_state(client):
    assert client.ask(m.query("BEGIN; SELECT 1"))[-1][1] == b"T"
    assert client.ask(m.query("SELECT 1/0"))[-1][1] == b"E"
    assert client.ask(m.query("ROLLBACK; SELECT 1"))[-1][1] == b"I"


def test_each_sync_of_a_pipeline_gets_its_own_end(client):
    client.send(*(m.extended("SELECT $1::int", number) for number in range(200)))
    for number in range(200):
        answer = client.until_ready()
        assert m.data_row(answer[3][1]) == [str(number)]


def test_queries_and_batches_may_be_mixed_in_a_pipeline(client):
    client.send(m.query("BEGIN"), m.extended("SELECT 1"), m.query("SELECT 2"), m.SYNC, m.query("COMMIT"))
    states = [client.until_ready()[-1][1] for _ in range(5)]
    assert states == [b"T", b"T", b"T", b"T", b"I"]


def test_after_an_error_the_batch_is_skipped_up_to_its_sync(client):
    client.send(m.parse("SELECT 1/0"), m.bind(), m.execute(), m.parse("SELECT 2"), m.bind(), m.execute(),
                m.SYNC, m.extended("SELECT 3"))
    assert kinds(client.until_ready()) in ("12EZ", "1EZ")
    assert kinds(client.until_ready()) == "12TDCZ"


def test_an_error_in_the_middle_of_a_pipeline_of_batches(client):
    client.send(m.extended("SELECT 1"), m.extended("SELECT * FROM missing"), m.extended("SELECT 2"))
    assert kinds(client.until_ready()) == "12TDCZ"
    assert kinds(client.until_ready()) == "EZ"
    assert kinds(client.until_ready()) == "12TDCZ"


def test_sync_alone(client):
    for _ in range(3):
        assert client.ask(m.SYNC) == [(b"Z", b"I")]


def test_flush_shows_replies_before_the_end(client):
    client.send(m.parse("SELECT $1::text"), m.describe(), m.FLUSH)
    assert kinds(client.until(b"T", b"n")) == "1tT"
    client.send(m.bind(values=["late"]), m.execute(), m.FLUSH)
    assert kinds(client.until(b"C")) == "2DC"
    assert client.ask(m.SYNC) == [(b"Z", b"I")]


def test_a_batch_without_sync_keeps_its_connection(weir, client):
    before = weir.metrics()
    client.send(m.parse("SELECT pg_backend_pid()"), m.bind(), m.execute(), m.FLUSH)
    first = m.data_row(next(body for kind, body in client.until(b"C") if kind == b"D"))
    with RawClient(weir.ports["trusted"]).login("tenant_b") as other:
        assert other.query("SELECT pg_backend_pid()") != [first]
    client.send(m.bind(), m.execute(), m.SYNC)
    assert m.data_row(client.until_ready()[1][1]) == first
    assert weir.since(before).value("weir_acquires_total", pool="tenants", outcome="ok") == 2


def test_the_unnamed_statement_lives_on_across_batches(weir, client):
    """Others use the same server connections in between, with other unnamed statements."""
    assert kinds(client.ask(m.parse("SELECT 'mine', $1::int"), m.describe(), m.SYNC)) == "1tTZ"
    with RawClient(weir.ports["trusted"]).login("tenant_b") as other:
        for number in range(5):
            assert other.rows(m.extended("SELECT 'theirs'"))
            assert other.query("SELECT 1") == [["1"]]
            assert client.rows(m.bind(values=[number]), m.execute(), m.SYNC) == [["mine", str(number)]]


def test_the_unnamed_statement_dies_with_a_simple_query(client):
    client.ask(m.parse("SELECT 1"), m.SYNC)
    client.query("SELECT 2")
    with pytest.raises(Refused) as caught:
        client.rows(m.bind(), m.execute(), m.SYNC)
    assert caught.value.code == "26000"
    assert client.query("SELECT 3") == [["3"]]


def test_without_an_unnamed_statement_a_strangers_is_not_found(start_weir, postgres):
    weir = start_weir(postgres, pool=[{"name": "one", "match": "tenant_b", "max_size": 1}])
    with RawClient(weir.ports["trusted"]).login("tenant_b") as stranger, \
            RawClient(weir.ports["trusted"]).login("tenant_b") as client:
        for question in (m.bind() + m.execute(), m.describe()):
            assert stranger.rows(m.extended("SELECT 'stranger'")) == [["stranger"]]
            with pytest.raises(Refused) as caught:
                client.rows(question + m.SYNC)
            assert caught.value.code == "26000"


def test_a_refused_unnamed_statement_leaves_none_behind(client):
    client.ask(m.parse("SELECT 1"), m.SYNC)
    assert kinds(client.ask(m.parse("SELEC 1"), m.SYNC)) == "EZ"
    assert kinds(client.ask(m.bind(), m.execute(), m.SYNC)) in ("EZ", "2DCZ")
    assert client.query("SELECT 3") == [["3"]]


def test_a_portal_is_read_in_pieces_within_a_transaction(client):
    client.ask(m.query("BEGIN"))
    client.send(m.parse("SELECT generate_series(1, 5)"), m.bind(portal="p"), m.execute("p", 2), m.SYNC)
    assert kinds(client.until_ready()) == "12DDsZ"
    assert kinds(client.ask(m.execute("p", 2), m.SYNC)) == "DDsZ"
    assert kinds(client.ask(m.execute("p", 0), m.close("p", b"P"), m.SYNC)) == "DC3Z"
    assert client.ask(m.query("COMMIT"))[-1][1] == b"I"


def test_function_call(client):
    oid = int(client.query("SELECT 'pg_catalog.int4abs(int4)'::regprocedure::oid")[0][0])
    for value in (-5, -70000):
        answer = client.ask(m.function_call(oid, value.to_bytes(4, "big", signed=True)))
        assert kinds(answer) == "VZ"
        assert int.from_bytes(answer[0][1][4:], "big") == -value


def test_a_query_larger_than_any_buffer(client):
    words = "x" * (8 << 20)
    assert client.query(f"SELECT length('{words}')") == [[str(8 << 20)]]
    assert client.rows(m.extended("SELECT length($1)", words)) == [[str(8 << 20)]]


def test_messages_in_single_bytes(weir):
    with RawClient(weir.ports["trusted"]) as client:
        for byte in m.startup("tenant_b"):
            client.send(bytes([byte]))
        client.until_ready()
        for byte in m.extended("SELECT $1::text", "slowly") + m.query("SELECT 'quick'"):
            client.send(bytes([byte]))
        assert m.data_row(client.until_ready()[3][1]) == ["slowly"]
        assert m.data_row(client.until_ready()[1][1]) == ["quick"]


def test_what_stands_before_a_goodbye_still_runs_and_is_answered(client, postgres):
    client.send(m.query("INSERT INTO notes (words) VALUES ('before the goodbye')"), m.TERMINATE)
    assert kinds(client.until_ready()) == "CZ"
    assert postgres.execute("DELETE FROM notes WHERE words = 'before the goodbye' RETURNING 1", "tenant_b")
    assert client.closed()


def test_a_goodbye_behind_a_query_leaves_nothing_behind(weir, client):
    before = weir.metrics()
    client.send(m.query("SELECT pg_sleep(0.2)"), m.TERMINATE)
    until(lambda: weir.since(before).value("weir_client_connections_closed_total", reason="client") == 1, "gone")
    until(lambda: weir.value("weir_pool_connections", state="used") == 0, "released", timeout=3)
    with RawClient(weir.ports["trusted"]).login("tenant_b") as other:
        assert other.query("SELECT 1") == [["1"]]


def test_a_password_message_in_the_middle_is_a_protocol_error(client):
    client.send(m.message(b"p", b"again\0"))
    assert client.error()["C"] == "08P01"
    assert client.closed()


def test_an_unknown_message_is_a_protocol_error(weir, client):
    client.send(m.message(b"~", b"?"))
    assert client.error()["C"] == "08P01"
    assert client.closed()


def test_a_refusal_inside_a_batch_ends_at_the_clients_sync(start_weir, postgres):
    """The error goes out at once; ReadyForQuery only when the client has said Sync."""
    weir = start_weir(postgres, pool=[{"name": "one", "match": "tenant_b", "max_size": 1,
                                       "acquire_timeout": "2s"}])
    with RawClient(weir.ports["trusted"]).login("tenant_b") as holder, \
            RawClient(weir.ports["trusted"]).login("tenant_b") as client:
        holder.query("BEGIN")
        client.send(m.parse("SELECT 1"), m.bind(), m.execute(), m.FLUSH)
        assert client.error()["C"] == "53300"
        client.send(m.bind(), m.execute())
        client.send(m.SYNC)
        assert client.next() == (b"Z", b"I")
        holder.query("COMMIT")
        assert client.rows(m.extended("SELECT 5")) == [["5"]]
