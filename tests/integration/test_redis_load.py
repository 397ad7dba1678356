"""Many Redis clients, big values, bad input and outages: nobody gets a reply to somebody else's question."""

import random
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import redis

from harness.resp import Client, array, counts, raw, read, settled
from harness.waiting import until

pytestmark = pytest.mark.alone


@pytest.fixture
def server(redis_server):
    with redis_server.connect() as direct:
        direct.flushall()
    return redis_server


@pytest.fixture
def weir(server, start_redis_weir):
    return start_redis_weir(server, pool=[{"max_size": 4}])


def in_parallel(many, work):
    with ThreadPoolExecutor(many) as threads:
        for done in [threads.submit(work, number) for number in range(many)]:
            done.result()


def no_desync(weir):
    settled(weir)
    metrics = weir.metrics()
    assert metrics.value("weir_protocol_desync_total", pool="all") == 0
    assert metrics.value("weir_acquires_total", pool="all") == metrics.value("weir_releases_total", pool="all") + \
        sum(metrics.value("weir_acquires_total", pool="all", outcome=each)
            for each in ("timeout", "rejected", "cancelled", "error"))


def question(generator, name):
    """(request, the answer to it and to nothing else): what a client asks about keys of its own."""
    token = f"{name}:{generator.getrandbits(40):x}".encode() * generator.choice([1, 1, 1, 5, 200])
    bulk = b"$%d\r\n%s\r\n" % (len(token), token)
    kind = generator.randrange(6)
    if kind == 0:
        return array("ECHO", token) + array("SET", name, token) + array("GET", name), bulk + b"+OK\r\n" + bulk
    if kind == 1:
        whole = array("MULTI") + array("SET", name, token) + array("GET", name) + array("EXEC")
        return whole, b"+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n+OK\r\n" + bulk
    if kind == 2:
        return array("EVAL", "return {ARGV[1], {ARGV[2]}}", 0, token, name), \
            b"*2\r\n" + bulk + b"*1\r\n$%d\r\n%s\r\n" % (len(name), name.encode())
    if kind == 3:
        return array("GETSET", name + "x", token) + array("DEL", name + "x"), b"$-1\r\n:1\r\n"
    if kind == 4:
        return array("LPUSH", name + "l", token) + array("BLPOP", name + "l", 1), \
            b":1\r\n*2\r\n$%d\r\n%sl\r\n" % (len(name) + 1, name.encode()) + bulk
    return array("STRLEN", name + "none") + array("ECHO", token), b":0\r\n" + bulk


@pytest.mark.sanitized
def test_every_answer_is_that_of_its_question(weir, size):
    """Pipelines of checked commands by clients of which some vanish in the middle."""
    clients = 25
    rounds = size(12, 450)  # about 100 commands each: 1,000,000 in the full size

    def work(number):
        generator = random.Random(number)
        client = raw(weir)
        for i in range(rounds):
            asked = [question(generator, f"c{number}") for _ in range(45)]
            client.sendall(b"".join(request for request, _ in asked))
            if generator.random() < 0.1:
                client.close()  # with everything due
                time.sleep(0)
                client = raw(weir)
                client.sendall(array("DEL", f"c{number}x", f"c{number}l"))
                assert read(client, 1) == b":"
                read(client, 3)
                settle(client, number)
                continue
            expected = b"".join(answer for _, answer in asked)
            assert read(client, len(expected)) == expected
        client.close()

    def settle(client, number):
        """What was sent before the end of another connection may still be done: until it is."""
        for _ in range(200):
            client.sendall(array("DEL", f"c{number}x", f"c{number}l") + array("PING"))
            answer = b""
            while not answer.endswith(b"+PONG\r\n"):
                answer += client.recv(100)
            if answer.startswith(b":0"):
                return

    in_parallel(clients, work)
    no_desync(weir)


def test_a_thousand_clients_over_four_connections(server, weir, size):
    clients = [raw(weir) for _ in range(1000)]
    for round in range(size(5, 50)):
        for i, client in enumerate(clients):
            client.sendall(array("SET", f"k{i}", round * 1000 + i) + array("GET", f"k{i}"))
        for i, client in enumerate(clients):
            value = str(round * 1000 + i).encode()
            expected = b"+OK\r\n$%d\r\n%s\r\n" % (len(value), value)
            assert read(client, len(expected)) == expected
    assert len(server.connections()) <= 4
    for client in clients:
        client.close()
    no_desync(weir)


def test_values_of_64_mib_pass(weir):
    value = random.Random(64).randbytes(1 << 20) * 64
    client = weir.redis(socket_timeout=90)
    assert client.set("big", value)
    stop = threading.Event()
    answered = []

    def others():
        other = weir.redis()
        while not stop.is_set():
            answered.append(other.incr("n"))
    thread = threading.Thread(target=others)
    thread.start()
    try:
        for _ in range(50):
            assert client.get("big") == value
            if len(answered) > 10:
                break
    finally:
        stop.set()
        thread.join()
    assert len(answered) > 10
    settled(weir)


@pytest.mark.sanitized
def test_who_lets_too_much_wait_is_sent_away(weir):
    with Client(weir) as client:
        client("SET", "big", b"x" * (4 << 20))
    with raw(weir) as slow, Client(weir) as other:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        slow.sendall(array("GET", "big") * 100)
        for i in range(100):
            assert other("INCR", "n") == i + 1
        until(lambda: weir.value("weir_client_connections_closed_total", listener="trusted", reason="limit") == 1,
              "it is sent away")
        assert other("GET", "n") == b"100"
    settled(weir)
    assert "client.reads_too_slowly" in weir.log()


@pytest.mark.sanitized
def test_who_reads_slowly_gets_everything_on_a_connection_of_its_own(weir):
    with Client(weir) as client:
        client("SET", "big", b"x" * (1 << 20))
        with raw(weir) as slow:
            one = len(b"$1048576\r\n") + (1 << 20) + 2
            for _ in range(2):
                slow.sendall(array("GET", "big") * 20)
                for i in range(20):
                    assert client("SET", "k", i) == "+OK"
                    assert len(read(slow, one)) == one
    assert weir.value("weir_pins_total", pool="all", reason="other") >= 1
    settled(weir)


def test_a_server_that_restarts_under_load_costs_errors_but_no_wrong_answer(start_redis, start_redis_weir, size):
    server = start_redis()
    weir = start_redis_weir(server, pool=[{"max_size": 4, "acquire_timeout": "20s"}],
                            upstream={"breaker": {"failures": 1000}})
    stop, failures, done = threading.Event(), [], []

    def work(number):
        client = weir.redis()
        i = 0
        while not stop.is_set():
            i += 1
            token = f"{number}:{i}"
            try:
                with client.pipeline(transaction=i % 2 == 0) as pipeline:
                    answers = pipeline.set(f"k{number}", token).get(f"k{number}").execute()
                assert answers == [True, token.encode()]
                done.append(number)
            except (redis.ResponseError, redis.ConnectionError) as error:
                failures.append(str(error))

    with ThreadPoolExecutor(20) as threads:
        all_work = [threads.submit(work, number) for number in range(20)]
        try:
            for _ in range(size(2, 10)):
                server.stop()
                server.start()
                before = len(done)
                until(lambda: len(done) > before + 100, lambda: f"goes on: {failures[-3:]}", timeout=30)
        finally:
            stop.set()
        for one in all_work:
            one.result()
    no_desync(weir)


@pytest.mark.sanitized
def test_a_storm_of_bad_input_harms_nobody(weir, size):
    pieces = [b"*1\r\n", b"*3\r\n$3\r\nSET\r\n", b"$-5\r\n", b"*99999999999\r\n", b"$99999999999\r\n", b"\r\n", b"\0",
              b"GET 'x", b"*0\r\n", b"*-1\r\n", b"PING\r\n", b"MULTI\r\n", b"EXEC\r\n", b"SUBSCRIBE a\r\n", b"\xff" * 70000,
              b"HELLO 3\r\n", b"RESET\r\n", b"AUTH x y\r\n", b"WATCH k\r\n", b"BLPOP q 0\r\n", b"CLIENT REPLY OFF\r\n",
              b"*2\r\n$4\r\nECHO\r\n$100000\r\n" + b"x" * 50000, b"SELECT 3\r\n", b"CLIENT TRACKING ON\r\n", b"UNSUBSCRIBE\r\n"]
    stop = threading.Event()

    def good(number):
        with Client(weir) as client:
            i = 0
            while not stop.is_set():
                i += 1
                assert client("ECHO", f"{number}:{i}") == f"{number}:{i}".encode()
                assert client("SET", f"good{number}", i) == "+OK"
                assert client("GET", f"good{number}") == str(i).encode()

    def bad(number):
        generator = random.Random(number)
        for _ in range(size(60, 600)):
            with raw(weir) as client:
                client.settimeout(0.02)
                try:
                    for _ in range(generator.randrange(1, 8)):
                        client.sendall(generator.choice(pieces) if generator.random() < 0.8
                                       else generator.randbytes(generator.randrange(1, 300)))
                    client.recv(10000)
                except OSError:
                    pass

    with ThreadPoolExecutor(10) as threads:
        well = [threads.submit(good, number) for number in range(3)]
        try:
            for one in [threads.submit(bad, number) for number in range(7)]:
                one.result()
        finally:
            stop.set()
        for one in well:
            one.result()
    until(lambda: counts(weir)["used"] + counts(weir)["pinned"] == 0, lambda: f"nothing is held: {counts(weir)}")
    assert weir.value("weir_protocol_desync_total", pool="all") == 0
