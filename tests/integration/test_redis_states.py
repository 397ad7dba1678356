"""What a Redis client may leave on a connection: subscriptions, tracking, transactions, protocols, accounts.
Each ends as it does at the server, and the connection goes back to others clean."""

import pytest
import redis

from harness.resp import Client, array, counts, read, settled
from harness.waiting import free_port, until

pytestmark = pytest.mark.sanitized


@pytest.fixture
def server(redis_server):
    with redis_server.connect() as direct:
        direct.flushall()
    return redis_server


@pytest.fixture
def weir(server, start_redis_weir):
    return start_redis_weir(server, pool=[{"max_size": 4}])


def pinned(weir, reason):
    return weir.value("weir_pinned_connections", pool="all", reason=reason)


def made(weir):
    return weir.value("weir_connection_creates_total", pool="all", result="ok")


# -- RESP3


def test_hello_3_speaks_resp3_with_the_server(weir):
    with Client(weir) as client, Client(weir) as other:
        assert other("HSET", "h", "a", "1") == 1
        greeting = client("HELLO", 3, "SETNAME", "web")
        assert (greeting[b"proto"], greeting[b"server"]) == (3, b"redis")
        assert client("HGETALL", "h") == {b"a": b"1"}
        assert client("GET", "none") is None
        client.send("GET", "none")
        assert read(client.socket, 3) == b"_\r\n"
        assert client("CLIENT", "GETNAME") == b"web"
        assert other("HGETALL", "h") == [b"a", b"1"], "RESP2 as before"
        assert b"resp=3" in client("CLIENT", "INFO")
        assert client("HELLO", 2)[-1] == []
        assert client("HGETALL", "h") == [b"a", b"1"]
        assert client("SELECT", 0) == "+OK"
    settled(weir)


def test_hello_3_logs_in(weir):
    with Client(weir, "redis") as client:
        assert client("HELLO", 3).startswith("-NOAUTH")
        assert client("HELLO", 3, "AUTH", "app", "wrong").startswith("-WRONGPASS")
        assert client("HELLO", 3, "AUTH", "app", "client-secret", "SETNAME", "x")[b"proto"] == 3
        assert client("CLIENT", "GETNAME") == b"x"
        assert client("SET", "k", "v") == "+OK"


def test_resp3_goes_along_to_another_database(server, start_redis_weir):
    weir = start_redis_weir(server)
    with Client(weir) as client:
        client("HELLO", 3)
        assert client("SELECT", 5) == "+OK"
        client("HSET", "h", "a", "1")
        assert client("HGETALL", "h") == {b"a": b"1"}


def test_redis_py_speaks_resp3(weir):
    with weir.redis() as plain, Client(weir, "redis") as client:
        client("HELLO", 3, "AUTH", "app", "client-secret")
        assert plain.set("k", 1)
        assert client("CONFIG", "GET", "port").startswith("-NOPERM")
        assert client("GET", "k") == b"1"


def test_clients_of_both_protocols_share_a_pool(server, start_redis_weir):
    weir = start_redis_weir(server, pool=[{"max_size": 1}])
    with Client(weir) as old, Client(weir) as new:
        for i in range(5):  # the one connection is made anew for whoever is next
            assert old("SET", "k", i) == "+OK"
            if i == 0:
                new("HELLO", 3)
            assert new("GET", "k") == str(i).encode()


def test_a_server_without_resp3_is_found_out_without_a_failure(start_redis, start_redis_weir):
    server = start_redis(rename_command='HELLO ""')
    weir = start_redis_weir(server, pool=[{"max_size": 2}])
    clients = [Client(weir) for _ in range(5)]
    for client in clients:
        client.socket.sendall(array("HELLO", 3) + array("HSET", "h", "a", 1) + array("HGETALL", "h"))
    for client in clients:
        assert client.next().startswith("-NOPROTO")
        assert client.next() in (0, 1)
        assert client.next() == [b"a", b"1"]
        client.socket.close()
    settled(weir)
    assert sum(weir.metrics().series("weir_connection_create_failures_total", pool="all").values()) == 0


@pytest.mark.parametrize("mode", ["session", "direct"])
def test_a_kept_connection_goes_through_every_state(server, start_redis_weir, mode):
    weir = start_redis_weir(server, pool=[{"mode": mode, "max_size": 2}])
    for i in range(3):
        with Client(weir) as client:
            assert client("SET", "k", i) == "+OK"
            assert client("SUBSCRIBE", "a") == [b"subscribe", b"a", 1]
            assert client("UNSUBSCRIBE") == [b"unsubscribe", b"a", 0]
            assert client("GET", "k") == str(i).encode()
            assert client("HELLO", 3)[b"proto"] == 3
            assert client("WATCH", "k") == "+OK"
            assert client("HELLO", 2).startswith("-ERR HELLO is not possible")
            client.socket.sendall(array("MULTI") + array("INCR", "k") + array("EXEC"))
            assert [client.next() for _ in range(3)][-1] == [i + 1]
            assert client("SELECT", 1) == "+OK"
            assert client("GET", "k") is None
            assert client("WAIT", 0, 10) == 0
            client("SUBSCRIBE", "a")
    settled(weir)


# -- subscriptions


@pytest.mark.parametrize("protocol", [2, 3])
def test_a_subscription_that_ends_gives_its_connection_back(weir, protocol):
    with Client(weir) as client, Client(weir) as other:
        client("HELLO", protocol)
        push = (lambda *words: ("push", list(words))) if protocol == 3 else (lambda *words: list(words))
        for _ in range(3):
            assert client("SUBSCRIBE", "a") == push(b"subscribe", b"a", 1)
            assert client("PSUBSCRIBE", "b*") == push(b"psubscribe", b"b*", 2)
            assert other("PUBLISH", "a", "hello") == 1
            assert client.next() == push(b"message", b"a", b"hello")
            until(lambda: pinned(weir, "subscribe") == 1, "it is kept")
            assert client("UNSUBSCRIBE", "a") == push(b"unsubscribe", b"a", 1)
            assert other("PUBLISH", "bb", "x") == 1
            assert client.next() == push(b"pmessage", b"b*", b"bb", b"x")
            assert client("PUNSUBSCRIBE") == push(b"punsubscribe", b"b*", 0)
            assert client("SET", "k", 1) == "+OK"
            settled(weir)
        until(lambda: pinned(weir, "subscribe") == 0, "it is kept no longer")
        assert made(weir) <= 3
        assert weir.value("weir_connections_reaped_total", pool="all", reason="desync") == 0


@pytest.mark.parametrize("protocol", [2, 3])
def test_who_leaves_subscribed_leaves_a_clean_connection(server, start_redis_weir, protocol):
    weir = start_redis_weir(server, pool=[{"max_size": 1}])
    for i in range(5):
        with Client(weir) as client:
            client("HELLO", protocol)
            client("SUBSCRIBE", "a", "b")
            client.next()
        settled(weir)
        with Client(weir) as client:
            client("HELLO", protocol)
            assert client("PUBLISH", "a", "x") == 0
            assert client("SET", "k", i) == "+OK"
    assert made(weir) <= 2, "the first of each protocol, and no more"
    assert weir.value("weir_releases_total", pool="all", result="reset") == 5


def test_a_pipeline_may_subscribe_and_unsubscribe_at_once(weir):
    with Client(weir) as client:
        client.socket.sendall(array("SUBSCRIBE", "a") + array("UNSUBSCRIBE", "a") + array("SUBSCRIBE", "b")
                              + array("PING") + array("UNSUBSCRIBE") + array("GET", "k") + array("ECHO", "x"))
        assert [client.next() for _ in range(7)] == [
            [b"subscribe", b"a", 1], [b"unsubscribe", b"a", 0], [b"subscribe", b"b", 1], [b"pong", b""],
            [b"unsubscribe", b"b", 0], None, b"x"]
    settled(weir)


def test_what_weir_answers_keeps_its_place_among_messages(weir):
    with Client(weir) as client, Client(weir) as other:
        client("HELLO", 3)
        client("SUBSCRIBE", "a")
        client.socket.sendall(array("GET", "k") + array("CLIENT", "GETNAME") + array("SET", "k", "v")
                              + array("SELECT", 0) + array("GET", "k"))
        assert [client.next() for _ in range(5)] == [None, None, "+OK", "+OK", b"v"]
        assert client("SELECT", 1).startswith("-ERR SELECT is not possible")
        assert other("PUBLISH", "a", "still") == 1
        assert client.next() == ("push", [b"message", b"a", b"still"])


def test_unsubscribing_from_nothing_is_confirmed(weir):
    with Client(weir) as client:
        assert client("UNSUBSCRIBE") == [b"unsubscribe", None, 0]
        client.send("PUNSUBSCRIBE", "x", "y")
        assert [client.next(), client.next()] == [[b"punsubscribe", b"x", 0], [b"punsubscribe", b"y", 0]]
        client("HELLO", 3)
        assert client("UNSUBSCRIBE") == ("push", [b"unsubscribe", None, 0])
        assert client("GET", "k") is None
    settled(weir)


def test_shard_channels_are_counted_apart(weir):
    with Client(weir) as client:
        assert client("SSUBSCRIBE", "s") == [b"ssubscribe", b"s", 1]
        assert client("SUBSCRIBE", "a") == [b"subscribe", b"a", 1]
        assert client("UNSUBSCRIBE", "a") == [b"unsubscribe", b"a", 0]
        with Client(weir) as other:
            assert other("SPUBLISH", "s", "x") == 1
        assert client.next() == [b"smessage", b"s", b"x"]
        assert client("SUNSUBSCRIBE") == [b"sunsubscribe", b"s", 0]
        assert client("GET", "k") is None
    settled(weir)


def test_a_subscription_that_is_refused_keeps_nothing(weir):
    with Client(weir) as client:
        assert client("SUBSCRIBE").startswith("-ERR wrong number")
        assert client("SET", "k", 1) == "+OK"
        settled(weir)


# -- tracking, and other states of a connection


def test_tracking_tells_what_others_change(weir):
    with Client(weir) as client, Client(weir) as other:
        assert client("CLIENT", "TRACKING", "ON").startswith("-ERR tracking needs RESP3")
        client("HELLO", 3)
        assert client("CLIENT", "TRACKING", "ON") == "+OK"
        assert client("GET", "k") is None
        until(lambda: pinned(weir, "tracking") == 1, "it is kept")
        assert other("SET", "k", 1) == "+OK"
        assert client.next() == ("push", [b"invalidate", [b"k"]])
        assert client("CLIENT", "TRACKING", "OFF") == "+OK"
        assert client("GET", "k") == b"1"
        settled(weir)
        other("SET", "k", 2)
        assert client("GET", "k") == b"2", "and no invalidation"
    settled(weir)


def test_a_client_that_leaves_while_tracking_leaves_none(server, start_redis_weir):
    weir = start_redis_weir(server, pool=[{"max_size": 2}])
    with Client(weir) as client:
        client("HELLO", 3)
        client("CLIENT", "TRACKING", "ON", "BCAST")
    settled(weir)
    with Client(weir) as client:
        client("HELLO", 3)
        for i in range(10):
            assert client("SET", "k", i) == "+OK"
            assert client("GET", "k") == str(i).encode()
    assert weir.value("weir_protocol_desync_total", pool="all") == 0


def test_readonly_keeps_a_connection_until_readwrite(start_redis, start_redis_weir):
    weir = start_redis_weir(start_redis(cluster_enabled="yes", cluster_port=free_port()))
    with Client(weir) as client:
        assert client("READONLY") == "+OK"
        until(lambda: pinned(weir, "other") == 1, "it is kept")
        assert client("READWRITE") == "+OK"
        assert client("GET", "k").startswith("-CLUSTERDOWN")
        settled(weir)
        assert client("ASKING") == "+OK"
        client("GET", "k")
        settled(weir)


# -- transactions


def test_a_transaction_that_comes_whole_shares_a_connection(weir):
    whole = array("MULTI") + array("SET", "k", 1) + array("INCR", "k") + array("EXEC")
    with Client(weir) as client:
        client.socket.sendall(whole + array("GET", "k"))
        assert [client.next() for _ in range(5)] == ["+OK", "+QUEUED", "+QUEUED", ["+OK", 2], b"2"]
        client.socket.sendall(array("MULTI") + array("NOSUCH") + array("EXEC"))
        answers = [client.next() for _ in range(3)]
        assert answers[1].startswith("-ERR unknown command") and answers[2].startswith("-EXECABORT")
        client.socket.sendall(array("MULTI") + array("SET", "k", 9) + array("DISCARD"))
        assert [client.next() for _ in range(3)] == ["+OK", "+QUEUED", "+OK"]
        assert client("GET", "k") == b"2"
        for part in (whole[:20], whole[20:]):  # in two pieces: on a connection of its own
            client.socket.sendall(part)
        assert [client.next() for _ in range(4)][-1] == ["+OK", 2]
    settled(weir)
    ends = {end: weir.value("weir_transactions_total", pool="all", end=end)
            for end in ("commit", "rollback", "abandoned")}
    assert ends == {"commit": 2, "rollback": 2, "abandoned": 0}
    assert weir.value("weir_pins_total", pool="all", reason="multi") <= 1


def test_a_transaction_that_is_left_is_counted(weir):
    with Client(weir) as client:
        client("MULTI")
    until(lambda: weir.value("weir_transactions_total", pool="all", end="abandoned") == 1, "abandoned")


def test_many_clients_transactions_do_not_mix(server, start_redis_weir):
    weir = start_redis_weir(server, pool=[{"max_size": 1}])
    clients = [Client(weir) for _ in range(20)]
    for round in range(20):
        for i, client in enumerate(clients):
            client.socket.sendall(array("MULTI") + array("SET", "x", i) + array("GET", "x") + array("EXEC"))
        for i, client in enumerate(clients):
            assert [client.next() for _ in range(4)][-1] == ["+OK", str(i).encode()]
    for client in clients:
        client.socket.close()


# -- accounts


def test_auth_as_somebody_else_moves_the_client(server, start_redis_weir):
    weir = start_redis_weir(server, pool=[{"name": "one", "match": "1"}, {"name": "two", "match": "2"},
                                          {"name": "nought", "match": "0"}],
                            user=[{"name": "ann", "password": "ann-secret", "pools": ["one", "nought"]},
                                  {"name": "bob", "password": "bob-secret", "pools": ["two", "nought"]}])
    with Client(weir, "redis") as client:
        assert client("AUTH", "ann", "ann-secret") == "+OK"
        assert client("SELECT", 1) == "+OK"
        assert client("SET", "k", "ann's") == "+OK"
        assert client("AUTH", "bob", "wrong").startswith("-WRONGPASS")
        assert client("GET", "k") == b"ann's", "who it was it stays"
        assert client("AUTH", "bob@2", "bob-secret") == "+OK"
        assert client("GET", "k") is None
        assert b"user=bob" in client("CLIENT", "INFO")
        assert client("SELECT", 1).startswith("-NOPERM")
        assert client("HELLO", 3, "AUTH", "ann@1", "ann-secret")[b"proto"] == 3
        assert client("GET", "k") == b"ann's"
        client.socket.sendall(array("GET", "k") + array("AUTH", "bob@2", "bob-secret") + array("GET", "k"))
        assert [client.next() for _ in range(3)] == [b"ann's", "+OK", None]
        assert client("AUTH", "ann", "wrong").startswith("-WRONGPASS")
        assert client("AUTH", "ann", "wrong").startswith("-WRONGPASS")
        assert client.ended(), "the third is the last"
    until(lambda: sum(weir.metrics().series("weir_client_connections", listener="redis").values()) == 0, "nobody is counted any more")
    assert "bob-secret" not in weir.log()


def test_reset_begins_anew(weir):
    with Client(weir, "redis") as client:
        client("HELLO", 3, "AUTH", "app", "client-secret", "SETNAME", "x")
        client("SUBSCRIBE", "a")
        assert client("RESET") == "+RESET"
        assert client("GET", "k").startswith("-NOAUTH")
        assert client("RESET") == "+RESET"
        assert client("AUTH", "app", "client-secret") == "+OK"
        assert client("CLIENT", "GETNAME") is None
        assert client("MULTI") == "+OK"
        assert client("RESET") == "+RESET"
        assert client("AUTH", "app", "client-secret") == "+OK"
        assert client("SET", "k", 1) == "+OK"
    with Client(weir) as trusted:
        trusted("SELECT", 3)
        assert trusted("RESET") == "+RESET"
        assert b"db=0" in trusted("CLIENT", "INFO")
    settled(weir)


# -- CLIENT REPLY, WAIT, and what is refused


def test_replies_can_be_switched_off(weir):
    with Client(weir) as client:
        client.send("CLIENT", "REPLY", "OFF")
        client.send("SET", "k", 1)
        client.send("CLIENT", "GETNAME")
        client.send("MULTI")
        client.send("INCR", "k")
        client.send("EXEC")
        assert client("CLIENT", "REPLY", "ON") == "+OK"
        assert client("GET", "k") == b"2"
        client.send("CLIENT", "REPLY", "SKIP")
        client.send("SET", "k", "unseen")
        assert client("GET", "k") == b"unseen"
    settled(weir)


def test_wait_counts_the_replicas_that_have_a_clients_writes(server, start_redis, start_redis_weir):
    weir = start_redis_weir(server, pool=[{"max_size": 3}])
    replica = start_redis(replicaof=f"127.0.0.1 {server.port}", masterauth="server-secret")
    with server.connect() as direct:
        until(lambda: direct.info("replication").get("slave0", {}).get("state") == "online", "follows")
    with Client(weir) as client:
        client("SET", "k", "replicated")
        assert client("WAIT", 1, 20000) == 1
        with replica.connect() as copy:
            assert copy.get("k") == b"replicated"
        for i in range(5):
            client("SET", "k", i)
            assert client("WAIT", 1, 20000) == 1
        until(lambda: pinned(weir, "blocking") == 1, "it is kept")
    settled(weir)


@pytest.mark.parametrize("words", [
    "SHUTDOWN", "DEBUG SLEEP 0", "CONFIG GET port", "CLIENT KILL 1", "CLIENT PAUSE 1", "CLIENT NO-EVICT ON",
    "CLIENT LIST", "REPLICAOF NO ONE", "FAILOVER", "SYNC", "PSYNC ? -1", "MIGRATE h 1 k 0 1", "MOVE k 1",
    "COPY a b DB 1", "SWAPDB 0 1", "FLUSHALL", "SCRIPT FLUSH", "FUNCTION FLUSH", "ACL LIST", "MODULE LIST",
    "SAVE", "BGSAVE", "SLOWLOG GET", "LATENCY RESET", "MONITOR", "CLUSTER RESET", "flushall"])
def test_what_touches_every_tenant_is_refused(weir, words):
    with Client(weir) as client:
        assert client(*words.split()).startswith("-NOPERM")
        assert client("MULTI") == "+OK"
        assert client(*words.split()).startswith("-ERR unknown command")
        assert client("EXEC").startswith("-EXECABORT")


def test_what_asks_of_a_cluster_passes(weir):
    with Client(weir) as client:
        assert client("CLUSTER", "INFO").startswith("-ERR This instance has cluster support disabled")
        assert client("COPY", "a", "b") == 0
        assert isinstance(client("SCRIPT", "LOAD", "return 1"), bytes)


def test_monitor_ends_with_its_connection(server, start_redis_weir):
    weir = start_redis_weir(server, pool=[{"admin_commands": True}])
    with Client(weir) as client, Client(weir) as other:
        assert client("MONITOR") == "+OK"
        other("SET", "seen", 1)
        until(lambda: "seen" in client.next(), "among what else is done")
    until(lambda: counts(weir)["pinned"] == 0, "closed")
    with pytest.raises(redis.ResponseError, match="unknown command"):
        weir.redis().execute_command("NOSUCH")


# -- what is counted


MOVES = {
    "weir_acquires_total": 1, "weir_acquire_served_total": 1, "weir_acquire_wait_seconds_count": 1,
    "weir_connection_use_seconds_count": 1, "weir_connection_create_seconds_count": 1,
    "weir_connection_creates_total": 1, "weir_releases_total": 1, "weir_pins_total": 3,
    "weir_queries_total": 10, "weir_query_errors_total": 1, "weir_query_seconds_count": 10,
    "weir_transactions_total": 3, "weir_transaction_seconds_count": 3, "weir_network_bytes_total": 1000,
    "weir_pool_used_connection_seconds_total": 0, "weir_acquire_rejections_total": 0,
    "weir_acquire_wait_by_cause_seconds_total": 0}


def test_every_count_of_a_pool_moves(server, start_redis_weir):
    weir = start_redis_weir(server, pool=[{"max_size": 2, "max_waiting": 1, "acquire_timeout": "3s"}])
    with Client(weir) as client, Client(weir) as other, Client(weir) as third, Client(weir) as fourth:
        for i in range(10):
            client("SET", "k", i)
        client("INCR", "none-" + "x" * 2000)
        client("LPUSH", "k", 1)
        whole = array("MULTI") + array("GET", "k") + array("EXEC")
        for one in (client, other):
            one.socket.sendall(whole)
            assert [one.next() for _ in range(3)][-1] == [b"9"]
        client("MULTI")
        client("DISCARD")
        other.send("BLPOP", "q", 0)
        third.send("BLPOP", "q", 0)
        until(lambda: pinned(weir, "blocking") == 2, "both connections are taken")
        fourth.send("GET", "k")
        until(lambda: weir.value("weir_pool_pending_acquires", pool="all") == 1, "waits")
        assert "its max_waiting" in client("GET", "k"), "and no more may"
        assert fourth.next().startswith("-ERR pool timeout")
        metrics = weir.metrics()
    moved = {name: metrics.value(name, pool="all") for name in MOVES}
    assert {name: value for name, value in moved.items() if not value or value < MOVES[name]} == {}
    assert metrics.value("weir_upstream_budget_used", upstream="cache") == 2
    assert metrics.value("weir_client_connections_opened_total", listener="trusted") == 4
