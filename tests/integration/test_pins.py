"""Session state that can't be carried over keeps the connection for its client, and is counted."""

import json
import re

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
    ("SET ROLE app", "other", "SHOW role", "app"),
]
# The words of the other engines, which no PostgreSQL client can provoke.
OF_OTHERS = {"user_variable", "lock", "multi", "watch", "blocking", "subscribe", "monitor", "tracking"}
NAMES = [statement.split(";")[0][:24] for statement, *_ in STATES]


def client(weir):
    return RawClient(weir.ports["trusted"]).login("tenant_c")


def assert_shown(weir, reason):
    """The one pinned connection, to Prometheus, to programs and to people."""
    pinned = {reason: value for reason in weir.metrics().label_values("weir_pinned_connections", "reason")
              if (value := weir.value("weir_pinned_connections", pool="tenants", reason=reason))}
    assert pinned == {reason: 1}
    for rows in (weir.json("/api/v1/servers")["servers"],
                 json.loads(weir.command("status", "--detailed", "--json").stdout)["servers"]):
        assert [(row["state"], row["pin_reason"]) for row in rows if row["pin_reason"]] == [("pinned", reason)]
    table = weir.command("status", "--detailed").stdout
    assert re.findall(r"pinned \((\w+)\)", table) == [reason], table


def test_every_reason_that_a_client_can_give_is_provoked_here(weir):
    exported = weir.metrics().label_values("weir_pins_total", "reason")
    assert exported - OF_OTHERS == {reason for _, reason, *_ in STATES}
    assert OF_OTHERS <= exported


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
        assert_shown(weir, reason)
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


@pytest.mark.parametrize("parts, reason", [
    ([m.query("DO $$ BEGIN PERFORM set_config('my.value', 'mine', false); END $$")], "setting"),
    ([m.query("UPDATE pg_settings SET setting = '9MB' WHERE name = 'work_mem'")], "setting"),
    ([m.query("SELECT 1 INTO TEMP mine")], "temp_table"),
    ([m.query("DO $$ BEGIN LISTEN news; END $$")], "listen"),
    ([m.query("SELECT pg_try_advisory_lock_shared(4713)")], "advisory_lock"),
    ([m.parse(f"SELECT 1 /* {'x' * 70_000} */", "long") + m.SYNC], "prepared"),
    ([m.query("SET SESSION AUTHORIZATION app")], "other"),
], ids=["set_config in DO", "pg_settings", "SELECT INTO", "LISTEN in DO", "try lock",
        "too long to be carried", "SET SESSION AUTHORIZATION"])
def test_state_that_comes_another_way_is_seen_and_shown_too(weir, parts, reason):
    before = weir.metrics()
    with client(weir) as mine:
        for part in parts:
            mine.rows(part)
        assert_shown(weir, reason)
        assert weir.since(before).value("weir_pins_total", pool="tenants", reason=reason) == 1
        assert weir.since(before).value("weir_pins_total") == 1
    until(lambda: weir.value("weir_pinned_connections") == 0, "the pin ends with its client")


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
