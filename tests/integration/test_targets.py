"""Reading and writing apart: pools that find the server that fits them, and find it again after a promotion."""

import asyncio
import time

import pytest

from harness.processes import frozen
from harness.raw import RawClient, Refused
from harness.swarm import Client, Lost
from harness.waiting import until

pytestmark = pytest.mark.long

MAX_OPEN_FOR = 2
WHERE = "SELECT current_setting('port')"


@pytest.fixture
def servers(start_postgres):
    """A primary and the standby that streams from it."""
    primary = start_postgres(["shop"])
    primary.execute("CREATE TABLE notes (id serial PRIMARY KEY, words text); ALTER TABLE notes OWNER TO app", "shop")
    standby = start_postgres(primary=primary)
    until(lambda: standby.has_caught_up_with(primary), "caught up")
    return primary, standby


@pytest.fixture
def start_apart(start_weir):
    """One pool that writes and one that reads, over the same database of the same servers."""
    def start(servers, reading="read-only", connect_timeout="5s", **pool):
        both = ", ".join(f"127.0.0.1:{server.port}" for server in servers)
        common = {"address": both, "max_connections": 20, "tls": {"mode": "disable"},
                  "connect_timeout": connect_timeout,
                  "breaker": {"failures": 3, "open_for": "500ms", "max_open_for": f"{MAX_OPEN_FOR}s"}}
        return start_weir(
            servers[0], upstream={**common, "name": "rw", "target": "read-write"},
            more_upstreams=[{**common, "name": "ro", "target": reading}],
            pool=[{"name": name, "upstream": name, "match": f"shop_{name}", "database": "shop", "max_size": 4,
                   "acquire_timeout": "10s", **pool} for name in ("rw", "ro")])
    return start


def client(weir, name):
    return RawClient(weir.ports["trusted"]).login(f"shop_{name}")


def fill(weir, name, count):
    """Leaves `count` idle connections in a pool."""
    clients = [client(weir, name) for _ in range(count)]
    for one in clients:
        one.query("BEGIN")
    for one in clients:
        one.query("COMMIT")
        one.close()
    until(lambda: idle(weir, name) == count, "idle")


def idle(weir, name):
    return weir.value("weir_pool_connections", pool=name, state="idle")


def reaped(weir, name, reason):
    return weir.value("weir_connections_reaped_total", pool=name, reason=reason)


def at(one):
    return int(one.query(WHERE)[0][0])


def test_each_pool_finds_its_server(start_apart, servers):
    primary, standby = servers
    for order in (servers, servers[::-1]):
        weir = start_apart(order)
        with client(weir, "rw") as writer, client(weir, "ro") as reader:
            assert at(writer) == primary.port
            assert at(reader) == standby.port
            writer.query("INSERT INTO notes (words) VALUES ('one')")
            with pytest.raises(Refused) as caught:
                reader.query("INSERT INTO notes (words) VALUES ('two')")
            assert caught.value.code == "25006"


def test_check_says_which_address_answered(start_apart, servers):
    primary, standby = servers
    weir = start_apart(servers)
    said = weir.command("check", "--connect", "--config", weir.config).stdout
    lines = {word: line for line in said.splitlines() for word in ("rw", "ro") if f"pool {word}:" in line}
    assert f"connected to 127.0.0.1:{primary.port} in" in lines["rw"]
    assert f"connected to 127.0.0.1:{standby.port} in" in lines["ro"]
    standby.stop()
    failed = weir.command("check", "--connect", "--config", weir.config, check=False)
    assert failed.returncode != 0
    assert "pool ro" in failed.stderr and "pool rw" not in failed.stderr


async def _write(weir, stop, outcomes):
    """Clients that write until told to stop, and log in again when sent away."""
    async def one(number):
        connection = None
        while not stop.is_set():
            begun = time.monotonic()
            try:
                connection = connection or await Client.open(weir.ports["trusted"], "shop_rw")
                await asyncio.wait_for(connection.query(f"INSERT INTO notes (words) VALUES ('{number}')"), 20)
                outcomes.append((begun, time.monotonic(), "ok"))
            except Refused as error:
                outcomes.append((begun, time.monotonic(), error.code))
                if connection and connection.lost.done():
                    connection = None
            except (Lost, OSError):
                outcomes.append((begun, time.monotonic(), "lost"))
                connection = None
            await asyncio.sleep(0.01)
        if connection:
            connection.abort()

    await asyncio.gather(*(one(number) for number in range(12)))


@pytest.mark.parametrize("fast", [True, False], ids=["fast shutdown", "crash"])
def test_writers_move_to_the_promoted_standby_by_themselves(start_apart, servers, fast):
    primary, standby = servers
    weir = start_apart(servers)
    outcomes, times = [], {}

    async def scenario():
        stop = asyncio.Event()
        load = asyncio.create_task(_write(weir, stop, outcomes))
        await asyncio.sleep(1)
        await asyncio.to_thread(primary.stop, fast)
        await asyncio.sleep(2.5)
        await asyncio.to_thread(standby.promote)
        times["promoted"] = time.monotonic()
        await asyncio.sleep(MAX_OPEN_FOR + 3)
        stop.set()
        await load

    asyncio.run(scenario())
    assert {word for _, _, word in outcomes} <= {"ok", "08006", "57P01", "57P03", "53300"}
    again = min(ended for _, ended, word in outcomes if word == "ok" and ended > times["promoted"])
    assert again - times["promoted"] < MAX_OPEN_FOR + 1
    later = {word for begun, _, word in outcomes if begun > again + 0.5}
    assert later == {"ok"}
    with client(weir, "rw") as one:
        assert at(one) == standby.port
    assert weir.value("weir_upstream_up", upstream="rw") == 1


def test_idle_connections_to_a_lost_primary_are_closed_and_counted(start_apart, servers):
    primary, standby = servers
    weir = start_apart(servers)
    fill(weir, "rw", 4)
    fill(weir, "ro", 2)
    with client(weir, "rw") as caught_in_the_middle:
        caught_in_the_middle.query("BEGIN")
        primary.stop()
        until(lambda: reaped(weir, "rw", "server_closed") == 4, "closed and counted")
        with pytest.raises((Refused, ConnectionError)) as caught:
            caught_in_the_middle.query("COMMIT")
        assert isinstance(caught.value, Refused) and caught.value.code in ("08006", "57P01")
        assert caught_in_the_middle.closed()
    assert idle(weir, "ro") == 2, "the standby is well"
    with client(weir, "ro") as reader:
        assert at(reader) == standby.port


def write_until_well(one):
    """The codes that writes were refused with before one went through."""
    refused = []
    while True:
        try:
            one.query("INSERT INTO notes (words) VALUES ('here')")
            return refused
        except Refused as error:
            refused.append(error.code)


def test_a_primary_that_is_made_read_only_is_left_for_the_new_one(start_apart, servers):
    old, new = servers
    weir = start_apart(servers)
    fill(weir, "rw", 4)
    with client(weir, "rw") as one:
        one.query("SET application_name = 'careful'")
        old.execute("ALTER SYSTEM SET default_transaction_read_only = on")
        old.execute("SELECT pg_reload_conf()")
        until(lambda: old.execute("SHOW default_transaction_read_only") == [("on",)], "reloaded")
        new.promote()
        assert write_until_well(one) in ([], ["25006"]), "one connection finds out for all"
        assert at(one) == new.port
        assert one.query("SHOW default_transaction_read_only") == [["off"]], "that was not the client's wish"
        assert one.query("SHOW application_name") == [["careful"]]
    until(lambda: reaped(weir, "rw", "check_failed") == 4, "all that were made before")


def test_a_demoted_primary_that_comes_back_is_not_written_to(start_apart, servers):
    old, new = servers
    weir = start_apart(servers)
    fill(weir, "rw", 2)
    old.stop()
    new.promote()
    old.follow(new)
    old.start()
    with client(weir, "rw") as one, client(weir, "ro") as reader:
        until(lambda: not write_until_well(one), "serves again")
        assert at(one) == new.port
        assert at(reader) == old.port


def test_a_promoted_standby_is_left_by_those_who_only_read(start_apart, servers):
    old, new = servers
    weir = start_apart(servers, validate_after="300ms")
    fill(weir, "ro", 3)
    old.stop()
    new.promote()
    old.follow(new)
    old.start()
    with client(weir, "ro") as reader:
        until(lambda: at(reader) == old.port, "the one that is a standby now")
    assert reaped(weir, "ro", "check_failed") >= 1


def test_those_who_prefer_a_standby_are_served_by_a_primary_alone(start_apart, servers):
    primary, standby = servers
    weir = start_apart(servers, reading="prefer-standby")
    with client(weir, "ro") as reader:
        assert at(reader) == standby.port
        standby.stop()
        until(lambda: reaped(weir, "ro", "server_closed") == 1, "closed")
        assert at(reader) == primary.port
        assert at(reader) == primary.port
    assert reaped(weir, "ro", "check_failed") == 0


def test_a_clients_own_wish_to_read_only_costs_no_connection(start_apart, servers):
    weir = start_apart(servers, max_size=1)
    with client(weir, "rw") as one, client(weir, "rw") as other:
        backend = one.query("SELECT pg_backend_pid()")
        one.query("SET default_transaction_read_only = on")
        for refused in ("INSERT INTO notes (words) VALUES ('no')",
                        "BEGIN READ ONLY; INSERT INTO notes (words) VALUES ('no')"):
            with pytest.raises(Refused) as caught:
                one.query(refused)
            assert caught.value.code == "25006"
        one.query("ROLLBACK")
        other.query("INSERT INTO notes (words) VALUES ('yes')")
        assert one.query("SHOW default_transaction_read_only") == [["on"]]
        other.query("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY")
        with pytest.raises(Refused):
            other.query("INSERT INTO notes (words) VALUES ('no')")
        other.query("SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE")
        assert other.query("SELECT pg_backend_pid()") == backend
    assert reaped(weir, "rw", "check_failed") == 0


def test_a_primary_that_hangs_does_not_keep_others_from_the_new_one(start_apart, servers):
    old, new = servers
    weir = start_apart(servers, connect_timeout="2s")
    new.promote()
    with frozen(old.program.pid), client(weir, "rw") as one:  # its kernel still takes connections
        assert at(one) == new.port, "within one dial"
        assert weir.value("weir_connection_create_failures_total", upstream="rw") == 0


def test_a_pool_without_a_fitting_server_says_so(start_apart, servers):
    primary, standby = servers
    weir = start_apart(servers, acquire_timeout="3s")
    standby.stop()
    with pytest.raises(Refused) as caught:
        client(weir, "ro").query("SELECT 1")
    assert caught.value.code in ("53300", "08006", "57P03")
    with client(weir, "rw") as writer:
        assert at(writer) == primary.port, "the breaker of the one is not the other's"
