"""Spans of what Weir does, in the application's own trace: from real clients to a collector."""

import os
import re
import threading
import time

import psycopg
import pytest

from harness import messages as m
from harness.raw import RawClient
from harness.spans import SpanReceiver
from harness.waiting import until

pytestmark = pytest.mark.sanitized
POOL = {"name": "tenants", "match": "tenant_{tenant}"}
CHECKOUT = "transaction tenants"


@pytest.fixture
def receiver():
    receiver = SpanReceiver().start()
    yield receiver
    receiver.stop()


def traced(receiver, **traces):
    """What a Weir needs to say to export to this receiver soon."""
    return {"traces": {"endpoint": receiver.url, "sample_ratio": 1.0, **traces},
            "environment": {"OTEL_BSP_SCHEDULE_DELAY": "50"}}


@pytest.fixture
def weir_with(start_weir, postgres, receiver):
    def start(pool=None, **traces):
        return start_weir(postgres, pool=[{**POOL, **(pool or {})}], **traced(receiver, **traces))
    return start


def parent(flags="01"):
    """A traceparent of a trace of its own: (text, trace id, span id)."""
    trace, span = os.urandom(16).hex(), os.urandom(8).hex()
    return f"00-{trace}-{span}-{flags}", trace, span


def comment(text):
    return f"/*route='%2Fpolls',traceparent='{text}',tracestate='congo%3Dt61'*/"


def raw(weir):
    return RawClient(weir.ports["trusted"]).login("tenant_a")


def exported(weir, result="exported"):
    return weir.value("weir_spans_total", result=result)


# -- whose trace it is


def test_a_statements_comment_continues_the_applications_trace(weir_with, receiver, postgres):
    weir = weir_with()
    text, trace, span = parent()
    before = time.time_ns()
    with weir.connect() as client:
        client.execute(f"SELECT 1 {comment(text)}")
    found = receiver.one(CHECKOUT, lambda s: s.trace == trace)
    assert found.parent == span and found.kind == "server" and not found.failed
    assert found.state == "congo=t61"
    assert before - 10**9 < found.start <= found.end < time.time_ns() + 10**9
    assert found.attributes["db.system.name"] == "postgresql"
    assert found.attributes["db.namespace"] == "tenant_a"
    assert found.attributes["server.address"] == "127.0.0.1"
    assert found.attributes["server.port"] == postgres.port
    assert found.attributes["db.client.connection.pool.name"] == "tenants"
    assert found.attributes["weir.tenant"] == "a"
    assert found.attributes["weir.acquire.source"] in ("created", "waited", "idle")
    assert found.attributes["weir.sampling.reason"] == "parent"
    acquire = receiver.one("pool.acquire", lambda s: s.trace == trace)
    assert acquire.parent == found.id and acquire.kind == "internal"


def test_a_transaction_is_of_the_trace_that_its_first_commented_statement_names(weir_with, receiver):
    weir = weir_with()
    text, trace, span = parent()
    with weir.connect(autocommit=False) as client:
        client.execute(f"SELECT 1 {comment(text)}")
        client.execute("SELECT 2")
    found = receiver.one(CHECKOUT, lambda s: s.trace == trace)
    assert found.parent == span


def test_without_a_parent_a_root_is_made_that_says_its_ratio(weir_with, receiver):
    weir = weir_with()
    with weir.connect() as client:
        client.execute("SELECT 1")
    found = receiver.one(CHECKOUT)
    assert found.parent == "" and found.state == "ot=th:0"
    assert found.attributes["weir.sampling.reason"] == "ratio"


def test_the_child_of_an_unsampled_parent_stays_unsampled(weir_with, receiver):
    weir = weir_with(slow="0s")
    unsampled, trace, _ = parent("00")
    sampled, other, _ = parent()
    with weir.connect() as client:
        client.execute(f"SELECT 1 {comment(unsampled)}")
        client.execute(f"SELECT 1 {comment(sampled)}")
    receiver.one(CHECKOUT, lambda s: s.trace == other)
    assert not [s for s in receiver.seen() if s.trace == trace]
    assert exported(weir, "unsampled") == 1


def test_no_root_is_sampled_at_a_ratio_of_zero(weir_with, receiver):
    weir = weir_with(sample_ratio=0.0, slow="0s")
    with weir.connect() as client:
        for _ in range(20):
            client.execute("SELECT 1")
    until(lambda: exported(weir, "unsampled") == 20, "counted")
    assert not receiver.seen(CHECKOUT)


def test_a_parse_is_the_parent_of_what_is_executed_with_it_and_a_link_otherwise(weir_with, receiver):
    weir = weir_with(statements="summary")
    together, trace, span = parent()
    before, other, elsewhere = parent()
    with raw(weir) as client:
        client.ask(m.parse(f"SELECT 1 {comment(together)}"), m.bind(), m.execute(), m.SYNC)
        client.ask(m.parse(f"SELECT 2 {comment(before)}", "named"), m.SYNC)
        client.ask(m.bind("named"), m.execute(), m.SYNC)
    assert receiver.one(CHECKOUT, lambda s: s.trace == trace).parent == span
    until(lambda: sum((other, elsewhere) in s.links for s in receiver.seen(CHECKOUT)) == 2,
          lambda: f"linked: {receiver.seen()}")
    assert not [s for s in receiver.seen() if s.trace == other]


def test_a_session_names_its_trace_until_it_says_otherwise(weir_with, receiver):
    weir = weir_with()
    text, trace, span = parent()
    with weir.connect() as client:
        assert client.execute(f"SET weir.traceparent = '{text}'").statusmessage == "SET"
        client.execute("SELECT 1")
        client.execute("SELECT 2")
        assert client.execute("RESET weir.traceparent").statusmessage == "RESET"
        client.execute("SELECT 3")
    until(lambda: len(receiver.seen(CHECKOUT)) == 3, lambda: f"all: {receiver.seen()}")
    of_it = [s for s in receiver.seen(CHECKOUT) if s.trace == trace]
    assert len(of_it) == 2 and all(s.parent == span for s in of_it)
    assert weir.value("weir_pins_total", reason="setting") == 0


def test_a_transaction_names_its_trace_alone(weir_with, receiver):
    weir = weir_with()
    text, trace, span = parent()
    with weir.connect() as client:
        assert client.execute(f"SET LOCAL weir.traceparent = '{parent()[0]}'").statusmessage == "SET"
        with client.transaction():
            client.execute("SELECT 1")
            assert client.execute(f"SET LOCAL weir.traceparent = '{text}'").statusmessage == "SET"
            client.execute("SELECT 2")
        client.execute("SELECT 3")
    until(lambda: len(receiver.seen(CHECKOUT)) == 2, lambda: f"both: {receiver.seen()}")
    assert [s.parent for s in receiver.seen(CHECKOUT)] == [span, ""]
    assert receiver.seen(CHECKOUT)[0].trace == trace


def test_outside_a_transaction_set_local_names_no_trace(weir_with, receiver):
    weir = weir_with({"mode": "session"})
    text, trace, _ = parent()
    with weir.connect() as client:
        assert client.execute(f"SET LOCAL weir.traceparent = '{text}'").statusmessage == "SET"
        client.execute("SELECT 1")
    assert receiver.one(CHECKOUT).trace != trace


def test_set_traceparent_is_refused_in_a_failed_transaction_as_a_server_would(weir_with):
    weir = weir_with()
    with weir.connect(autocommit=False) as client:
        with pytest.raises(psycopg.errors.DivisionByZero):
            client.execute("SELECT 1/0")
        with pytest.raises(psycopg.errors.InFailedSqlTransaction):
            client.execute(f"SET weir.traceparent = '{parent()[0]}'")
        client.rollback()
        assert client.execute("SELECT 1").fetchone() == (1,)


def test_a_statement_s_own_comment_comes_before_what_was_set(weir_with, receiver):
    weir = weir_with()
    (standing, _, _), (own, trace, span) = parent("00"), parent()
    with weir.connect() as client:
        client.execute(f"SET weir.traceparent = '{standing}'")
        client.execute(f"SELECT 1 {comment(own)}")
        client.execute("SELECT 2")
    assert receiver.one(CHECKOUT, lambda s: s.trace == trace).parent == span
    until(lambda: exported(weir, "unsampled") == 1, "the other is of the trace that was set")


def test_set_traceparent_in_an_open_batch_keeps_nobody_waiting(weir_with):
    weir = weir_with()
    with raw(weir) as client:
        client.send(m.parse("SELECT 1"), m.bind(), m.execute(), m.message(b"H"),
                    m.query(f"SET weir.traceparent = '{parent()[0]}'"))
        assert (b"C", b"SET\0") in client.until_ready()


def test_set_traceparent_is_answered_in_its_turn(weir_with, receiver):
    weir = weir_with()
    text, trace, _ = parent()
    with raw(weir) as client:
        client.send(m.query("SELECT 'a'"), m.query(f"SET weir.traceparent TO '{text}'"),
                    m.query("SELECT 'b'"))
        tags = []
        for _ in range(3):
            tags += [body.rstrip(b"\0") for kind, body in client.until_ready() if kind == b"C"]
        assert tags == [b"SELECT 1", b"SET", b"SELECT 1"]
        client.query("BEGIN")
        answer = client.ask(m.query("SET weir.traceparent TO DEFAULT"))
        assert answer[-1] == (b"Z", b"T"), "in the transaction still"
        client.query("COMMIT")
    receiver.one(CHECKOUT, lambda s: s.trace == trace)


def test_set_traceparent_is_answered_without_tracing_as_well(start_weir, postgres):
    weir = start_weir(postgres, pool=[POOL])
    with weir.connect() as client:
        client.execute(f"SET weir.traceparent = '{parent()[0]}'")
        assert client.execute("SELECT 1").fetchone() == (1,)
    assert weir.value("weir_pins_total", reason="setting") == 0


def test_set_traceparent_may_come_byte_by_byte(weir_with, receiver):
    weir = weir_with()
    text, trace, _ = parent()
    with raw(weir) as client:
        for byte in m.query(f"SET weir.traceparent = '{text}'") + m.query("SELECT 1"):
            client.send(bytes([byte]))
        kinds = [kind for _ in range(2) for kind, _ in client.until_ready()]
        assert kinds == [b"C", b"Z", b"T", b"D", b"C", b"Z"]
    receiver.one(CHECKOUT, lambda s: s.trace == trace)


# -- who waits for whom


def test_a_waiter_is_linked_to_whoever_held_its_connection(weir_with, receiver):
    weir = weir_with(pool={"max_size": 1})
    held, waited = parent(), parent()
    with weir.connect(autocommit=False) as holder, weir.connect() as waiter:
        holder.execute(f"SELECT 1 {comment(held[0])}")
        waiting = threading.Thread(
            target=lambda: waiter.execute(f"SELECT 2 {comment(waited[0])}"))
        waiting.start()
        until(lambda: weir.value("weir_pool_pending_acquires") == 1, "waits")
        holder.commit()
        waiting.join()
    holding = receiver.one(CHECKOUT, lambda s: s.trace == held[1])
    acquire = receiver.one("pool.acquire", lambda s: s.trace == waited[1])
    assert (holding.trace, holding.id) in acquire.links
    assert acquire.attributes["weir.wait.cause"] == "pool_full"
    assert acquire.attributes["weir.queue.position"] == 1
    assert acquire.attributes["weir.acquire.source"] == "waited"
    assert acquire.end > acquire.start


def test_an_acquire_that_times_out_is_kept_and_linked_to_the_holder(weir_with, receiver):
    weir = weir_with(pool={"max_size": 1, "acquire_timeout": "300ms"}, sample_ratio=0.0, slow="0s")
    with weir.connect(autocommit=False) as holder, weir.connect() as waiter:
        text, trace, _ = parent()
        holder.execute(f"SELECT 1 {comment(text)}")
        with pytest.raises(psycopg.Error):
            waiter.execute("SELECT 2")
    failed = receiver.one(CHECKOUT, lambda s: s.failed)
    assert failed.attributes["error.type"] == "timeout"
    assert failed.attributes["weir.sampling.reason"] == "failed"
    acquire = receiver.one("pool.acquire", lambda s: s.parent == failed.id)
    holding = receiver.one(CHECKOUT, lambda s: s.trace == trace)
    assert acquire.links == [(trace, holding.id)]


# -- what is kept besides


def test_slow_and_failed_ones_are_kept_though_not_sampled(weir_with, receiver):
    weir = weir_with(sample_ratio=0.0, slow="200ms")
    with weir.connect() as client:
        client.execute("SELECT 1")
        client.execute("SELECT pg_sleep(0.3)")
        with pytest.raises(psycopg.Error):
            client.execute("SELECT 1/0")
    slow = receiver.one(CHECKOUT, lambda s: s.attributes["weir.sampling.reason"] == "slow")
    assert not slow.failed and slow.end - slow.start > 200_000_000 and slow.state == ""
    failed = receiver.one(CHECKOUT, lambda s: s.failed)
    assert failed.attributes["weir.sampling.reason"] == "failed"
    assert failed.attributes["error.type"] == failed.attributes["db.response.status_code"] == "22012"
    assert all(s.failed or s.end - s.start > 200_000_000 for s in receiver.seen(CHECKOUT))


def test_those_kept_besides_are_limited(weir_with, receiver):
    weir = weir_with(sample_ratio=0.0, slow="0s", slow_per_second=2)
    began = time.monotonic()
    with weir.connect() as client:
        for _ in range(100):
            with pytest.raises(psycopg.Error):
                client.execute("SELECT 1/0")
    seconds = int(time.monotonic() - began) + 2  # those that it touched
    until(lambda: receiver.seen(CHECKOUT), "some")
    until(lambda: exported(weir) + exported(weir, "unsampled") >= 100, "all are told of")
    assert len(receiver.seen(CHECKOUT)) <= 2 * seconds


def test_a_leak_is_always_exported_and_its_evidence_names_the_trace(weir_with, receiver):
    weir = weir_with(pool={"leak_after": "1s"}, sample_ratio=0.0, slow_per_second=0)
    text, trace, _ = parent("00")
    with raw(weir) as client:
        client.query("BEGIN")
        client.query(f"SELECT 1 {comment(text)}")
        leak = receiver.one("pool.leak")
        found = weir.json("/api/v1/leaks")["leaks"][0]
        assert found["trace_id"] == leak.trace == trace
        assert leak.links == [(trace, leak.parent)]
        assert f"trace_id={trace}" in weir.log()


# -- what else there is to see


def test_a_query_is_a_span_without_its_literals(weir_with, receiver):
    weir = weir_with(statements="text")
    with weir.connect(autocommit=False) as client:
        client.execute("SELECT id FROM notes WHERE words = 'secret words' AND id = 424242424")
        client.execute("SELECT id FROM notes WHERE words = %s", ("secret parameter",))
        with pytest.raises(psycopg.Error):
            client.execute("SELECT * FROM no_such_table WHERE a = 'secret words'")
        client.rollback()
    checkout = receiver.one(CHECKOUT)
    queries = [s for s in receiver.seen("SELECT notes") if s.parent == checkout.id]
    assert len(queries) == 2 and all(s.kind == "client" for s in queries)
    assert queries[0].attributes["db.operation.name"] == "SELECT"
    assert queries[0].attributes["db.query.summary"] == "SELECT notes"
    assert queries[0].attributes["db.query.text"] == "SELECT id FROM notes WHERE words = ? AND id = ?"
    failed = receiver.one("SELECT no_such_table")
    assert failed.failed and failed.attributes["db.response.status_code"] == "42P01"
    receiver.one("BEGIN")
    assert not re.search("secret|424242424", receiver.text())


def test_statements_are_no_spans_unless_asked_for(weir_with, receiver):
    weir = weir_with()
    with weir.connect() as client:
        client.execute("SELECT id FROM notes")
    receiver.one(CHECKOUT)
    assert {s.name for s in receiver.seen()} <= {CHECKOUT, "pool.acquire", "pool.connect"}
    assert "notes" not in receiver.text()


def test_a_dial_is_a_span_and_the_acquire_that_it_was_for_is_linked_to_it(weir_with, receiver):
    weir = weir_with()
    with weir.connect() as client:
        client.execute("SELECT 1")
    dial = receiver.one("pool.connect")
    assert dial.kind == "client" and not dial.failed and dial.end > dial.start


def assert_steps(dial, *names):
    assert [name for name, _ in dial.events] == list(names), dial.events
    times = [dial.start, *(at for _, at in dial.events), dial.end]
    assert times == sorted(times)


def test_a_dial_says_when_each_of_its_steps_was_done(start_weir, start_module_postgres, authority, receiver):
    certificate, key = authority.sign("server", owner="postgres")
    server = start_module_postgres(["tenant_a"], ssl="on", ssl_cert_file=certificate, ssl_key_file=key)
    for address, tls, steps in (("127.0.0.1", "disable", ("tcp", "auth")),
                                ("127.0.0.1", "require", ("tcp", "tls", "auth")),
                                ("localhost", "require", ("dns", "tcp", "tls", "auth"))):
        weir = start_weir(server, upstream={"address": f"{address}:{server.port}", "tls": {"mode": tls}},
                          pool=[POOL], **traced(receiver))
        receiver.forget()
        with weir.connect() as client:
            client.execute("SELECT 1")
        assert_steps(receiver.one("pool.connect"), *steps)
        weir.stop()


def test_a_dial_that_fails_says_how_far_it_came(start_weir, postgres, receiver):
    weir = start_weir(postgres, pool=[{**POOL, "user": "nobody_at_all", "password": "wrong",
                                       "acquire_timeout": "3s"}], **traced(receiver))
    with pytest.raises(psycopg.OperationalError):
        weir.connect()
    dial = receiver.one("pool.connect")
    assert dial.failed and dial.attributes["error.type"] == "auth"
    assert_steps(dial, "tcp")


def test_what_a_dirty_release_and_a_lost_connection_cost_is_seen(weir_with, receiver, postgres):
    weir = weir_with()
    text, trace, _ = parent()
    client = raw(weir)
    client.query(f"BEGIN {comment(text)}")
    client.query("SELECT 1")
    client.close()
    abandoned = receiver.one(CHECKOUT, lambda s: s.trace == trace)
    assert abandoned.failed and abandoned.attributes["error.type"] == "client"
    reset = receiver.one("pool.reset", lambda s: s.trace == trace)
    assert reset.parent == abandoned.id
    with raw(weir) as other:
        pid = int(other.query("SELECT pg_backend_pid()")[0][0])
        postgres.execute(f"SELECT pg_terminate_backend({pid})")
        reap = receiver.one("pool.reap")
        assert reap.attributes["weir.reap.reason"] == "server_closed" and reap.links


# -- the other engines


def test_mysql_continues_the_applications_trace(start_mysql_weir, mariadb, receiver):
    weir = start_mysql_weir(mariadb, pool=[POOL], **traced(receiver, statements="text"))
    text, trace, span = parent()
    other = parent()
    with weir.mysql() as client, client.cursor() as cursor:
        cursor.execute(f"SELECT 'secret words' {comment(text)}")
        cursor.execute("BEGIN")
        with pytest.raises(Exception, match="no_such_table"):
            cursor.execute(f"SELECT * FROM no_such_table {comment(other[0])}")
        cursor.execute("ROLLBACK")
    found = receiver.one(CHECKOUT, lambda s: s.trace == trace and s.parent == span)
    assert found.attributes["db.system.name"] == "mariadb"
    assert_steps(receiver.one("pool.connect"), "tcp", "auth")
    query = receiver.one("SELECT", lambda s: s.parent == found.id)
    assert query.attributes["db.query.text"] == "SELECT ?"
    failed = receiver.one(CHECKOUT, lambda s: s.trace == other[1])
    assert failed.failed and failed.attributes["error.type"] == "1146"
    assert "secret" not in receiver.text()


def test_mysql_waiters_are_linked_to_their_holders(start_mysql_weir, mariadb, receiver):
    weir = start_mysql_weir(mariadb, pool=[{**POOL, "max_size": 1}], **traced(receiver))
    held, waited = parent(), parent()
    with weir.mysql() as holder, weir.mysql() as waiter:
        with holder.cursor() as one, waiter.cursor() as two:
            one.execute("BEGIN")
            one.execute(f"SELECT 1 {comment(held[0])}")
            waiting = threading.Thread(target=lambda: two.execute(f"SELECT 2 {comment(waited[0])}"))
            waiting.start()
            until(lambda: weir.value("weir_pool_pending_acquires") == 1, "waits")
            one.execute("COMMIT")
            waiting.join()
    holding = receiver.one(CHECKOUT, lambda s: s.trace == held[1])
    acquire = receiver.one("pool.acquire", lambda s: s.trace == waited[1])
    assert (holding.trace, holding.id) in acquire.links


def test_redis_traces_what_its_client_names(start_redis_weir, redis_server, receiver):
    weir = start_redis_weir(redis_server, pool=[{"name": "tenants"}],
                            **traced(receiver, statements="summary"))
    text, trace, span = parent()
    client = weir.redis()
    assert client.execute_command("CLIENT", "SETINFO", "weir-traceparent", text) == b"OK"
    client.set("secret-key", "secret-value")
    found = receiver.one(CHECKOUT, lambda s: s.trace == trace and s.parent == span)
    assert found.attributes["db.system.name"] == "redis" and found.kind == "server"
    assert_steps(receiver.one("pool.connect"), "tcp", "auth")
    receiver.one("SET", lambda s: s.parent == found.id)
    with pytest.raises(Exception, match="WRONGTYPE"):
        client.lpush("secret-key", "x")
    failed = receiver.one(CHECKOUT, lambda s: s.failed)
    assert failed.attributes["error.type"] == "WRONGTYPE"
    client.execute_command("CLIENT", "SETINFO", "weir-traceparent", "")
    receiver.forget()
    client.get("secret-key")
    root = receiver.one(CHECKOUT)
    assert root.trace != trace and root.parent == ""
    client.execute_command("CLIENT", "SETINFO", "weir-traceparent", text)
    assert client.execute_command("RESET") == "RESET"
    client.auth("client-secret", "app")
    receiver.forget()
    client.get("secret-key")
    assert receiver.one(CHECKOUT).trace != trace
    assert "secret" not in receiver.text()
    client.close()
