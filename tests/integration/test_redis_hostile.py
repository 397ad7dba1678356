"""Redis clients that are clumsy or mean harm: nobody else may notice."""

import pytest

from harness.resp import Client, array, counts
from harness.waiting import until

pytestmark = pytest.mark.sanitized


@pytest.fixture
def server(redis_server):
    with redis_server.connect() as direct:
        direct.flushall()
    return redis_server


@pytest.fixture
def single(server, start_redis_weir):
    """Everybody shares one connection."""
    return start_redis_weir(server, pool=[{"max_size": 1}])


def test_an_unsubscribe_that_is_refused_shifts_nobodys_reply(start_redis, start_redis_weir):
    server = start_redis()
    with server.connect() as direct:
        direct.execute_command("ACL", "SETUSER", "app", "-unsubscribe")
    weir = start_redis_weir(server, pool=[{"max_size": 1}])
    with Client(weir) as rude, Client(weir) as other:
        rude.send("UNSUBSCRIBE", "a", "b", "c")
        for _ in range(3):
            assert rude.next().startswith("-NOPERM")
            assert other("SET", "k", "the other's") == "+OK"
            assert other("GET", "k") == b"the other's"
        assert rude("GET", "none") is None


def test_a_consumer_group_with_the_name_of_a_keyword_holds_up_nobody(server, start_redis_weir):
    weir = start_redis_weir(server, pool=[{"max_size": 2}])
    with server.connect() as direct:
        direct.xgroup_create("stream", "streams", mkstream=True)
    with Client(weir) as reader, Client(weir) as other:
        reader.send("XREADGROUP", "GROUP", "streams", "me", "BLOCK", 0, "STREAMS", "stream", ">")
        until(lambda: counts(weir)["used"] + counts(weir)["pinned"] == 1, "it waits")
        assert other("SET", "k", 1) == "+OK"
        assert other("XADD", "stream", "1-1", "a", "b") == b"1-1"
        assert reader.next() == [[b"stream", [[b"1-1", [b"a", b"b"]]]]]


def test_a_skipped_reply_is_that_of_multi_alone(single):
    with Client(single) as client:
        client.socket.sendall(array("CLIENT", "REPLY", "SKIP") + array("MULTI")
                              + array("SET", "k", 1) + array("EXEC"))
        assert [client.next(), client.next()] == ["+QUEUED", ["+OK"]]


@pytest.mark.parametrize("words", [("READONLY",), ("ASKING",), ("WATCH",),
                                   ("CLIENT", "NO-TOUCH", "NONSENSE")])
def test_a_state_that_is_refused_keeps_nothing(single, words):
    with Client(single) as client, Client(single) as other:
        assert client(*words).startswith("-ERR")
        assert other("SET", "k", 1) == "+OK"


def test_tracking_that_is_refused_keeps_nothing(single):
    with Client(single) as client, Client(single) as other:
        assert client("HELLO", 3)[b"proto"] == 3
        assert client("CLIENT", "TRACKING", "ON", "NONSENSE") == "-ERR syntax error"
        assert other("SET", "k", 1) == "+OK"


def test_another_database_is_out_of_reach_of_a_copy_with_a_long_key(server, single):
    with Client(single) as client:
        client("SET", "k", 1)
        client.send("COPY", "k", "x" * 40000, "DB", 3)
        client.next()
    with server.connect(3) as direct:
        assert direct.dbsize() == 0


def test_a_deep_reply_is_a_reply(single):
    with Client(single) as client, Client(single) as other:
        client.send("EVAL", "local t = {1} for i = 1, 1500 do t = {t} end return t", 0)
        other.send("SET", "k", 1)
        assert other.next() == "+OK"
        client.socket.settimeout(20)
        assert client.reader._line() == b"*1"
