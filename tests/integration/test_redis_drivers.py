"""Redis' drivers, unchanged: each gets through Weir what it gets from the server itself."""

import subprocess
from pathlib import Path

import pytest

from harness.processes import run
from harness.redis import APP_PASSWORD
from harness.resp import settled
from harness.waiting import until

DRIVERS = Path(__file__).parent / "drivers"
NODE = ["node", "--no-warnings"]


@pytest.fixture
def alike(redis_server, start_redis_weir):
    """alike(program…): run with port, user and password of the server, then of Weir; what both print is the
    same, and so it is once more on connections that have been used."""
    weir = start_redis_weir(redis_server, pool=[{"max_size": 12}])

    def check(*program, more=(), words=lambda port, user, password: [port, user, password]):
        def printed(port, password):
            done = run([*program, *map(str, words(port, "app", password)), *more])
            return done.stdout
        directly = printed(redis_server.port, APP_PASSWORD)
        assert directly
        for _ in range(2):
            assert printed(weir.ports["redis"], "client-secret") == directly
        settled(weir)
        until(lambda: sum(weir.metrics().series("weir_client_connections", listener="redis").values()) == 0,
              "all have gone")
        assert weir.value("weir_protocol_desync_total", pool="all") == 0
        return directly
    return check


@pytest.mark.parametrize("protocol", ["-2", "-3"])
def test_redis_cli(alike, protocol):
    answers = alike("bash", "-c", f'exec redis-cli "$@" < {DRIVERS / "redis-cli.txt"}', "redis-cli", protocol,
                    "--no-raw", "--no-auth-warning",
                    words=lambda port, user, password: ["-p", port, "--user", user, "-a", password])
    assert answers.count("\n") > 30


def test_redis_cli_loads_in_bulk(redis_server, start_redis_weir, size):
    weir = start_redis_weir(redis_server)
    many = size(20_000, 200_000)
    commands = b"".join(b"*3\r\n$3\r\nSET\r\n$%d\r\nb%d\r\n$1\r\nx\r\n" % (len(str(n)) + 1, n) for n in range(many))
    done = subprocess.run(["redis-cli", "-p", str(weir.ports["redis"]), "--user", "app", "-a", "client-secret",
                           "--no-auth-warning", "--pipe"], input=commands, capture_output=True, check=True, timeout=90)
    assert f"errors: 0, replies: {many}".encode() in done.stdout


def test_redis_py(alike):
    alike("/usr/bin/python3", DRIVERS / "redis_py.py")


def test_ioredis(alike):
    alike(*NODE, DRIVERS / "ioredis.js")


@pytest.mark.parametrize("protocol", ["2", "3"])
def test_node_redis(alike, protocol):
    alike(*NODE, DRIVERS / "node_redis.js", more=[protocol])


def test_bullmq(alike):
    alike(*NODE, DRIVERS / "bullmq.js")


def test_php(alike):
    alike("php", DRIVERS / "redis.php")


def test_ruby_with_connection_pool(alike):
    alike("ruby", DRIVERS / "redis.rb")
