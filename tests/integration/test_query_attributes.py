"""The query attribute `traceparent` names a statement's trace, and no server hears of attributes."""

import struct

import pytest

from harness import mysql_raw
from harness.mysql_raw import DEPRECATE_EOF, EXECUTE, QUERY, QUERY_ATTRIBUTES, Ended, RawMysql, ServerError
from harness.spans import SpanReceiver
from test_traces import CHECKOUT, POOL, comment, parent, traced

pytestmark = pytest.mark.sanitized

PARAMETER_COUNT_AVAILABLE = 8  # of an execute's flags
MALFORMED, TOO_LONG = 1043, 1153
SENT_ON_ITS_OWN = (252, b"")  # a parameter's value
EVERY_TYPE = {
    "decimal": (0, b"\x031.5"), "tiny": (1, b"\xff"), "short": (0x8002, b"\1\2"),
    "long": (3, b"\1\2\3\4"), "float": (4, b"\0\0\x80?"), "double": 0.5, "no value": (6, b""),
    "number": 42, "date": (10, b"\4\xe8\7\2\x1d"), "time": (11, b"\0"),
    "moment": (12, b"\x0b\xe8\7\2\x1d\x0c\x1e\0\x40\x42\x0f\0"), "year": (13, b"\xe8\7"),
    "truth": (244, b"\1"), "json": (245, b"\2{}"), "bytes": b"\0\xff" * 200, "null": None,
    "": "a name of nothing", "text": "zażółć"}


@pytest.fixture
def receiver():
    receiver = SpanReceiver().start()
    yield receiver
    receiver.stop()


@pytest.fixture
def weir(start_mysql_weir, mariadb, receiver):
    return start_mysql_weir(mariadb, pool=[POOL], **traced(receiver))


def number(value):
    """A length-encoded one."""
    if value < 0xfb:
        return bytes([value])
    return b"\xfe" + struct.pack("<Q", value)


def encoded(value):
    """(type, bytes); bytes None: NULL."""
    if isinstance(value, tuple) or value is None:
        return value or (254, None)
    if isinstance(value, int):
        return 8, struct.pack("<q", value)
    if isinstance(value, float):
        return 5, struct.pack("<d", value)
    raw = value.encode() if isinstance(value, str) else value
    return 254 if isinstance(value, str) else 252, number(len(raw)) + raw


def block(named, bind=True):
    """What follows the count of these parameters, [(name, value)]."""
    nulls = bytearray((len(named) + 7) // 8)
    types, data = b"", b""
    for i, (name, value) in enumerate(named):
        kind, raw = encoded(value)
        types += struct.pack("<H", kind) + number(len(name.encode())) + name.encode()
        if raw is None:
            nulls[i // 8] |= 1 << i % 8
        else:
            data += raw
    return bytes(nulls) + (b"\1" + types if bind else b"\0") + data


def prefix(attributes):
    named = list(attributes.items())
    return number(len(named)) + b"\1" + (block(named) if named else b"")


class Client(RawMysql):
    """One that has negotiated attributes; `attributes`: {name: value}."""

    def __init__(self, weir, capabilities=0, **options):
        super().__init__(weir.ports["trusted"], capabilities=QUERY_ATTRIBUTES | capabilities, **options)
        assert self.offered & QUERY_ATTRIBUTES

    def query(self, text, attributes=()):
        return self.ask(QUERY, prefix(dict(attributes))
                        + (text.encode() if isinstance(text, str) else text))

    def value(self, text, attributes=()):
        return self.query(text, attributes).rows[0][0]

    def execute(self, statement, values=(), attributes=(), bind=True, flags=0):
        named = [("", value) for value in values] + list(dict(attributes).items())
        self.command(EXECUTE, struct.pack("<IBI", statement.number,
                                          flags | PARAMETER_COUNT_AVAILABLE, 1)
                     + number(len(named)) + (block(named, bind) if named else b""))
        return self.reply(binary=True)


# -- whose trace it is


def test_a_query_s_attribute_continues_the_applications_trace(weir, receiver):
    text, trace, span = parent()
    with Client(weir) as client:
        assert client.value("SELECT 'it'", {"traceparent": text}) == "it"
    found = receiver.one(CHECKOUT, lambda s: s.trace == trace)
    assert found.parent == span and found.kind == "server" and not found.failed
    assert found.attributes["weir.sampling.reason"] == "parent"


def test_a_query_without_attributes_begins_a_trace_or_goes_by_its_comment(weir, receiver):
    text, trace, span = parent()
    with Client(weir) as client:
        assert client.value("SELECT 1") == "1"
        assert receiver.one(CHECKOUT).parent == ""
        assert client.value(f"SELECT 2 {comment(text)}") == "2"
    assert receiver.one(CHECKOUT, lambda s: s.trace == trace).parent == span


def test_the_attribute_comes_before_a_comment(weir, receiver):
    (by_attribute, trace, span), (by_comment, other, _) = parent(), parent()
    with Client(weir) as client:
        assert client.value(f"SELECT 1 {comment(by_comment)}", {"traceparent": by_attribute}) == "1"
    assert receiver.one(CHECKOUT, lambda s: s.trace == trace).parent == span
    assert not [s for s in receiver.seen() if s.trace == other]


def test_a_transaction_is_of_the_trace_that_its_first_attribute_names(weir, receiver):
    text, trace, span = parent()
    with Client(weir) as client:
        client.query("BEGIN", {"traceparent": text})
        client.query("SELECT 1")
        client.query("COMMIT")
    assert receiver.one(CHECKOUT, lambda s: s.trace == trace).parent == span
    assert len(receiver.seen(CHECKOUT)) == 1


@pytest.mark.parametrize("value", [
    "", "00-zz", 42, None, "00-0AF7651916CD43DD8448EB211C80319C-B7AD6B7169203331-01",
    "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01x",
    (245, b"\x3700-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")])
def test_what_is_no_traceparent_says_nothing(weir, receiver, value):
    with Client(weir) as client:
        assert client.value("SELECT 1", {"traceparent": value}) == "1"
    assert receiver.one(CHECKOUT).parent == ""


def test_attributes_of_all_types_reach_nobody(weir, receiver):
    text, trace, _ = parent()
    with Client(weir) as client:
        assert client.value("SELECT 'it'", {**EVERY_TYPE, "traceparent": text}) == "it"
        assert client.value("SELECT 'it'", EVERY_TYPE) == "it"
    receiver.one(CHECKOUT, lambda s: s.trace == trace)


# -- prepared statements


@pytest.mark.parametrize("capabilities", [0, DEPRECATE_EOF])
def test_an_execute_s_attribute_is_its_parent(weir, receiver, capabilities):
    with Client(weir, capabilities) as client:
        statement = client.prepare("SELECT CONCAT_WS('|', ?, ?, ?, ?, ?)")
        receiver.one(CHECKOUT)
        for values, expected in [((7, "text", 1.5, None, b"blob"), "7|text|1.5|blob"),
                                 ((None, "x" * 300, 2, (10, b"\4\xe8\7\2\x1d"), (3, b"\5\0\0\0")),
                                  "x" * 300 + "|2|2024-02-29|5")]:
            text, trace, span = parent()
            result = client.execute(statement, values, {"number": 3, "traceparent": text, "nothing": None})
            assert result.rows == [(expected,)]
            assert receiver.one(CHECKOUT, lambda s: s.trace == trace).parent == span


def test_an_execute_without_parameters_may_have_attributes(weir, receiver):
    text, trace, span = parent()
    with Client(weir) as client:
        statement = client.prepare("SELECT 7")
        assert client.execute(statement).rows == [(7,)]
        assert client.execute(statement, attributes={"traceparent": text}).rows == [(7,)]
        assert statement.execute().rows == [(7,)], "and no count of them either"
    assert receiver.one(CHECKOUT, lambda s: s.trace == trace).parent == span


def test_a_statement_s_own_parameter_is_no_attribute(weir, receiver):
    _, trace, _ = parent()
    with Client(weir) as client:
        statement = client.prepare("SELECT ?")
        named = [("traceparent", f"00-{trace}-{'1' * 16}-01")]
        client.command(EXECUTE, struct.pack("<IBI", statement.number, 0, 1) + b"\1" + block(named))
        assert client.reply(binary=True).rows == [(named[0][1],)]
        client.query("SELECT 'after'")
    receiver.one(CHECKOUT)
    assert not [s for s in receiver.seen() if s.trace == trace]


def test_types_may_be_left_out_after_the_first_execute(weir, receiver):
    text, trace, _ = parent()
    with Client(weir) as client, Client(weir) as other:
        statement = client.prepare("SELECT CONCAT_WS('|', ?, ?)")
        assert client.execute(statement, (1, "a"), {"traceparent": text}).rows == [("1|a",)]
        other.query("BEGIN")  # takes the connection that knows them
        assert client.execute(statement, (2, "b"), bind=False).rows == [("2|b",)]
        other.query("COMMIT")
    receiver.one(CHECKOUT, lambda s: s.trace == trace)


def test_parameters_that_are_sent_on_their_own_are_not_taken_for_attributes(weir, receiver):
    with Client(weir) as client:
        statement = client.prepare("SELECT CONCAT_WS('|', ?, ?, ?)")
        for on_its_own in (1, 2, 1):
            text, trace, span = parent()
            values = [1, "two", "three"]
            expected = "|".join(str(value) for value in values).replace(values[on_its_own], "long")
            values[on_its_own] = SENT_ON_ITS_OWN
            statement.long_data(on_its_own, b"lo")
            statement.long_data(on_its_own, b"ng")
            assert client.execute(statement, values, {"traceparent": text}).rows == [(expected,)]
            assert receiver.one(CHECKOUT, lambda s: s.trace == trace).parent == span
            text, trace, span = parent()
            again = client.execute(statement, (4, "five", "six"), {"traceparent": text})
            assert again.rows == [("4|five|six",)]
            assert receiver.one(CHECKOUT, lambda s: s.trace == trace).parent == span


def test_an_execute_whose_long_data_was_refused_is_refused_alike_and_no_other(start_mysql_weir, mariadb, receiver):
    weir = start_mysql_weir(mariadb, pool=[{**POOL, "max_size": 1, "acquire_timeout": "300ms"}], **traced(receiver))
    attributes = {"traceparent": parent()[0]}
    with Client(weir) as client, Client(weir) as holder:
        statement = client.prepare("SELECT CONCAT('v', ?)")
        holder.query("BEGIN")
        statement.long_data(0, b"words")
        with pytest.raises(ServerError) as refused:
            client.execute(statement, [SENT_ON_ITS_OWN], attributes)
        assert refused.value.number not in (MALFORMED, 1210)
        holder.query("COMMIT")
        assert client.execute(statement, ["words"], attributes).rows == [("vwords",)]


def test_a_cursor_can_be_asked_for_with_an_attribute(weir, receiver):
    text, trace, _ = parent()
    with Client(weir) as client:
        statement = client.prepare("SELECT seq + 0 FROM seq_1_to_100 WHERE seq > ?")
        client.execute(statement, (10,), {"traceparent": text}, flags=1)
        assert [row[0] for row in statement.fetch(3)[0]] == [11, 12, 13]
        statement.close()
    receiver.one(CHECKOUT, lambda s: s.trace == trace)


# -- what is long


@pytest.mark.parametrize("size", [65_000, 65_530, 66_000, 1_000_000, (16 << 20) + 5_000])
@pytest.mark.parametrize("attributes", [0, 3])
def test_a_long_query_gives_what_it_would_without(weir, receiver, size, attributes):
    """Around 64 KiB it is looked at as a whole or not; from 16 MiB on it is several packets."""
    text, trace, span = parent()
    sent = dict(list({"traceparent": text, "n": 5, "t": "x" * 500}.items())[:attributes])
    with Client(weir) as client:
        assert client.value(f"SELECT LENGTH('{'x' * size}')", sent) == str(size)
        assert client.value("SELECT 'after'") == "after"
    if attributes:
        assert receiver.one(CHECKOUT, lambda s: s.trace == trace).parent == span


@pytest.mark.parametrize("length", [0xffffff - 2, 0xffffff - 1, 0xffffff, 0xffffff + 1, 2 * 0xffffff])
def test_a_query_may_end_just_where_a_packet_does(weir, length):
    with Client(weir) as client:
        before, behind = b"SELECT LENGTH('", b"')"
        size = length - len(before + behind) - 3  # the command and two bytes
        assert client.value(before + b"x" * size + behind) == str(size)
        assert client.value("SELECT 'after'") == "after"


def test_a_long_query_s_comment_at_its_start_is_read(weir, receiver):
    text, trace, _ = parent()
    with Client(weir) as client:
        assert client.value(f"{comment(text)} SELECT LENGTH('{'x' * 100_000}')") == "100000"
    receiver.one(CHECKOUT, lambda s: s.trace == trace)


@pytest.mark.parametrize("size", [65_000, 66_000, 200_000, 3_000_000])
def test_a_long_execute_gives_what_it_would_without(weir, size):
    with Client(weir) as client:
        statement = client.prepare("SELECT CONCAT_WS('|', ?, LENGTH(?), ?)")
        for bind in (True, True, False):
            attributes = {"traceparent": parent()[0], "other": 4} if bind else {}
            result = client.execute(statement, (1, "x" * size, "end"), attributes, bind)
            assert result.rows == [(f"1|{size}|end",)]
        assert client.value("SELECT 'after'") == "after"


def test_what_is_too_long_for_weir_is_said_and_the_client_goes_on(weir):
    with Client(weir) as client:
        with pytest.raises(ServerError) as attributes:
            client.query("SELECT 1", {"t": "x" * 70_000})
        assert attributes.value.number == TOO_LONG
        assert client.value("SELECT 'after'") == "after"
        statement = client.prepare("SELECT LENGTH(?)")
        with pytest.raises(ServerError) as values:
            client.execute(statement, ("x" * (17 << 20),))
        assert values.value.number == TOO_LONG
        assert client.value("SELECT 'after'") == "after"
        assert client.execute(statement, ("x" * 10,)).rows == [(10,)]


# -- the client goes where others do


def test_the_capability_goes_with_its_client(weir, receiver):
    text, trace, _ = parent()
    with Client(weir) as client:
        assert client.value("SELECT CONNECTION_ID()", EVERY_TYPE) == str(client.thread_id)
        assert client.value("SELECT CONNECTION_ID() + 0", EVERY_TYPE) == str(client.thread_id)
        client.query("USE tenant_b", EVERY_TYPE)
        assert client.value("SELECT DATABASE()", {"traceparent": text}) == "tenant_b"
        assert receiver.one(CHECKOUT, lambda s: s.trace == trace).attributes["weir.tenant"] == "b"
        client.ask(mysql_raw.CHANGE_USER, b"app\0\0tenant_a\0\x2d\0mysql_native_password\0")
        text, trace, _ = parent()
        assert client.value("SELECT DATABASE()", {"traceparent": text}) == "tenant_a"
        receiver.one(CHECKOUT, lambda s: s.trace == trace)


def test_commands_may_come_together_or_byte_by_byte(weir, receiver):
    text, trace, _ = parent()
    commands = b"".join(RawMysql.packets(bytes([QUERY]) + prefix(attributes) + query) for attributes, query in
                        [({}, b"SELECT 1"), ({"traceparent": text}, b"SELECT 2"), (EVERY_TYPE, b"SELECT 3")])
    with Client(weir) as client:
        client.socket.sendall(commands)
        assert [client.reply().rows for _ in range(3)] == [[("1",)], [("2",)], [("3",)]]
        for byte in commands:
            client.socket.sendall(bytes([byte]))
        assert [client.reply().rows for _ in range(3)] == [[("1",)], [("2",)], [("3",)]]
    receiver.one(CHECKOUT, lambda s: s.trace == trace)


def test_clients_with_and_without_share_a_connection(start_mysql_weir, mariadb, receiver):
    weir = start_mysql_weir(mariadb, pool=[{**POOL, "max_size": 1}], **traced(receiver))
    with Client(weir) as one, RawMysql(weir.ports["trusted"]) as other:
        for _ in range(3):
            assert one.value("SELECT 'one'", EVERY_TYPE) == "one"
            assert other.value("SELECT 'other'") == "other"
    assert weir.value("weir_connection_creates_total", result="ok") == 1


# -- what is not offered, and what is wrong


def test_attributes_are_not_offered_without_tracing(start_mysql_weir, mariadb):
    weir = start_mysql_weir(mariadb, pool=[POOL])
    with RawMysql(weir.ports["trusted"], capabilities=QUERY_ATTRIBUTES) as client:
        assert not client.offered & QUERY_ATTRIBUTES
        assert client.value("SELECT 1") == "1", "who says otherwise is not believed"


@pytest.mark.parametrize("payload", [
    b"", b"\0", b"\0\0SELECT 1", b"\0\2SELECT 1", b"\xfb\1SELECT 1", b"SELECT 1",
    b"\1\1\0\0SELECT 1", b"\1\1\0\1\xfe\0\1a\xffSELECT 1", b"\1\1\0\1\x64\0\1a\1bSELECT 1",
    b"\xfe" + b"\xff" * 8 + b"\1SELECT 1", b"\xfd\xff\xff\xff\1" + b"\0" * 1000])
def test_a_malformed_prefix_is_refused(weir, payload):
    with Client(weir) as client:
        with pytest.raises(ServerError) as wrong:
            client.ask(QUERY, payload)
        assert wrong.value.number == MALFORMED
        with pytest.raises((Ended, ConnectionError)):
            client.read()
    with Client(weir) as other:
        assert other.value("SELECT 1", {"traceparent": parent()[0]}) == "1"


@pytest.mark.parametrize("rest", [b"", b"\0", b"\1\0", b"\2\0\1\x08\0\0", b"\2\0\2",
                                  b"\2\0\1\x08\0\0\x64\0\1a" + b"\0" * 8 + b"x",
                                  b"\2\0\1\x08\0\0\xfe\0\1a" + b"\0" * 8 + b"\x09x"])
def test_a_malformed_execute_is_refused_and_its_client_goes_on(weir, rest):
    with Client(weir) as client:
        statement = client.prepare("SELECT ?")
        client.command(EXECUTE, struct.pack("<IBI", statement.number, PARAMETER_COUNT_AVAILABLE, 1) + rest)
        with pytest.raises(ServerError) as wrong:
            client.reply()
        assert wrong.value.number == 1210
        assert client.execute(statement, (5,)).rows == [(5,)]
