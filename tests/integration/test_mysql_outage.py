"""MySQL servers that go away and come back, and clients that vanish: clear errors, and nothing left behind."""

import asyncio
import subprocess
import sys
import time

import pymysql
import pytest

from harness.mariadb import CLIENT_PASSWORD
from harness.mysql_raw import QUERY, RawMysql, ServerError
from harness.mysql_swarm import Client, Lost
from harness.swarm import close_all, open_many
from harness.waiting import until
from harness.watch import MysqlSessionWatch

SHUTDOWN, KILLED, NETWORK, LOST = 1053, 1927, 1158, 2013
POOL = {"name": "tenants", "match": "tenant_{tenant}"}
BUDGET = 8


def client(weir, database="tenant_a"):
    return RawMysql(weir.ports["trusted"], database=database)


def held(weir):
    scrape = weir.metrics()
    return sum(scrape.value("weir_pool_connections", state=state)
               for state in ("used", "pinned", "resetting", "cancelling", "checking", "connecting"))


def test_idle_connections_ended_by_the_server_are_replaced_unseen(start_mysql_weir, mariadb):
    weir = start_mysql_weir(mariadb)
    clients = [client(weir) for _ in range(5)]
    for one in clients:
        one.query("BEGIN")
    ended = [session["ID"] for session in mariadb.sessions("DB = 'tenant_a'")]
    for one in clients:
        one.query("COMMIT")
    assert len(ended) == 5
    for number in ended:
        mariadb.execute(f"KILL {number}")
    until(lambda: not any(session["ID"] in ended for session in mariadb.sessions()), "ended")
    for one in clients:
        assert one.value("SELECT 'unseen'") == "unseen"
        one.close()
    until(lambda: weir.value("weir_connections_reaped_total", reason="server_closed") == 5, "counted")
    assert weir.value("weir_query_errors_total") == 0


def test_a_connection_killed_in_a_transaction_is_a_clear_error(start_mysql_weir, mariadb):
    weir = start_mysql_weir(mariadb)
    with client(weir) as one:
        one.query("BEGIN")
        number, = [session["ID"] for session in mariadb.sessions("DB = 'tenant_a'")]
        mariadb.execute(f"KILL {number}")
        with pytest.raises(ServerError) as caught:
            one.query("SELECT 1")
        assert caught.value.number in (NETWORK, KILLED), "never 1040 or silence"
        assert one.socket.recv(1) == b"", "a transaction can't go on elsewhere"
    with client(weir) as other:
        assert other.value("SELECT 1") == "1"


async def _load(weir, seconds, outcomes):
    """Clients that log in again when sent away; every answer and error goes into `outcomes`."""
    until_when = time.monotonic() + seconds

    async def one(number):
        connection = None
        while time.monotonic() < until_when:
            try:
                if connection is None:
                    connection = await Client.open(weir.ports["trusted"], "tenant_a")
                if number % 2:
                    rows = await asyncio.wait_for(connection.query(f"SELECT {number}"), 15)
                else:
                    await asyncio.wait_for(connection.query("BEGIN"), 15)
                    rows = await asyncio.wait_for(connection.query(f"SELECT {number}"), 15)
                    await asyncio.wait_for(connection.query("COMMIT"), 15)
                assert rows == [[str(number)]]
                outcomes.append((time.monotonic(), "ok"))
                await asyncio.sleep(0.005)
            except ServerError as error:
                outcomes.append((time.monotonic(), error.number))
                if connection and connection.lost.done():
                    connection = None
                await asyncio.sleep(0.02)
            except (Lost, OSError):
                outcomes.append((time.monotonic(), "lost"))
                connection = None
                await asyncio.sleep(0.02)
        if connection:
            connection.close()

    await asyncio.gather(*(one(number) for number in range(24)))


@pytest.mark.parametrize("fast", [True, False], ids=["fast shutdown", "crash"])
def test_server_stopped_and_started_under_load(start_mysql_weir, start_mariadb, fast):
    server = start_mariadb(["tenant_a"])
    max_open_for = 2
    weir = start_mysql_weir(server, upstream={"max_connections": BUDGET,
                                              "breaker": {"failures": 3, "open_for": "500ms",
                                                          "max_open_for": f"{max_open_for}s"}},
                            pool=[{**POOL, "acquire_timeout": "5s"}])
    outcomes, times = [], {}

    async def scenario():
        load = asyncio.create_task(_load(weir, 12, outcomes))
        await asyncio.sleep(1)
        times["stopped"] = time.monotonic()
        await asyncio.to_thread(server.stop, fast)
        await asyncio.sleep(2.5)
        times["breaker"] = weir.value("weir_upstream_breaker_state", upstream="main", state="closed")
        await asyncio.to_thread(server.start)
        times["started"] = time.monotonic()
        with MysqlSessionWatch(server) as watch:
            await load
            times["most"] = watch.most()
        await asyncio.to_thread(nothing_leaked)

    def nothing_leaked():
        """Asked before asyncio ends the thread that has started the server, with which the server ends."""
        until(lambda: held(weir) == 0, "nothing is held by anybody")
        scrape = weir.metrics()
        assert len(server.sessions()) == scrape.value("weir_pool_connections", state="idle")
        assert scrape.value("weir_upstream_budget_used", upstream="main") == len(server.sessions())
        assert scrape.value("weir_upstream_breaker_state", upstream="main", state="closed") == 1

    asyncio.run(scenario())
    assert {word for _, word in outcomes} <= {"ok", NETWORK, SHUTDOWN, KILLED}
    errors = [when for when, word in outcomes if word != "ok"]
    assert not errors or min(errors) >= times["stopped"] - 0.1
    assert times["breaker"] == 0, "open or half-open while the server is away"
    again = min(when for when, word in outcomes if word == "ok" and when > times["started"] - 0.5)
    assert again - times["started"] < max_open_for + 1
    later = [word for when, word in outcomes if when > times["started"] + max_open_for + 1]
    assert later and set(later) == {"ok"}
    assert 0 < times["most"] <= BUDGET, "the server's own view"


def test_waiters_survive_a_restart_that_is_shorter_than_their_patience(start_mysql_weir, start_mariadb):
    """Transient failures do not kill who already waits; dials are tried again for them."""
    server = start_mariadb(["tenant_a"])
    weir = start_mysql_weir(server, upstream={"breaker": {"failures": 1000, "open_for": "200ms",
                                                          "max_open_for": "500ms"}},
                            pool=[{**POOL, "acquire_timeout": "30s"}])

    async def scenario():
        clients = await open_many(5, lambda _: Client.open(weir.ports["trusted"], "tenant_a"))
        await asyncio.to_thread(server.stop)
        asked = [asyncio.create_task(one.query("SELECT 'patient'")) for one in clients]
        await asyncio.sleep(1)
        await asyncio.to_thread(server.start)
        answers = await asyncio.gather(*asked)
        assert answers == [[["patient"]]] * 5
        close_all(clients)

    asyncio.run(scenario())


def test_drivers_see_an_operational_error(start_mysql_weir, start_mariadb):
    server = start_mariadb(["tenant_a"])
    weir = start_mysql_weir(server)
    connection = weir.mysql(autocommit=False)
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO notes (words) VALUES ('lost')")
        server.stop(fast=False)
        with pytest.raises(pymysql.OperationalError) as caught:
            cursor.execute("SELECT 1")
    # PyMySQL's own number for an error that nothing asked for: it was told while it was doing nothing.
    assert caught.value.args[0] in (NETWORK, LOST)


# -- clients that vanish


@pytest.fixture(scope="module")
def single(start_module_mysql_weir, mariadb):
    return start_module_mysql_weir(mariadb, pool=[{**POOL, "max_size": 1, "acquire_timeout": "10s"}])


def other_process(weir, *statements):
    """A client process that runs `statements`, saying so before each and after the last, and sits there."""
    program = ("import pymysql, time\n"
               f"db = pymysql.connect(host='127.0.0.1', port={weir.ports['mysql']}, user='app',"
               f" password='{CLIENT_PASSWORD}', database='tenant_c')\n"
               "cursor = db.cursor()\n"
               f"for statement in {list(statements)!r}:\n"
               "    print('next', flush=True)\n    cursor.execute(statement)\n"
               "print('there', flush=True)\ntime.sleep(100)\n")
    return subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)


def test_killed_inside_a_transaction(single, mariadb):
    """Rolled back, and the one connection in use again."""
    before = single.metrics()
    process = other_process(single, "BEGIN", "INSERT INTO notes (words) VALUES ('never')")
    while process.stdout.readline() != "there\n":
        assert process.poll() is None
    number, = [session["ID"] for session in mariadb.sessions("DB = 'tenant_c'")]
    process.kill()
    process.wait()
    with client(single, "tenant_c") as other:
        assert other.value("SELECT COUNT(*) FROM notes WHERE words = 'never'") == "0"
    assert [session["ID"] for session in mariadb.sessions("DB = 'tenant_c'")] == [number], "it could be kept"
    grown = single.since(before)
    assert grown.value("weir_transactions_total", end="abandoned") == 1
    assert grown.value("weir_releases_total", result="rollback") == 1


@pytest.mark.parametrize("statement", ["SELECT SLEEP(100) /* orphan */",
                                       "INSERT INTO notes (words) SELECT SLEEP(100) /* orphan */"])
def test_killed_while_its_query_runs(single, mariadb, statement):
    process = other_process(single, statement)
    running = "info LIKE '%orphan%'"
    until(lambda: mariadb.sessions(running), "running")
    process.kill()
    process.wait()
    until(lambda: not mariadb.sessions(running), "killed at the server")
    with client(single, "tenant_c") as other:
        assert other.value("SELECT 'free'") == "free"
        assert other.value("SELECT COUNT(*) FROM notes") == "0"
    until(lambda: held(single) == 0, "given back")


@pytest.mark.parametrize("state", ["result", "pinned", "half a packet", "file", "prepared", "locked"])
def test_gone_in_any_state(single, mariadb, state):
    """max_size is 1: the next client is served only if nothing was left behind."""
    gone = client(single, "tenant_c")
    if state == "result":
        gone.command(QUERY, b"SELECT REPEAT('x', 1000) FROM seq_1_to_1000000")
        gone.receive(1000)
    elif state == "pinned":
        gone.query("SET @mine = 1")
    elif state == "half a packet":
        gone.query("BEGIN")
        gone.socket.sendall(gone.packets(b"\3SELECT 1")[:7])
    elif state == "file":
        with_files = RawMysql(single.ports["trusted"], database="tenant_c", capabilities=1 << 7)
        gone.close()
        gone = with_files
        gone.command(QUERY, b"LOAD DATA LOCAL INFILE 'x' INTO TABLE notes (words)")
        assert gone.read()[0] == 0xfb
        gone.write(b"half\n")
    elif state == "prepared":
        gone.prepare("SELECT SLEEP(?)").send(100)
    else:
        gone.query("LOCK TABLES notes WRITE")
    gone.close()
    with client(single, "tenant_c") as other:
        assert other.value("SELECT COUNT(*) FROM notes") == "0"
        assert other.value("SELECT @mine") is None
    until(lambda: held(single) == 0, "given back")
    assert single.value("weir_protocol_desync_total") == 0
