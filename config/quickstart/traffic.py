"""Demo traffic: what shops do all day, and now and then a leak and a rush."""

import asyncio
import random
from concurrent.futures import ThreadPoolExecutor

from harness.raw import Refused
from harness.swarm import Lost

from .shops import SHOPS
from .stage import TENANTS

# Clients of each tenant: one is busier than the others, as it always is.
CLIENTS = {"acme": 8, "globex": 4, "initech": 2}
RUSH = 20  # clients: four times as many as the pool has connections


class Traffic:
    """Of one engine."""

    def __init__(self, stage, engine, every_leak=25, every_rush=15, leak_for=12):
        self.stage, self.engine = stage, engine
        self.every_leak, self.every_rush, self.leak_for = every_leak, every_rush, leak_for
        self.answered, self.refused = 0, 0
        self.clients = set()
        self.over = False  # a library may swallow the cancelling that comes with it

    def jobs(self):
        return [*(self._shop(tenant) for tenant in TENANTS for _ in range(CLIENTS[tenant])),
                self._leaks(), self._rushes()]

    async def _open(self, tenant, name):
        client = await SHOPS[self.engine].open(self.stage.ports[self.engine],
                                               self.stage.database(self.engine, tenant), name)
        self.clients.add(client)
        return client

    async def _close(self, *clients):
        self.clients -= set(clients)
        await asyncio.gather(*(client.close() for client in clients), return_exceptions=True)

    async def close_all(self):
        await self._close(*self.clients)

    async def _ask(self, asked):
        """What a patient application does: told that it can't be served now, it goes on."""
        try:
            await asked
            self.answered += 1
        except Refused:
            self.refused += 1

    async def _shop(self, tenant):
        while not self.over:
            client = None
            try:
                client = await self._open(tenant, "shop")
                while not self.over:
                    await self._ask(client.visit())
                    await asyncio.sleep(random.expovariate(1 / 0.03))
            except (Lost, Refused, OSError):
                self.refused += 1
                if client:
                    await self._close(client)
                await asyncio.sleep(0.5)

    async def _leaks(self):
        """A report that opens a transaction, reads, and forgets it; later it is killed."""
        while not self.over:
            await asyncio.sleep(self.every_leak * 0.1)
            forgetful = await self._open(random.choice(TENANTS), "nightly-report")
            await self._ask(forgetful.forget())
            await asyncio.sleep(self.leak_for)
            await self._close(forgetful)
            await asyncio.sleep(self.every_leak * 0.9)

    async def _rushes(self):
        """Each of the clients holds a connection for a while."""
        while not self.over:
            await asyncio.sleep(self.every_rush * 0.2)
            clients = [await self._open("globex", "rush") for _ in range(RUSH)]
            for _ in range(6):
                await asyncio.gather(*(self._ask(client.work()) for client in clients))
            await self._close(*clients)
            await asyncio.sleep(self.every_rush * 0.8)


async def run(traffic, seconds=None):
    """All of `traffic` until cancelled, or for that long."""
    threads = ThreadPoolExecutor(64)  # one for each client whose library blocks
    asyncio.get_running_loop().set_default_executor(threads)
    tasks = [asyncio.create_task(job) for one in traffic for job in one.jobs()]
    try:
        done, _ = await asyncio.wait(tasks, timeout=seconds, return_when=asyncio.FIRST_EXCEPTION)
        for task in done:
            task.result()
    finally:
        for one in traffic:
            one.over = True
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.gather(*(one.close_all() for one in traffic))
