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
