"""MySQL at size: hundreds of tenants and clients on a server's few connections, each with its own answers."""

import asyncio
import random
import time

import pytest

from harness.mariadb import APP_PASSWORD
from harness.mysql_raw import ServerError
from harness.mysql_swarm import Client
from harness.swarm import close_all, open_many
from harness.waiting import until
from harness.watch import MysqlSessionWatch

TENANTS = [f"tenant_{number:03d}" for number in range(200)]
BUDGET = 40
CLIENTS_OF_EACH = 3
ZONES = ["+00:00", "+05:30", "-03:00"]

pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope="module")
def server(start_module_mariadb):
    """Every tenant has an account of its own and a table whose rows say whose they are."""
    server = start_module_mariadb([], max_connections=100, table_open_cache=2000)
    with server.connect() as connection, connection.cursor() as cursor:
        for tenant in TENANTS:
            cursor.execute(f"CREATE DATABASE {tenant}")
            cursor.execute(f"CREATE TABLE {tenant}.mine (client INT PRIMARY KEY, owner TEXT, value TEXT)")
            cursor.execute(f"INSERT INTO {tenant}.mine SELECT seq, '{tenant}', '' "
                           f"FROM {tenant}.seq_0_to_{CLIENTS_OF_EACH - 1}")
            cursor.execute(f"CREATE USER owner_{tenant} IDENTIFIED BY '{APP_PASSWORD}'")
            cursor.execute(f"GRANT ALL ON {tenant}.* TO owner_{tenant}")
    return server


class Checker:
    """One client of a tenant; each transaction writes a value of its own and looks who answers."""

    def __init__(self, port, number):
        self.port = port
        self.tenant = TENANTS[number % len(TENANTS)]
        self.slot = number // len(TENANTS)
        self.random = random.Random(number)
        self.zone = ZONES[number % len(ZONES)]
        self.client, self.statements = None, {}

    async def open(self):
        self.client, self.statements = await Client.open(self.port, self.tenant), {}
        await self.client.query(f"SET time_zone = '{self.zone}'")

    async def statement(self, text):
        if text not in self.statements:
            self.statements[text] = await self.client.prepare(text)
        return self.statements[text]

    async def transaction(self):
        value = f"{self.random.getrandbits(60)}"
        write = f"UPDATE mine SET value = '{value}' WHERE client = {self.slot}"
        look = ("SELECT DATABASE(), CURRENT_USER(), @@time_zone, owner, value FROM mine"
                f" WHERE client = {self.slot}")
        ask = self.client.query
        shape = self.random.randrange(6)
        if shape == 0:
            await ask(write)
            rows = await ask(look)
        elif shape == 1:
            await ask("BEGIN")
            await ask(write)
            rows = await ask(look)
            await ask("COMMIT")
        elif shape == 2:
            prepared = await self.statement("UPDATE mine SET value = ? WHERE client = ?")
            await self.client.execute(prepared, value, str(self.slot))
            rows = await self.client.execute(await self.statement(look))
        elif shape == 3:
            await ask("SET autocommit = 0")
            await ask(write)
            rows = await ask(look)
            await ask("COMMIT")
            await ask("SET autocommit = 1")
        elif shape == 4:
            await ask(f"SET @value = '{value}'")
            await ask(f"UPDATE mine SET value = @value WHERE client = {self.slot}")
            rows = await ask(look)
            await ask("SET @value = NULL")
            self.client.close()
            await self.open()
        else:
            await self.leave_early(write)
            return
        expected = [[self.tenant, f"owner_{self.tenant}@%", self.zone, self.tenant, value]]
        assert rows == expected, f"{self.tenant} got {rows}, expected {expected}"

    async def leave_early(self, write):
        """Now and then somebody vanishes in the middle, which is where answers could get lost."""
        if self.random.randrange(10):
            return
        await self.client.query("BEGIN")
        await self.client.query(write)
        self.client.send("SELECT REPEAT('stranger', 10000)")
        self.client.abort()
        await self.open()


def test_200_tenants_share_40_connections_and_no_client_sees_a_strangers_answer(start_mysql_weir, server, size):
    weir = start_mysql_weir(server, upstream={"max_connections": BUDGET},
                            pool=[{"name": "tenants", "match": "{tenant}", "user": "owner_{tenant}",
                                   "max_size": 3, "acquire_timeout": "120s"}])
    remaining = [size(6_000, 200_000)]

    async def one(checker):
        while remaining[0] > 0:
            remaining[0] -= 1
            await checker.transaction()

    async def scenario():
        checkers = [Checker(weir.ports["trusted"], number) for number in range(len(TENANTS) * CLIENTS_OF_EACH)]
        await open_many(len(checkers), lambda number: checkers[number].open())
        await asyncio.gather(*(one(checker) for checker in checkers))
        close_all(checker.client for checker in checkers)

    with MysqlSessionWatch(server) as watch:
        asyncio.run(scenario())
    assert 0 < watch.most() <= BUDGET, "the server's own view"
    scrape = weir.metrics()
    assert scrape.value("weir_protocol_desync_total") == 0
    assert scrape.value("weir_acquires_total", outcome="timeout") == 0
    assert scrape.value("weir_query_errors_total") == 0
    assert scrape.value("weir_upstream_budget_steals_total", upstream="main") > 0
    until(lambda: weir.value("weir_pool_connections", state="used") == 0, "all were given back")


async def drive(port, tenants, seconds):
    """A client for each name in `tenants`, asking all the time; how many answers each tenant got."""
    clients = await open_many(len(tenants), lambda number: Client.open(port, tenants[number]), at_once=100)
    ends, answers = time.monotonic() + seconds, dict.fromkeys(tenants, 0)

    async def one(client, tenant):
        while time.monotonic() < ends:
            assert await client.query("SELECT DATABASE()") == [[tenant]]
            answers[tenant] += 1

    await asyncio.gather(*(one(client, tenant) for client, tenant in zip(clients, tenants)))
    close_all(clients)
    return answers


def test_500_clients_on_a_server_of_50_never_see_a_1040(start_mysql_weir, start_mariadb, size):
    server = start_mariadb(["tenant_a"], max_connections=50)
    weir = start_mysql_weir(server, upstream={"max_connections": BUDGET},
                            pool=[{"name": "tenants", "match": "tenant_{tenant}", "max_size": BUDGET,
                                   "acquire_timeout": "60s"}])
    with MysqlSessionWatch(server) as watch:
        answers = asyncio.run(drive(weir.ports["trusted"], ["tenant_a"] * 500, size(5, 60)))
    assert answers["tenant_a"] > 500
    assert 0 < watch.most() <= BUDGET
    scrape = weir.metrics()
    assert scrape.value("weir_acquires_total", pool="tenants", outcome="ok") == answers["tenant_a"]
    assert scrape.value("weir_acquires_total", pool="tenants") == answers["tenant_a"], "no other outcome"
    created = scrape.value("weir_acquire_served_total", pool="tenants", source="created")
    assert created <= 0.15 * answers["tenant_a"]


def test_a_server_smaller_than_the_budget_is_coped_with(start_mysql_weir, start_mariadb):
    """1040 from the server shrinks the effective budget; clients wait instead of seeing it."""
    server = start_mariadb(["tenant_a"], max_connections=12)
    weir = start_mysql_weir(server, upstream={"max_connections": BUDGET},
                            pool=[{"name": "tenants", "match": "tenant_{tenant}", "max_size": BUDGET,
                                   "acquire_timeout": "30s"}])

    async def scenario():
        clients = await open_many(40, lambda _: Client.open(weir.ports["trusted"], "tenant_a"))
        for _ in range(10):
            await asyncio.gather(*(one.query("SELECT SLEEP(0.005)") for one in clients))
        close_all(clients)

    asyncio.run(scenario())
    scrape = weir.metrics()
    assert scrape.value("weir_connection_create_failures_total", reason="too_many") >= 1
    assert scrape.value("weir_upstream_breaker_transitions_total", to="open") == 0
    assert scrape.value("weir_upstream_budget_connections", upstream="main") < BUDGET


def test_clients_that_change_their_database_get_that_tenants_rows(start_mysql_weir, server, size):
    weir = start_mysql_weir(server, upstream={"max_connections": 10},
                            pool=[{"name": "tenants", "match": "tenant_{tenant}", "user": "owner_tenant_{tenant}",
                                   "max_size": 3, "acquire_timeout": "60s"}])

    async def wanderer(number):
        chooser = random.Random(number)
        client = await Client.open(weir.ports["trusted"], TENANTS[number])
        for _ in range(size(20, 500)):
            tenant = chooser.choice(TENANTS[:40])
            await client.query(f"USE {tenant}")
            for _ in range(chooser.randrange(3)):
                rows = await client.query("SELECT DATABASE(), CURRENT_USER(), owner FROM mine WHERE client = 0")
                assert rows == [[tenant, f"owner_{tenant}@%", tenant]]
            if chooser.randrange(10) == 0:
                with pytest.raises(ServerError) as caught:
                    await client.query("USE nobodys")
                assert caught.value.number == 1049
                assert await client.query("SELECT owner FROM mine WHERE client = 0") == [[tenant]]
        client.abort()

    async def scenario():
        await asyncio.gather(*(wanderer(number) for number in range(60)))

    with MysqlSessionWatch(server) as watch:
        asyncio.run(scenario())
    assert watch.briefly and watch.most() <= 10
