"""Demo traffic: what shops do all day, and now and then a leak and a rush."""

import asyncio
import random

from harness import messages
from harness.raw import Refused
from harness.swarm import Client, Lost

from .stage import PASSWORD, TENANTS

# Clients of each tenant: one is busier than the others, as it always is.
CLIENTS = {"acme": 8, "globex": 4, "initech": 2}


class Traffic:
    def __init__(self, stage, every_leak=25, every_rush=15, leak_for=12):
        self.stage, self.every_leak, self.every_rush = stage, every_leak, every_rush
        self.leak_for = leak_for
        self.answered, self.refused = 0, 0

    async def run(self, seconds=None):
        """Until cancelled, or for that long."""
        jobs = [self._shop(tenant) for tenant in TENANTS for _ in range(CLIENTS[tenant])]
        tasks = [asyncio.create_task(job) for job in [*jobs, self._leaks(), self._rushes()]]
        try:
            done, _ = await asyncio.wait(tasks, timeout=seconds, return_when=asyncio.FIRST_EXCEPTION)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _open(self, tenant, name):
        return await Client.open(self.stage.listen, self.stage.database(tenant), "demo", PASSWORD,
                                 application_name=name)

    async def _ask(self, client, *parts):
        """What a patient application does: told that it can't be served now, it goes on."""
        try:
            await client.ask(*parts)
            self.answered += 1
        except Refused:
            self.refused += 1

    async def _shop(self, tenant):
        while True:
            try:
                client = await self._open(tenant, "shop")
                while True:
                    await self._visit(client)
                    await asyncio.sleep(random.expovariate(1 / 0.03))
            except (Lost, Refused, OSError):
                self.refused += 1
                await asyncio.sleep(0.5)

    async def _visit(self, client):
        order = random.randrange(1, 1000)
        await self._ask(client, messages.extended("SELECT item, price FROM orders WHERE id = $1", order))
        if random.random() < 0.2:
            await self._ask(client, messages.query(
                f"BEGIN; UPDATE orders SET price = price + 1 WHERE id = {order};"
                " SELECT count(*) FROM orders WHERE price > 500; COMMIT"))

    async def _leaks(self):
        """A report that opens a transaction, reads, and forgets it; later it is killed."""
        while True:
            await asyncio.sleep(self.every_leak * 0.1)
            forgetful = await self._open(random.choice(TENANTS), "nightly-report")
            await self._ask(forgetful, messages.query("BEGIN"))
            await self._ask(forgetful, messages.query("SELECT * FROM orders WHERE price > 10 LIMIT 5"))
            await asyncio.sleep(self.leak_for)
            forgetful.abort()
            await asyncio.sleep(self.every_leak * 0.9)

    async def _rushes(self):
        """Four times as many clients as the pool has connections, each holding one for a while."""
        while True:
            await asyncio.sleep(self.every_rush * 0.2)
            clients = [await self._open("globex", "rush") for _ in range(20)]
            for _ in range(6):
                await asyncio.gather(*(self._ask(client, messages.query("SELECT pg_sleep(0.1)"))
                                       for client in clients))
            for client in clients:
                client.close()
            await asyncio.sleep(self.every_rush * 0.8)
