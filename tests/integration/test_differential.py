"""The same seeded random messages to the server and through Weir, where others interfere on the same
few connections: the replies must be the same, message by message."""

import random
import struct
import threading

import pytest

from harness import messages as m
from harness.raw import RawClient

pytestmark = pytest.mark.sanitized

FILL = "INSERT INTO t SELECT i, 'row ' || i FROM generate_series(1, 20) i"
TABLE = f"CREATE TABLE t (n int, words text); {FILL};" \
        "ALTER TABLE t OWNER TO app; CREATE TABLE u (n int UNIQUE); ALTER TABLE u OWNER TO app"
NAMES = ["", "a", "b", "Mixed Name"]
# A name of one's own that was ever set in a connection exists there for good, empty.
NAME_OF_OWN = "SELECT nullif(current_setting('my.own', true), '')"
QUERIES = [
    "SELECT 1", "SELECT 1; SELECT 2", "SELECT 1/0", "SELECT 1; SELECT 1/0; SELECT 3", "", ";", "SELEC", "BEGIN",
    "BEGIN", "COMMIT", "COMMIT", "ROLLBACK", "BEGIN; SELECT 1", "COMMIT; SELECT 2", "SAVEPOINT s",
    "ROLLBACK TO s", "RELEASE s", "INSERT INTO t VALUES (100, 'new')", "INSERT INTO u VALUES (1)",
    "DELETE FROM u", "SELECT count(*) FROM t", "SELECT * FROM missing",
    "SELECT repeat('x', 20000)", "SELECT n, words FROM t WHERE n < 4 ORDER BY n, words", "SHOW statement_timeout",
    "SHOW DateStyle", "SHOW search_path", NAME_OF_OWN, "SHOW TimeZone", "SELECT '01/02/2020'::date",
    "SELECT '2020-02-01 12:00+00'::timestamptz",
    "DEALLOCATE a", 'DEALLOCATE PREPARE "Mixed Name"', "DEALLOCATE ALL", "EXECUTE missing",
    "COPY (SELECT n FROM t ORDER BY n LIMIT 3) TO STDOUT", "DO $$ BEGIN RAISE NOTICE 'noted'; END $$",
]
SETTINGS = [
    "SET statement_timeout = '61s'", "SET statement_timeout TO 62000", "RESET statement_timeout",
    "SET DateStyle TO German", "SET datestyle = 'ISO, DMY'", "RESET DateStyle", "SET LOCAL DateStyle TO SQL",
    "SET search_path TO pg_catalog", "SET search_path TO DEFAULT", "SET my.own = 'mine'", "RESET my.own",
    "SET SESSION my.own TO 'other'", "SET TIME ZONE 'Asia/Tokyo'", "SET TIME ZONE 'UTC'",
    "SET LOCAL statement_timeout = 63000", "RESET ALL", "DISCARD ALL", "SET nonsense = 1",
    "SET work_mem = 'much'", "BEGIN; SET statement_timeout = 64000; ROLLBACK",
    "BEGIN; SET statement_timeout = 65000; COMMIT", "SET client_min_messages TO warning",
    "SET standard_conforming_strings = off", "SET standard_conforming_strings = on",
]
TEXTS = [
    "SELECT 1", "SELECT $1::int + 1", "SELECT $1::text, $2::text", "SELECT n FROM t ORDER BY n", "SELECT 1/0",
    "SELEC", "SELECT * FROM missing", "INSERT INTO t VALUES ($1::int, 'by message')", "BEGIN", "COMMIT", "ROLLBACK",
    "", "INSERT INTO u VALUES (1)", "SHOW statement_timeout",
    "SET statement_timeout = 66000", "SELECT count(*) FROM t", "SELECT to_char('01/02/2020'::date, 'YYYY-MM-DD')",
    "SELECT '2020-02-01 12:00'::timestamptz",
]
PARAMETERS = {"SELECT $1::int + 1": 1, "SELECT $1::text, $2::text": 2,
              "INSERT INTO t VALUES ($1::int, 'by message')": 1}


class Sequence:
    """Steps of one session: each the bytes to send and how many ReadyForQuery follow."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.counts = {}  # of the parameters of the statement that a name last stood for
        self.steps = [self.step() for _ in range(self.random.randint(3, 12))]

    def step(self):
        kind = self.random.random()
        if kind < 0.25:
            return m.query(self.random.choice(QUERIES)), 1
        if kind < 0.40:
            return m.query(self.random.choice(SETTINGS)), 1
        if kind < 0.45:
            return self.copy_in()
        if kind < 0.50:  # not left prepared, for it to be executed when the name means something else
            self.counts[""] = 0
            return m.parse("DEALLOCATE b") + m.bind() + m.execute() + m.SYNC + m.parse("SELECT 1") + m.SYNC, 2
        if kind < 0.85:
            return self.batch(), 1
        parts = [self.part() for _ in range(self.random.randint(2, 5))]  # a pipeline
        return b"".join(parts), len(parts)

    def part(self):
        if self.random.random() < 0.3:
            return m.query(self.random.choice(QUERIES[:26]))
        return self.batch()

    def copy_in(self):
        data = m.copy_data(b"200\tcopied\n") * self.random.randint(0, 3)
        if self.random.random() < 0.3:
            data += m.copy_data(b"not a number\tbroken\n")
        end = m.COPY_DONE if self.random.random() < 0.8 else m.copy_fail("changed my mind")
        return m.query("COPY t FROM STDIN") + data + end, 1

    def batch(self):
        out = b""
        for _ in range(self.random.randint(1, 4)):
            out += self.random.choice([self.run, self.run, self.again, self.describe, self.close,
                                       self.in_pieces])()
            if self.random.random() < 0.05:
                out += m.FLUSH
        return out + m.SYNC

    def name(self):
        return self.random.choice(NAMES)

    def run(self):
        name, text = self.name(), self.random.choice(TEXTS)
        self.counts[name] = PARAMETERS.get(text, 0)
        return m.parse(text, name) + self.bind(name) + m.execute()

    def bind(self, name):
        return m.bind(name, values=[self.random.randint(1, 9) for _ in range(self.counts.get(name, 0))])

    def again(self):
        name = self.name()
        return self.bind(name) + m.describe("", b"P") + m.execute()

    def describe(self):
        return m.describe(self.name())

    def close(self):
        return m.close(self.name())

    def in_pieces(self):
        name = self.name()
        return m.bind(name, "portal", [1] * self.counts.get(name, 0)) + m.execute("portal", 2) \
            + m.execute("portal", 3) + m.close("portal", b"P")


def shown(bytes_):
    """The messages for a reader: P a "SELECT 1" · B a · E · S"""
    parts, at = [], 0
    while at < len(bytes_):
        kind, length = struct.unpack_from("!ci", bytes_, at)
        body = bytes_[at + 5:at + 1 + length]
        texts = [field.decode(errors="replace") for field in body.split(b"\0")[:2]]
        parts.append(" ".join([kind.decode()] + [repr(text) for text in texts if text and kind in b"QPBDCE"]))
        at += 1 + length
    return " · ".join(parts)


def comparable(kind, body):
    if kind == b"T":  # what belongs to the database that it was asked of
        count, = struct.unpack_from("!h", body)
        offset, fields = 2, []
        for _ in range(count):
            end = body.index(b"\0", offset)
            column, type_, size, modifier, form = struct.unpack_from("!hihih", body, end + 5)
            fields.append((body[offset:end], column, type_, size, modifier, form))
            offset = end + 1 + 18
        return kind, fields
    if kind in (b"E", b"N"):
        # Not where in the server's source it arose: in a failed transaction a Parse of ours may be the
        # first to be refused in the place of the client's Bind.
        return kind, {field: text for field, text in m.error_fields(body).items() if field not in "FLR"}
    return kind, body


def answers(client, step):
    """All but what is told out of turn, which is in client.parameters."""
    bytes_, ready = step
    client.send(bytes_)
    found = []
    while ready > 0:
        kind, body = client.next()
        if kind == b"S":
            name, value = body.split(b"\0")[:2]
            client.parameters[name.decode()] = value.decode()
            continue
        found.append(comparable(kind, body))
        ready -= kind == b"Z"
    return found


def parted(expected, found, status, sent):
    """Whether they differ where it can't be helped, as a statement that the connection does not know can't
    be made known to it: in a transaction that has failed (`status` is that before the step), and where
    a search_path, `sent` before, hides its tables; its server would describe it and count its parameters
    by heart. What follows in the batch is skipped, so that the two may go on differently."""
    place = next((place for place, (theirs, ours) in enumerate(zip(expected, found)) if theirs != ours), None)
    if place is None or found[place][0] != b"E":
        return False
    for kind, body in expected[:place]:
        status = body if kind == b"Z" else status
    refused, (kind, told) = found[place][1]["C"], expected[place]
    if refused == "42P01":
        return b"search_path" in sent and (kind == b"t" or kind == b"E" and told["C"] == "08P01")
    return refused == "25P02" and status == b"E"


class Interference(threading.Thread):
    """Another client of the same pool with names, settings and errors of its own."""

    def __init__(self, port, seed):
        super().__init__(daemon=True)
        self.port, self.random = port, random.Random(seed)
        self.ended = threading.Event()
        self.error = None

    def run(self):
        try:
            with RawClient(self.port).login("d_weir", application_name=f"other {self.random.random()}") as client:
                while not self.ended.is_set():
                    name = self.random.choice(NAMES)
                    number = self.random.randint(0, 5)
                    # A statement that is older than a change of these would keep its connection.
                    client.query("DEALLOCATE ALL")
                    client.query(self.random.choice([
                        "SET DateStyle TO 'Postgres, MDY'", "SET statement_timeout = 77000", "RESET ALL",
                        "SET search_path TO information_schema", "SET my.own = 'theirs'", "SELECT 1",
                        "SET TIME ZONE 'America/Lima'"]))
                    client.ask(m.parse(f"SELECT 'theirs {number}', $1::text", name) + m.SYNC)
                    if name:
                        rows = client.rows(m.bind(name, values=["x"]), m.execute(), m.SYNC)
                        assert rows == [[f"theirs {number}", "x"]], rows
        except Exception as error:  # shown by the test
            self.error = error


@pytest.fixture(scope="module", params=["forward", "cache"])
def pair(request, start_module_weir, start_module_postgres):
    server = start_module_postgres(["d_direct", "d_weir"])
    for name in ("d_direct", "d_weir"):
        server.execute(TABLE, name)
    server.trust("app")
    weir = start_module_weir(server, pool=[{"name": "d", "match": "d_{tenant}", "max_size": 3,
                                            "prepared_statements": 20,
                                            "unnamed_statements": request.param}])
    return server, weir


@pytest.mark.timeout(900)
def test_replies_are_the_same_message_by_message(pair, size):
    server, weir = pair
    others = [Interference(weir.ports["trusted"], seed) for seed in range(4)]
    for other in others:
        other.start()
    seeds, whole = size(400, 5000), 0
    try:
        for seed in range(seeds):
            sequence, apart = Sequence(seed), False
            with RawClient(server.port).login("d_direct", "app") as direct, \
                    RawClient(weir.ports["trusted"]).login("d_weir") as through:
                status = b"I"
                for number, step in enumerate(sequence.steps):
                    expected, found = answers(direct, step), answers(through, step)
                    sent = b"".join(earlier for earlier, _ in sequence.steps[:number + 1])
                    if parted(expected, found, status, sent):
                        apart = True
                        break
                    assert found == expected, \
                        f"seed {seed}: {shown(step[0])}\ndirect and through Weir: " \
                        f"{next((pair for pair in zip(expected, found) if pair[0] != pair[1]), 'length')}\nbefore:\n" \
                        + "\n".join(shown(earlier) for earlier, _ in sequence.steps[:number])
                    status = expected[-1][1]
                else:
                    whole += 1
                    own = {"application_name", "is_superuser", "session_authorization"}
                    for name in set(direct.parameters) - own:
                        assert through.parameters[name] == direct.parameters[name], f"seed {seed}: {name}"
            if apart:  # what one of them has committed meanwhile, the next sequences must find in both
                for name in ("d_direct", "d_weir"):
                    server.execute(f"TRUNCATE t, u; {FILL}", name)
            assert not any(other.error for other in others), [other.error for other in others]
    finally:
        for other in others:
            other.ended.set()
        for other in others:
            other.join(20)
    assert whole > 0.9 * seeds, "hardly any went apart"
    assert weir.value("weir_protocol_desync_total") == 0
