"""No client ever sees a stranger's answer: 50 tenants, each with a database and an account of its own."""

import asyncio
import random

import pytest

from harness import messages as m
from harness.postgres import PostgresServers
from harness.swarm import Client, close_all, open_many

TENANTS = [f"iso_{number:02d}" for number in range(50)]


@pytest.fixture(scope="module")
def server(folder):
    servers = PostgresServers(folder / "isolation")
    server = servers.start(max_connections=60)
    server.execute("CREATE TABLE mine (client int PRIMARY KEY, value bigint);"
                   "INSERT INTO mine SELECT n, 0 FROM generate_series(0, 19) n;"
                   "GRANT ALL ON mine TO public", "template1")
    with server.connect() as connection:
        for tenant in TENANTS:
            connection.execute(f"CREATE ROLE owner_{tenant} LOGIN PASSWORD 'app-secret'")
            connection.execute(f"CREATE DATABASE {tenant} OWNER owner_{tenant}")
    yield server
    servers.remove_all()


class Checker:
    """One client of a tenant; each transaction writes a value and looks who answers."""

    def __init__(self, port, number):
        self.port, self.number = port, number
        self.tenant = TENANTS[number % len(TENANTS)]
        self.slot = number // len(TENANTS)
        self.random = random.Random(number)
        self.value = 0
        self.client = None

    async def open(self):
        self.client = await Client.open(self.port, self.tenant)

    async def transaction(self):
        self.value = self.random.getrandbits(60)
        write = f"UPDATE mine SET value = {self.value} WHERE client = {self.slot}"
        look = f"SELECT current_database(), current_user, value FROM mine WHERE client = {self.slot}"
        shape = self.random.randrange(5)
        if shape == 0:
            rows = await self.client.query(f"BEGIN; {write}; {look}; COMMIT")
        elif shape == 1:
            for statement in ("BEGIN", write):
                await self.client.query(statement)
            rows = await self.client.query(look)
            await self.client.query("COMMIT")
        elif shape == 2:
            rows = await self.client.ask(
                m.parse("UPDATE mine SET value = $1 WHERE client = $2 RETURNING current_database(),"
                        " current_user, value"),
                m.bind(values=[self.value, self.slot]), m.execute(), m.SYNC)
        elif shape == 3:
            await self.client.ask(m.parse("SELECT current_database(), current_user, $1::bigint"), m.SYNC)
            rows = await self.client.ask(m.bind(values=[self.value]), m.execute(), m.SYNC)
        else:
            return await self.leave_early(write)
        expected = [[self.tenant, f"owner_{self.tenant}", str(self.value)]]
        assert rows == expected, f"{self.tenant} got {rows}, expected {expected}"
        return None

    async def leave_early(self, write):
        """Now and then somebody vanishes in the middle, which is where answers could get lost."""
        if self.random.randrange(10):
            return None
        await self.client.query("BEGIN")
        await self.client.query(write)
        self.client.transport.write(m.query("SELECT repeat('stranger', 10000)"))
        self.client.abort()
        await self.open()
        return None


@pytest.mark.timeout(900)
def test_no_strangers_answer(start_weir, server, size):
    weir = start_weir(server, pool=[{"name": "tenants", "match": "{tenant}", "user": "owner_{tenant}",
                                     "password": "app-secret", "max_size": 3, "acquire_timeout": "60s"}])
    clients, transactions = 400, size(12_000, 200_000)
    remaining = [transactions]

    async def one(checker):
        while remaining[0] > 0:
            remaining[0] -= 1
            await checker.transaction()

    async def scenario():
        checkers = [Checker(weir.ports["trusted"], number) for number in range(clients)]
        await open_many(clients, lambda number: checkers[number].open())
        await asyncio.gather(*(one(checker) for checker in checkers))
        close_all(checker.client for checker in checkers)

    asyncio.run(scenario())
    scrape = weir.metrics()
    assert scrape.value("weir_protocol_desync_total") == 0
    assert scrape.value("weir_acquires_total", outcome="ok") > transactions * 0.7
