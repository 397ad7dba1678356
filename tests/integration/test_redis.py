"""Redis through Weir in multiplex mode: one real server, many real clients, each answered alone."""

import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import redis

from harness.processes import frozen
from harness.resp import Reader, array, ask, counts, raw, read, settled
from harness.waiting import until

pytestmark = pytest.mark.sanitized


@pytest.fixture
def server(redis_server):
    with redis_server.connect() as direct:
        direct.flushall()
    return redis_server


@pytest.fixture
def weir(server, start_redis_weir):
    return start_redis_weir(server, pool=[{"max_size": 4}])


# -- everyday use


def test_values_come_back_as_they_were_set(weir):
    client = weir.redis()
    assert client.set("k", b"\x00\r\n\xff")
    assert client.get("k") == b"\x00\r\n\xff"
    assert client.get("none") is None
    assert client.lpush("list", *range(100)) == 100
    assert client.lrange("list", 0, -1) == [str(99 - i).encode() for i in range(100)]
    assert client.hset("h", mapping={"a": 1, "b": 2}) == 2
    assert client.hgetall("h") == {b"a": b"1", b"b": b"2"}
    with pytest.raises(redis.ResponseError, match="WRONGTYPE"):
        client.incr("list")
    assert client.eval("return {KEYS[1], {ARGV[1], 3}}", 1, "x", "y") == [b"x", [b"y", 3]]


def test_a_command_is_an_acquire_and_a_release_and_is_counted(weir):
    client = weir.redis()
    client.ping()
    before = weir.metrics()
    for i in range(10):
        client.set(f"k{i}", i)
    with pytest.raises(redis.ResponseError):
        client.execute_command("NOSUCH")
    until(lambda: weir.since(before).value("weir_queries_total", pool="all", outcome="ok") == 10, "ten")
    since = weir.since(before)
    assert since.value("weir_queries_total", pool="all", outcome="error") == 1
    assert since.value("weir_acquires_total", pool="all", outcome="ok") == 11
    assert since.value("weir_releases_total", pool="all", result="clean") == 11


def test_pipelines_are_answered_in_order(weir, size):
    client = weir.redis()
    many = size(20000, 200000)
    pipeline = client.pipeline(transaction=False)
    for i in range(many):
        pipeline.execute_command("ECHO" if i % 3 else "SET", f"k{i}", *([] if i % 3 else [i]))
    assert pipeline.execute() == [f"k{i}".encode() if i % 3 else True for i in range(many)]
    assert client.get(f"k{(many - 1) // 3 * 3}") == str((many - 1) // 3 * 3).encode()


def test_what_weir_answers_itself_keeps_its_place(weir):
    with raw(weir) as client:
        ask(client, b"SET k 1\r\nPING\r\nCLIENT GETNAME\r\nGET k\r\nSELECT 0\r\nECHO x\r\nFLUSHALL\r\nGET k\r\n",
            b"+OK\r\n+PONG\r\n$-1\r\n$1\r\n1\r\n+OK\r\n$1\r\nx\r\n"
            b"-NOPERM pool \"all\" lets no 'FLUSHALL' through: its admin_commands is off\r\n$1\r\n1\r\n")


def test_requests_may_come_byte_by_byte(weir):
    with raw(weir) as client:
        for byte in array("SET", "k", "a\r\nb") + b"GET k\r\n":
            client.sendall(bytes([byte]))
        assert read(client, 15) == b"+OK\r\n$4\r\na\r\nb\r\n"


# -- who may log in, and where to


def test_passwords_are_asked_for_and_checked(weir):
    assert weir.redis().ping()
    assert weir.redis(user=None, password="default-secret").ping()
    before = weir.metrics()
    for user, password in (("app", "wrong"), ("nobody", "client-secret"), (None, "client-secret")):
        with pytest.raises(redis.RedisError, match="invalid username-password pair"):
            weir.redis(user=user, password=password).ping()
    assert weir.since(before).value("weir_client_auth_failures_total", reason="password") == 3
    with raw(weir, "redis") as client:
        ask(client, b"GET k\r\n", b"-NOAUTH Authentication required.\r\n")
        ask(client, b"AUTH app client-secret\r\n", b"+OK\r\n")
        ask(client, b"GET k\r\n", b"$-1\r\n")


def test_a_third_wrong_password_is_the_last(weir):
    with raw(weir, "redis") as client:
        client.sendall(b"AUTH app no\r\n" * 5)
        answers = b""
        while part := client.recv(65536):
            answers += part
    assert answers.count(b"-WRONGPASS") == 3
    assert "client-secret" not in weir.log()


def test_a_command_may_come_right_behind_the_password(weir):
    value = b"x" * 50_000
    with raw(weir, "redis") as client:
        ask(client, array("AUTH", "app", "client-secret") + array("SET", "k", value), b"+OK\r\n+OK\r\n")
    assert weir.redis().get("k") == value


def test_hello_greets(weir):
    with raw(weir) as client:
        ask(client, b"HELLO 4\r\n", b"-NOPROTO unsupported protocol version\r\n")
        client.sendall(b"HELLO 2 SETNAME web\r\n")
        assert read(client, 5) == b"*14\r\n"
    with raw(weir, "redis") as client:
        ask(client, b"HELLO 2 AUTH app wrong\r\n", b"-WRONGPASS")


def test_each_database_has_a_pool_and_no_server_connection_changes_its(server, start_redis_weir):
    weir = start_redis_weir(server, pool=[{"name": f"db{i}", "match": str(i), "max_size": i + 1}
                                          for i in range(4)])
    with server.connect() as direct, direct.monitor() as monitor:
        for i in range(4):
            weir.redis(i).set("who", i)
            assert weir.redis(user=f"app@{i}").get("who") == str(i).encode()
        with raw(weir) as client:  # one that wanders
            for i in (3, 0, 2, 1, 1):
                ask(client, f"SELECT {i}\r\nGET who\r\n".encode(), f"+OK\r\n$1\r\n{i}\r\n".encode())
            client.sendall(b"SELECT 9\r\n")
            assert b'-ERR no pool serves database "9"' in client.recv(1000)
            ask(client, b"GET who\r\n", b"$1\r\n1\r\n")
        direct_too = weir.redis(0)
        direct_too.set("the end", 1)
        seen, selects = "", {}
        while "the end" not in seen:
            line = monitor.next_command()
            seen = line["command"]
            if seen.upper().startswith("SELECT"):
                selects.setdefault(line["client_port"], []).append(seen)
    # One each, of the dial: those of database 0 need none.
    assert sorted(words for words in selects.values()) == [["SELECT 1"], ["SELECT 2"], ["SELECT 3"]]
    with pytest.raises(redis.ResponseError, match="no pool serves"):
        weir.redis(9).ping()


def test_rights_bind_at_login_and_at_select(server, start_redis_weir):
    weir = start_redis_weir(server, pool=[{"name": "one", "match": "1"}, {"name": "two", "match": "2"}],
                            user=[{"name": "app", "password": "client-secret", "pools": ["one"]}])
    client = weir.redis(1)
    assert client.set("k", 1)
    with pytest.raises(redis.ResponseError, match="may not use pool"):
        client.execute_command("SELECT", 2)
    with pytest.raises(redis.ResponseError, match="may not use pool"):
        weir.redis(user="app@2").ping()


# -- one's own connection for as long as it takes


def test_a_transaction_runs_alone_and_a_watch_sees_what_others_do(weir):
    client, other = weir.redis(), weir.redis()
    with client.pipeline() as pipeline:
        assert pipeline.set("a", 1).incr("a").execute() == [True, 2]
        pipeline.watch("a")
        value = int(pipeline.get("a"))
        other.set("a", 100)
        pipeline.multi()
        pipeline.set("a", value + 1)
        with pytest.raises(redis.WatchError):
            pipeline.execute()
        pipeline.watch("a")
        pipeline.multi()
        pipeline.incr("a")
        assert pipeline.execute() == [101]
    settled(weir)
    assert weir.value("weir_pins_total", pool="all", reason="watch") == 2
    assert weir.value("weir_pins_total", pool="all", reason="multi") == 0, "came whole: shares"
    assert weir.value("weir_pinned_connections", pool="all", reason="watch") == 0
    assert weir.value("weir_transactions_total", pool="all", end="commit") == 2
    assert weir.value("weir_transactions_total", pool="all", end="rollback") == 1


def test_a_transaction_that_is_left_is_undone(server, start_redis_weir):
    weir = start_redis_weir(server, pool=[{"max_size": 1}])
    for words in (b"MULTI\r\nSET k lost\r\n", b"WATCH k\r\n", b"WATCH k\r\nMULTI\r\n"):
        with raw(weir) as client:
            client.sendall(words)
            read(client, 5)
        assert weir.redis().set("k", "kept")  # on the same connection, not queued
        assert weir.redis().get("k") == b"kept"
    assert weir.value("weir_releases_total", pool="all", result="reset") == 3
    assert weir.value("weir_connection_creates_total", pool="all", result="ok") == 1


def test_what_is_refused_fails_its_transaction(weir):
    with raw(weir) as client:
        ask(client, b"MULTI\r\nSET k 1\r\n", b"+OK\r\n+QUEUED\r\n")
        client.sendall(b"FLUSHALL\r\nEXEC\r\nGET k\r\n")
        data = b""
        while not data.endswith(b"$-1\r\n"):
            data += client.recv(1000)
    assert data.startswith(b"-ERR unknown command") and b"\r\n-EXECABORT" in data
    settled(weir)


def test_blocking_pops_hold_up_nobody(weir):
    waiting = [weir.redis() for _ in range(3)]
    with ThreadPoolExecutor(3) as threads:
        pops = [threads.submit(client.blpop, f"queue{i}", 20) for i, client in enumerate(waiting)]
        until(lambda: weir.value("weir_pinned_connections", pool="all", reason="blocking") == 3, "three wait")
        client = weir.redis()
        for i in range(100):
            assert client.set("k", i)
        for i in range(3):
            client.rpush(f"queue{i}", f"item{i}")
        assert [pop.result() for pop in pops] == [(f"queue{i}".encode(), f"item{i}".encode()) for i in range(3)]
    settled(weir)


def test_a_client_that_goes_while_it_waits_takes_nothing(server, weir):
    with raw(weir) as client:
        client.sendall(b"BLPOP queue 0\r\n")
        until(lambda: weir.value("weir_pinned_connections", pool="all", reason="blocking") == 1, "waits")
    until(lambda: server.connect().info("clients")["blocked_clients"] == 0, "nobody waits at the server")
    client = weir.redis()
    client.rpush("queue", "mine")
    assert client.lpop("queue") == b"mine"


def test_messages_reach_who_subscribed_and_nobody_else(weir):
    subscriber, publisher = weir.redis().pubsub(), weir.redis()
    subscriber.subscribe("news")
    subscriber.psubscribe("n*")
    for _ in range(2):
        assert subscriber.get_message(timeout=20)["type"] in ("subscribe", "psubscribe")
    assert publisher.publish("news", "hello") == 2
    kinds = {subscriber.get_message(timeout=20)["type"] for _ in range(2)}
    assert kinds == {"message", "pmessage"}
    assert publisher.get("none") is None
    assert weir.value("weir_pinned_connections", pool="all", reason="subscribe") == 1
    subscriber.close()
    settled(weir)
    assert publisher.publish("news", "nobody hears") == 0


@pytest.mark.parametrize("length", [32 * 1024, 100_000, 16 * 1024 * 1024])
def test_long_values_pass(weir, length):
    client = weir.redis()
    value = bytes(range(256)) * (length // 256)
    assert client.set("long", value)
    assert client.get("long") == value
    assert client.strlen("long") == len(value)
    settled(weir)


def test_a_slow_sender_of_a_long_request_holds_up_nobody(server, start_redis_weir):
    weir = start_redis_weir(server, pool=[{"max_size": 2}])
    value = b"x" * 200_000
    request = array("SET", "slow", value)
    with raw(weir) as slow:
        slow.sendall(request[:100_000])
        until(lambda: counts(weir)["pinned"] == 1, "it streams")
        assert weir.redis().set("k", 1)
        slow.sendall(request[100_000:] + b"GET k\r\n")
        assert read(slow, 12) == b"+OK\r\n$1\r\n1\r\n"
    assert weir.redis().get("slow") == value
    settled(weir)


def test_half_a_long_request_does_not_reach_the_next_client(server, start_redis_weir):
    weir = start_redis_weir(server, pool=[{"max_size": 1}])
    with raw(weir) as slow:
        slow.sendall(array("SET", "slow", b"x" * 200_000)[:100_000])
        until(lambda: counts(weir)["pinned"] == 1, "it streams")
    client = weir.redis()
    assert client.set("k", "y")
    assert client.get("k") == b"y"
    assert client.get("slow") is None


# -- many, and trouble


def test_two_hundred_clients_over_four_connections_get_their_own_answers(server, weir, size):
    rounds = size(30, 300)

    def work(number):
        client = weir.redis()
        for i in range(rounds):
            mine = f"{number}:{i}"
            if i % 5 == 0:
                pipeline = client.pipeline(transaction=i % 2 == 0)
                pipeline.set(f"k{number}", mine).get(f"k{number}").execute_command("ECHO", mine)
                assert pipeline.execute() == [True, mine.encode(), mine.encode()]
            else:
                assert client.echo(mine) == mine.encode()
                assert client.incr(f"n{number}") == i - i // 5
        client.close()

    with ThreadPoolExecutor(200) as threads:
        for done in [threads.submit(work, number) for number in range(200)]:
            done.result()
    assert len(server.connections()) <= 4
    settled(weir)
    metrics = weir.metrics()
    assert metrics.value("weir_acquires_total", pool="all", outcome="ok") == \
        metrics.value("weir_releases_total", pool="all")
    assert metrics.value("weir_protocol_desync_total", pool="all") == 0


@pytest.mark.parametrize("waits", [("BLPOP", "nothing", 0), ("SUBSCRIBE", "nothing")])
def test_who_went_before_a_command_without_end_began_is_not_waited_for(weir, redis_server, waits):
    with raw(weir) as client:
        ask(client, array("GET", "nothing"), b"$-1\r\n")  # so that there is a connection
        with frozen(redis_server.program.pid):
            client.sendall(array("GET", "nothing") + array(*waits))
            client.shutdown(socket.SHUT_WR)
            time.sleep(0.2)  # so that its end is seen while the first is under way
        until(lambda: weir.value("weir_client_connections", listener="trusted") == 0, "it has gone")
    until(lambda: counts(weir)["used"] + counts(weir)["pinned"] == 0, lambda: f"nothing is held: {counts(weir)}")


def test_a_backlog_that_ends_with_the_last_reply_that_may_be_due_leaves_the_client_heard(weir, redis_server):
    most_due = 128
    short, long = (array("SET", "k", "v" * size) * most_due for size in (1, 512))

    def heard():
        return weir.value("weir_network_bytes_total", pool="all", side="client", direction="in")

    with raw(weir) as client:
        ask(client, array("SET", "k", "v"), b"+OK\r\n")  # so that there is a connection
        before = heard()
        with frozen(redis_server.program.pid):
            for commands in (short, long):
                client.sendall(commands)
                before += len(commands)
                until(lambda: heard() == before, "they are under way, and then as many wait")
        answers = b"+OK\r\n" * 2 * most_due
        assert read(client, len(answers)) == answers
        ask(client, b"PING\r\n", b"+PONG\r\n")


def test_what_is_sent_behind_a_command_without_end_waits_within_bounds(weir):
    many = 32000
    flood = array("SET", "k", "v" * 1000) * many
    wait = array("BLPOP", "queue", 0) + array("CLIENT", "SETNAME", "x")
    with raw(weir) as client, raw(weir) as other:
        client.sendall(wait)
        until(lambda: counts(weir)["pinned"] == 1, "it waits")
        client.sendall(flood)
        ask(other, array("RPUSH", "queue", "one"), b":1\r\n")
        answers = array("queue", "one") + b"+OK\r\n" * (1 + many)
        assert read(client, len(answers)) == answers
    with raw(weir) as client:
        client.sendall(wait + flood)
        until(lambda: counts(weir)["pinned"] == 1, "it waits again")
    settled(weir)  # it has gone
    with raw(weir) as client:
        client.sendall(wait)
        for _ in range(5):
            client.sendall(flood)
        refused = b"-ERR too much was sent behind a command that waits\r\n"
        assert read(client, len(refused)) == refused
        assert client.recv(1) == b""
    settled(weir)
    assert weir.value("weir_client_connections_closed_total", listener="trusted", reason="limit") == 1


@pytest.mark.parametrize("name", ["UNSUBSCRIBE", "EXEC", "DISCARD", "COPY"])
def test_a_long_command_that_has_to_wait_goes_nowhere(weir, redis_server, name):
    with raw(weir) as other:
        ask(other, array("SET", "k", "v"), b"+OK\r\n")
        with raw(weir) as client:
            with frozen(redis_server.program.pid):
                client.sendall(array("GET", "k") + array(name, "k" * 40000)[:-20000])
                time.sleep(0.2)  # so that both are seen while the first is under way
            assert read(client, 7) == b"$1\r\nv\r\n"
            if name != "COPY":
                assert b"ERR Protocol error: too long a" in client.recv(1000)
            for _ in range(100):
                ask(other, array("GET", "k"), b"$1\r\nv\r\n")


def test_what_was_asked_before_a_half_close_is_answered_to_the_last(weir):
    size = 16 << 20
    with raw(weir) as client:
        client.sendall(array("SET", "k", "v" * size))
        assert read(client, 5) == b"+OK\r\n"
        client.sendall(array("GET", "k") + array("CLIENT", "GETNAME"))
        client.shutdown(socket.SHUT_WR)
        time.sleep(0.5)  # so that most of it is unsent when it ends
        answers = b"$%d\r\n" % size + b"v" * size + b"\r\n$-1\r\n"
        assert read(client, len(answers)) == answers
        assert client.recv(1) == b""


def test_a_new_protocol_and_what_needs_a_connection_of_its_own_in_one_write(weir):
    with raw(weir) as client, raw(weir) as other:
        client.sendall(array("HELLO", 3) + array("BLPOP", "queue", 0))
        until(lambda: counts(weir)["pinned"] == 1, "it waits for the queue")
        ask(other, array("RPUSH", "queue", "one"), b":1\r\n")
        reader = Reader(client)
        assert reader.next()[b"proto"] == 3
        assert reader.next() == [b"queue", b"one"]
    with raw(weir) as client:
        long = "v" * (1 << 20)
        client.sendall(array("HELLO", 3) + array("SET", "k", long) + array("STRLEN", "k"))
        reader = Reader(client)
        assert reader.next()[b"proto"] == 3
        assert reader.next() == "+OK"
        assert reader.next() == len(long)


def test_a_client_that_reads_slowly_takes_what_is_unsent_with_it(start_redis_weir, server):
    weir = start_redis_weir(server, pool=[{"name": "all", "match": "*"}])
    size = 8 << 20
    with raw(weir) as client:
        client.sendall(array("SET", "k", "v" * size))
        assert read(client, 5) == b"+OK\r\n"
        for _ in range(3):
            client.sendall(array("GET", "k") + array("SELECT", 1) + array("SELECT", 0))
            time.sleep(0.3)
            answer = b"$%d\r\n" % size + b"v" * size + b"\r\n+OK\r\n+OK\r\n"
            assert read(client, len(answer)) == answer
    others = [weir.redis() for _ in range(8)]
    for i, other in enumerate(others):
        assert other.set(f"k{i}", i)


def test_a_drain_ends_a_session_that_has_what_it_asked_for(start_redis_weir, server):
    weir = start_redis_weir(server, pool=[{"name": "all", "match": "*", "mode": "session"}],
                            agent={"drain_timeout": "60s"})
    with raw(weir) as client:
        ask(client, array("SET", "k", "v"), b"+OK\r\n")
        with frozen(server.program.pid):
            client.sendall(array("GET", "k"))
            until(lambda: counts(weir)["used"] == 1, "it is under way")
            weir.command("drain", check=False)
            time.sleep(0.3)  # so that its loop has heard of it
        assert read(client, 7) == b"$1\r\nv\r\n"
        client.settimeout(10)
        assert b"ERR" in client.recv(1000)


def test_clients_that_vanish_leave_no_reply_to_others(weir, size):
    stop = threading.Event()

    def vanish(number):
        while not stop.wait(0.01):
            with raw(weir) as client:
                client.sendall(b"".join(array("ECHO", f"ghost{number}" + "x" * 2000) for _ in range(20)))
                client.recv(1)  # else they ask for more than a slow machine can answer, and nobody else has a turn

    def stay(number):
        client = weir.redis()
        for i in range(size(300, 3000)):
            assert client.execute_command("SET", f"s{number}", i) in (True, b"OK")
            assert client.get(f"s{number}") == str(i).encode()

    with ThreadPoolExecutor(12) as threads:
        ghosts = [threads.submit(vanish, number) for number in range(4)]
        try:
            for done in [threads.submit(stay, number) for number in range(8)]:
                done.result()
        finally:
            stop.set()
        for ghost in ghosts:
            ghost.result()
    settled(weir)
    assert weir.value("weir_protocol_desync_total", pool="all") == 0


def test_a_reader_that_is_slow_holds_up_nobody(weir):
    client = weir.redis()
    client.set("big", b"x" * 1_000_000)
    with raw(weir) as slow:
        slow.sendall(array("GET", "big") * 60)
        for i in range(200):
            assert client.incr("n") == i + 1
        total = 0
        one = len(b"$1000000\r\n") + 1_000_000 + 2
        while total < 60 * one:
            part = slow.recv(1 << 20)
            assert part
            total += len(part)
        assert total == 60 * one
        ask(slow, b"ECHO on\r\n", b"$2\r\non\r\n")


def test_a_server_that_restarts_costs_only_what_was_in_flight(start_redis, start_redis_weir):
    server = start_redis()
    weir = start_redis_weir(server, pool=[{"max_size": 2, "acquire_timeout": "20s"}],
                            upstream={"breaker": {"failures": 1000}})
    idle, caught, blocked = weir.redis(), raw(weir), raw(weir)
    idle.set("k", 1)
    blocked.sendall(b"BLPOP q 0\r\n")
    until(lambda: counts(weir)["pinned"] == 1, "one waits")
    caught.sendall(b"EVAL \"while true do end\" 0\r\nGET k\r\n")
    until(lambda: counts(weir)["used"] == 1, "and one runs")
    server.stop()
    lost = b'-ERR upstream "cache" lost the connection before it answered\r\n'
    assert read(caught, 2 * len(lost)) == 2 * lost
    assert read(blocked, len(lost)) == lost
    server.start()
    assert idle.set("k", 2)
    for client in (caught, blocked):
        ask(client, b"GET k\r\n", b"$1\r\n2\r\n")
        client.close()


def test_a_transaction_is_not_continued_on_another_connection(start_redis, start_redis_weir):
    server = start_redis()
    weir = start_redis_weir(server)
    with raw(weir) as client:
        ask(client, b"MULTI\r\nSET k 1\r\n", b"+OK\r\n+QUEUED\r\n")
        server.stop()
        assert client.recv(1000) == b"", "it ends, as it would without Weir"


def test_an_acquire_that_fails_says_why(server, start_redis_weir):
    weir = start_redis_weir(server, pool=[{"max_size": 1, "acquire_timeout": "300ms"}])
    with raw(weir) as holder, raw(weir) as client:
        holder.sendall(b"BLPOP q 0\r\n")
        until(lambda: counts(weir)["pinned"] == 1, "held")
        client.sendall(b"MULTI\r\nSET k 1\r\nEXEC\r\n")
        data = b""
        while data.count(b"\r\n") < 3:
            data += client.recv(4000)
        assert data.startswith(b'-ERR pool timeout: acquiring a connection of pool "all" timed out (max 1')
        assert data.endswith(b"-ERR not queued: MULTI has failed\r\n"
                             b"-EXECABORT Transaction discarded because MULTI has failed\r\n")
    assert weir.redis().get("k") is None
    assert weir.value("weir_acquires_total", pool="all", outcome="timeout") == 1


def test_an_upstream_that_is_not_there_is_an_error(start_redis, start_redis_weir):
    server = start_redis()
    server.stop()
    weir = start_redis_weir(server, pool=[{"acquire_timeout": "500ms"}])
    with pytest.raises(redis.ResponseError, match="upstream|pool timeout"):
        weir.redis().get("k")
    assert weir.redis().ping(), "which is Weir's own to answer"


def test_a_wrong_account_of_the_pool_is_told_without_the_password(server, start_redis_weir):
    weir = start_redis_weir(server, pool=[{"password": "not-the-password"}])
    with pytest.raises(redis.ResponseError, match="upstream refused the pool's connection"):
        weir.redis().get("k")
    assert weir.value("weir_connection_create_failures_total", pool="all", reason="auth") >= 1
    assert "not-the-password" not in weir.log()


def test_a_drain_lets_transactions_end(weir):
    with raw(weir) as busy, raw(weir) as idle:
        ask(busy, b"MULTI\r\nSET k 1\r\n", b"+OK\r\n+QUEUED\r\n")
        ask(idle, b"GET k\r\n", b"$-1\r\n")
        assert weir.command("drain").returncode == 0
        assert idle.recv(1000).startswith(b"-ERR shutting down")
        ask(busy, b"EXEC\r\n", b"*1\r\n+OK\r\n")
        assert busy.recv(1000).startswith(b"-ERR shutting down")


# -- other modes, and what operators see


def test_session_mode_keeps_a_connection_and_gives_it_back_clean(server, start_redis_weir):
    weir = start_redis_weir(server, pool=[{"mode": "session", "max_size": 1}])
    with raw(weir) as client:
        ask(client, b"SET k 1\r\nWATCH k\r\nWAIT 0 10\r\n", b"+OK\r\n+OK\r\n:0\r\n")
        until(lambda: counts(weir)["used"] == 1, "it is kept")
    settled(weir)
    with raw(weir) as client:
        ask(client, b"MULTI\r\nGET k\r\nEXEC\r\n", b"+OK\r\n+QUEUED\r\n*1\r\n$1\r\n1\r\n")
    settled(weir)
    assert weir.value("weir_connection_creates_total", pool="all", result="ok") == 1


def test_direct_mode_makes_a_connection_for_each_client(server, start_redis_weir):
    weir = start_redis_weir(server, pool=[{"mode": "direct"}])
    for i in range(3):
        client = weir.redis()
        client.set("k", i)
        client.connection_pool.disconnect()
    until(lambda: not server.connections(), "none is kept")
    assert weir.value("weir_connection_creates_total", pool="all", result="ok") == 3


def test_operators_see_who_holds_what_without_arguments(weir):
    with raw(weir) as client:
        ask(client, b"CLIENT SETNAME worker\r\nMULTI\r\nSET secret value\r\n", b"+OK\r\n+OK\r\n+QUEUED\r\n")
        held, = [one for one in weir.json("/api/v1/servers")["servers"] if one["state"] == "pinned"]
        assert held["last_statement"] == "SET"
        assert held["pin_reason"] == "multi"
        assert held["application_name"] == "worker"
        assert any(one["application_name"] == "worker" for one in weir.json("/api/v1/clients")["clients"])
        status = weir.command("status", "--detailed").stdout
        assert "SET" in status and "secret" not in status


def test_a_watch_that_is_held_too_long_is_a_suspected_leak(server, start_redis_weir):
    weir = start_redis_weir(server, pool=[{"leak_after": "200ms", "leak_action": "close"}])
    with raw(weir) as client:
        ask(client, b"WATCH k\r\n", b"+OK\r\n")
        assert client.recv(1000).startswith(b"-ERR the connection was held without a query")
    assert weir.value("weir_leaks_reclaimed_total", pool="all") == 1


def test_admin_commands_pass_where_they_are_allowed(server, start_redis_weir):
    weir = start_redis_weir(server, pool=[{"admin_commands": True}])
    assert weir.redis().config_get("databases") == {"databases": "16"}
    with weir.redis().monitor() as monitor:
        weir.redis().set("seen", 1)
        until(lambda: "seen" in monitor.next_command()["command"], "the command")
