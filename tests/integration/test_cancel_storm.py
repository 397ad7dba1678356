"""Cancels at random under load, at three server connections that many clients share: none may ever hit
the query of a client that it was not meant for, and none may leave anything behind."""

import asyncio
import os
import random
from collections import Counter

import pytest

from harness.raw import RawClient, Refused
from harness.swarm import Client, cancel, close_all
from harness.waiting import until

CONNECTIONS = 3
TARGETS, BYSTANDERS, PASSERS, SHOOTERS = 16, 16, 4, 6


@pytest.fixture
def weir(start_weir, postgres):
    return start_weir(postgres, pool=[{"name": "few", "match": "tenant_c", "max_size": CONNECTIONS,
                                       "acquire_timeout": "60s"}])


class Storm:
    """`targets` are fired at while they ask, wait and rest, `passers` once they have gone; `bystanders`
    are never fired at, but ask on the same connections."""

    def __init__(self, port, shots):
        self.port, self.shots = port, shots
        self.random = random.Random(shots)
        self.targets, self.gone = [], []
        self.fired, self.cancelled = Counter(), Counter()  # by client
        self.fired_at_the_gone = self.answered = 0

    def over(self):
        return self.fired.total() + self.fired_at_the_gone >= self.shots

    async def fire(self, client):
        self.fired[client] += 1
        await cancel(self.port, client.key)

    async def ask(self, client, statement, expected):
        """True when it was answered, and whole; a client that nobody fired at has no other way."""
        try:
            assert await client.query(statement) == expected
        except Refused as refused:
            assert refused.code == "57014", refused
            self.cancelled[client] += 1
            assert self.cancelled[client] <= self.fired[client], f"hit by another's cancel: {statement}"
            return False
        self.answered += 1
        return True

    async def work(self, client):
        """One transaction: short or medium, alone or of several statements."""
        number = str(self.random.randrange(1_000_000))
        kind = self.random.random()
        pause = self.random.choice(["0.002", "0.01", "0.03"])
        if kind < 0.4:
            await self.ask(client, f"SELECT {number}", [[number]])
        elif kind < 0.8:
            await self.ask(client, f"SELECT {number}, pg_sleep({pause})", [[number, ""]])
        else:
            if await self.ask(client, "BEGIN", []):
                await self.ask(client, f"SELECT {number}, pg_sleep({pause})", [[number, ""]])
            while client.status != "I":
                await self.ask(client, "ROLLBACK", [])

    async def bystander(self):
        client = await Client.open(self.port, "tenant_c")
        while not self.over():
            await self.work(client)
        return client

    async def target(self):
        client = await Client.open(self.port, "tenant_c")
        self.targets.append(client)
        while not self.over():
            await self.work(client)
            if self.random.random() < 0.1:  # at a connection that is another's from now on
                await asyncio.gather(*(self.fire(client) for _ in range(self.random.randint(1, 3))))
        return client

    async def passer(self):
        """Comes, asks, and goes: in good order, or in the middle of its query."""
        while not self.over():
            client = await Client.open(self.port, "tenant_c")
            await client.query("SELECT 1")
            if self.random.random() < 0.5:
                client.close()
            else:
                asking = asyncio.ensure_future(client.query("SELECT pg_sleep(0.05)"))
                await asyncio.sleep(self.random.random() * 0.02)
                client.abort()
                await asyncio.wait([asking])
                asking.exception()
            self.gone.append(client.key)
            for _ in range(3):
                self.fired_at_the_gone += 1
                await cancel(self.port, client.key)

    async def shooter(self):
        while not self.over():
            if self.gone and self.random.random() < 0.2:
                self.fired_at_the_gone += 1
                await cancel(self.port, self.random.choice(self.gone))
            elif self.targets:
                await self.fire(self.random.choice(self.targets))
            await asyncio.sleep(self.random.random() * 0.01)

    async def rage(self):
        """The targets and bystanders, still logged in when it is over."""
        workers = [*(self.target() for _ in range(TARGETS)), *(self.bystander() for _ in range(BYSTANDERS)),
                   *(self.passer() for _ in range(PASSERS)), *(self.shooter() for _ in range(SHOOTERS))]
        return [client for client in await asyncio.gather(*workers) if client]


def descriptors(weir):
    return len(os.listdir(f"/proc/{weir.pid}/fd"))


@pytest.mark.sanitized
@pytest.mark.alone
@pytest.mark.timeout(400)
def test_a_storm_of_cancels_hits_nobody_else_and_leaves_nothing(weir, postgres, size):
    async def scenario():
        storm = Storm(weir.ports["trusted"], size(2000, 10_000))
        clients = await storm.rage()
        assert storm.answered > 0 and storm.cancelled.total() > 0, "cancels and answers both came through"
        for client in clients:  # nothing is fired any more; what is under way may hit whom it is for
            while not await storm.ask(client, "SELECT 'heard'", [["heard"]]):
                pass
        close_all(clients)

    with RawClient(weir.ports["trusted"]).login("tenant_c") as first:
        first.query("SELECT 1")  # what is made once is made
    until(lambda: weir.value("weir_client_connections") == 0, "it has gone")
    at_rest = descriptors(weir)
    asyncio.run(scenario())

    until(lambda: weir.value("weir_client_connections") == 0, "all clients have gone")
    for state in ("used", "pinned", "checking", "resetting", "cancelling", "closing", "connecting"):
        until(lambda: weir.value("weir_pool_connections", pool="few", state=state) == 0, f"none is {state}")
    assert weir.value("weir_pool_pending_acquires", pool="few") == 0
    assert weir.value("weir_protocol_desync_total") == 0
    until(lambda: descriptors(weir) <= at_rest + CONNECTIONS - 1, lambda: f"{descriptors(weir)}, {at_rest} before")

    clients = [RawClient(weir.ports["trusted"]).login("tenant_c") for _ in range(CONNECTIONS)]
    for client in clients:
        client.query("BEGIN")
    backends = {client.query("SELECT pg_backend_pid()")[0][0] for client in clients}
    assert len(backends) == CONNECTIONS, "each connection serves"
    assert postgres.sessions("datname = 'tenant_c' AND usename = 'app'") == CONNECTIONS
    for client in clients:
        client.close()
