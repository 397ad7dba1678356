"""Pipelines of messages of all sizes, sent in pieces cut anywhere: each client gets its answers, all and in order."""

import random
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness import messages as m
from harness.mysql_raw import PING, QUERY, RawMysql
from harness.raw import RawClient
from harness.redis import RedisWeirs
from harness.resp import Reader, array, raw

pytestmark = pytest.mark.sanitized

CLIENTS = 5
# Powers of two between which the sizes of a pipeline's values lie: around what is gathered, and what makes a pause.
SIZES = [(0, 8), (10, 14), (13, 16.2), (15, 17), (0, 18)]


def exchange(chance, socket, pipeline, read):
    """Sends while it reads; half of the time it begins to read late."""
    def send():
        rest = memoryview(pipeline)
        while rest:
            size = chance.choice([len(rest), 16384, 65536, 65537, int(2 ** chance.uniform(3, 18))])
            socket.sendall(rest[:size])
            rest = rest[size:]
            if chance.random() < 0.2:
                time.sleep(chance.random() * 0.01)
    late = chance.choice([0, 0.1])
    with ThreadPoolExecutor(1) as thread:
        sent = thread.submit(send)
        time.sleep(late)
        read()
        sent.result()


def play(many, connect, talk):
    """`many` connections, some at a time, and each a few pipelines long; a failure names its seed."""
    def one(seed):
        chance = random.Random(seed)
        with connect() as client:
            for _ in range(chance.randrange(1, 5)):
                low, high = chance.choice(SIZES)
                try:
                    talk(chance, client, lambda: "v" * int(2 ** chance.uniform(low, high)))
                except Exception as error:
                    raise AssertionError(f"seed {seed}") from error
    with ThreadPoolExecutor(CLIENTS) as threads:
        list(threads.map(one, range(many)))


def test_postgresql(start_weir, postgres, size):
    weir = start_weir(postgres, pool=[{"name": "tenants", "match": "tenant_{tenant}", "max_size": 3}])
    numbers = iter(range(10 ** 9))

    def talk(chance, client, value):
        ends_often, kinds = chance.choice([0, 0, 0.1, 0.5]), chance.choice(["qnua", "n", "na", "ua", "a"])
        parts, names, rows, ends = [], [], [], 0
        for _ in range(chance.randrange(1, 25)):
            number, text = next(numbers), value()
            row = [str(number), str(len(text))]
            kind = chance.choice(kinds)
            if kind == "q":
                parts.append(m.query(f"SELECT {number}, length('{text}')"))
                ends += 1
                rows.append(row)
                continue
            if kind == "n":
                parts.append(m.parse(f"SELECT {number}, length('{text}')", f"s{number}"))
                names.append((f"s{number}", row))
            elif kind == "u":
                parts.append(m.parse(f"SELECT {number}, length('{text}')") + m.bind() + m.execute())
                rows.append(row)
            else:
                parts.append(m.parse(f"SELECT {number}, length($1::text)") + m.bind(values=[text]) + m.execute())
                rows.append(row)
            if names and chance.random() < 0.3:
                name, row = chance.choice(names)
                parts.append(m.bind(name) + m.execute())
                rows.append(row)
            if chance.random() < ends_often:
                parts.append(m.SYNC)
                ends += 1
        parts.append(m.SYNC)

        def read():
            found = [message for _ in range(ends + 1) for message in client.until_ready()]
            assert [m.data_row(body) for kind, body in found if kind == b"D"] == rows
        exchange(chance, client.socket, b"".join(parts), read)

    play(size(60, 2000), lambda: RawClient(weir.ports["trusted"], timeout=60).login("tenant_a"), talk)


def test_mysql(start_mysql_weir, mariadb, size):
    weir = start_mysql_weir(mariadb, pool=[{"name": "tenants", "match": "tenant_{tenant}", "max_size": 3}])

    def talk(chance, client, value):
        commands, answers = [], []
        for number in range(chance.randrange(1, 25)):
            if chance.random() < 0.3:
                commands.append(client.packets(bytes([PING])))
                answers.append(None)
                continue
            text = value()
            commands.append(client.packets(bytes([QUERY]) + f"SELECT {number}, LENGTH('{text}')".encode()))
            answers.append([(str(number), str(len(text)))])

        def read():
            assert [client.reply().rows for _ in answers] == answers
        exchange(chance, client.socket, b"".join(commands), read)

    play(size(60, 2000), lambda: RawMysql(weir.ports["trusted"]), talk)


@pytest.mark.parametrize("mode", ["multiplex", "session"])
def test_redis(folder, redis_server, size, mode):
    weirs = RedisWeirs(folder / f"pipelines-{mode}")
    weir = weirs.start(redis_server, pool=[{"max_size": CLIENTS, "mode": mode}])

    def talk(chance, client, value):
        commands, answers, key = [], [], f"k{chance.random()}"
        many = chance.choice([5, 50, 128, 129, 300])
        for _ in range(many):
            text = value()[:2000 if many > 50 else None]
            kind = chance.choice("sssept")
            if kind == "s":
                commands.append(array("SET", key, text))
                answers.append("+OK")
            elif kind == "e":
                commands.append(array("ECHO", text))
                answers.append(text.encode())
            elif kind == "p":
                commands.append(b"PING\r\n")
                answers.append("+PONG")
            elif chance.random() < 0.2:
                commands.append(array("MULTI") + array("GET", "nothing") + array("EXEC"))
                answers += ["+OK", "+QUEUED", [None]]

        def read():
            reader = Reader(client)
            assert [reader.next() for _ in answers] == answers
        exchange(chance, client, b"".join(commands), read)

    def connect():
        client = raw(weir)
        client.settimeout(60)
        return client

    try:
        play(size(60, 2000), connect, talk)
    finally:
        weirs.stop_all()
