"""Session state that can't be carried over keeps the connection for its client, and is counted."""

import pytest

from harness import messages as m
from harness.raw import RawClient
from harness.waiting import until

pytestmark = pytest.mark.sanitized

# statement(s), the reason counted, a question whose answer tells whether the state is there
STATES = [
    ("SELECT set_config('my.value', 'mine', false)", "setting",
     "SELECT current_setting('my.value', true)", "mine"),
    ("CREATE TEMP TABLE mine AS SELECT 1", "temp_table",
     "SELECT to_regclass('pg_temp.mine') IS NOT NULL", "t"),
    ("LISTEN news", "listen", "SELECT count(*) FROM pg_listening_channels()", "1"),
    ("SELECT pg_advisory_lock(4711)", "advisory_lock",
     "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()", "1"),
    ("PREPARE mine AS SELECT 1", "prepared", "SELECT count(*) FROM pg_prepared_statements", "1"),
    ("BEGIN; DECLARE mine CURSOR WITH HOLD FOR SELECT 1; COMMIT", "cursor",
     "SELECT count(*) FROM pg_cursors WHERE name = 'mine'", "1"),
]
NAMES = [statement.split(";")[0][:24] for statement, *_ in STATES]


def client(weir):
    return RawClient(weir.ports["trusted"]).login("tenant_c")


@pytest.mark.parametrize("statement, reason, question, answer", STATES, ids=NAMES)
@pytest.mark.parametrize("protocol", ["simple", "extended"])
def test_state_stays_with_its_client_and_reaches_nobody_else(weir, statement, reason, question, answer,
                                                            protocol):
    before = weir.metrics()
    with client(weir) as mine, client(weir) as stranger:
        if protocol == "simple":
            mine.query(statement)
        else:
            for part in statement.split("; "):
                mine.rows(m.extended(part))
        assert weir.since(before).value("weir_pins_total", pool="tenants", reason=reason) == 1
        assert weir.value("weir_pinned_connections", reason=reason) == 1
        for _ in range(5):
            assert mine.query(question) == [[answer]]
            assert stranger.query(question) != [[answer]]
    until(lambda: weir.value("weir_pinned_connections") == 0, "the pin ends with its client")
    clients = [client(weir) for _ in range(4)]
    for one in clients:
        one.send(m.query("BEGIN"))
        one.until_ready()
    for one in clients:
        assert one.query(question) != [[answer]], "left over on a connection"
        one.close()


def test_discard_all_ends_a_pin(weir):
    with client(weir) as one:
        one.query("LISTEN news")
        until(lambda: weir.value("weir_pinned_connections") == 1, "pinned")
        one.query("DISCARD ALL")
        until(lambda: weir.value("weir_pinned_connections") == 0, "no longer")
        assert one.query("SELECT count(*) FROM pg_listening_channels()") == [["0"]]


@pytest.mark.parametrize("statement", [
    "BEGIN; SET LOCAL work_mem = '6MB'; COMMIT",
    "BEGIN; CREATE TEMP TABLE gone (n int) ON COMMIT DROP; COMMIT",
    "BEGIN; SELECT pg_advisory_xact_lock(4712); COMMIT",
    "SELECT 'SET work_mem TO 1'",
    "SELECT 1 /* LISTEN news */",
])
def test_what_ends_with_the_transaction_does_not_pin(weir, statement):
    before = weir.metrics()
    with client(weir) as one:
        one.query(statement)
        assert weir.since(before).value("weir_pins_total") == 0
        until(lambda: weir.value("weir_pool_connections", state="pinned") == 0, "not pinned")


def test_notifications_reach_a_listener_at_rest(weir, postgres):
    with client(weir) as listener:
        listener.query("LISTEN news")
        postgres.execute("NOTIFY news, 'hello'", "tenant_c")
        kind, body = listener.next()
        assert kind == b"A" and body.endswith(b"news\0hello\0")
