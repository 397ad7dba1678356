"""Restarts under load: nobody is refused, no answer is lost, and no server sees a connection too many."""

import asyncio
import random
import threading

import pytest

from harness.raw import Refused
from harness.swarm import Client, Lost
from harness.waiting import until
from harness.watch import SessionWatch

pytestmark = [pytest.mark.sanitized, pytest.mark.alone]

MOST = 8


class Counting:
    """A client that adds to its own counter, comes back when it is told to go, and keeps the score."""

    def __init__(self, number, port):
        self.number, self.port = number, port
        self.score, self.told_to_go, self.troubles = 0, 0, []

    async def run(self, stop):
        client = None
        while not stop.is_set():
            try:
                if client is None:
                    client = await Client.open(self.port, "tenant_a")
                await client.query(f"UPDATE counters SET value = value + 1 WHERE id = {self.number}")
                self.score += 1
                if random.random() < 0.05:
                    await client.query("BEGIN")
                    await asyncio.sleep(random.random() / 20)
                    await client.query(f"UPDATE counters SET value = value + 1 WHERE id = {self.number}")
                    await client.query("COMMIT")
                    self.score += 1
            except (Refused, Lost, OSError) as error:
                if client and isinstance(error, Refused) and error.code == "57P01":
                    self.told_to_go += 1
                else:
                    self.troubles.append(f"{error!r}{'' if client else ' at its login'}")
                if client:
                    client.close()
                client = None
        if client:
            client.close()


@pytest.fixture(scope="module")
def server(start_module_postgres):
    return start_module_postgres(["tenant_a", "tenant_b"], max_connections=60)


def test_under_load_nobody_is_refused_and_every_counter_is_exact(start_weir, server, size):
    clients, restarts = size(50, 200), size(5, 20)
    server.execute("CREATE TABLE counters (id int PRIMARY KEY, value int);"
                   f"INSERT INTO counters SELECT id, 0 FROM generate_series(1, {clients}) id;"
                   "ALTER TABLE counters OWNER TO app", "tenant_a")
    weir = start_weir(server, agent={"drain_timeout": "30s"}, upstream={"max_connections": MOST},
                      pool=[{"name": "tenants", "match": "tenant_{tenant}", "max_size": MOST}])
    counting = [Counting(number + 1, weir.ports["trusted"]) for number in range(clients)]

    async def live(stop):
        await asyncio.gather(*(each.run(stop) for each in counting))

    stop = threading.Event()
    crowd = threading.Thread(target=lambda: asyncio.run(live(stop)))
    with SessionWatch(server) as watch:
        crowd.start()
        try:
            until(lambda: all(each.score > 0 for each in counting), "all under way", timeout=60)
            for _ in range(restarts):
                before = sum(each.score for each in counting)
                weir.command("restart")
                until(lambda: weir.json("/api/v1/restart")["predecessor"] == 0,
                      lambda: weir.log()[-3000:], timeout=60)
                until(lambda: sum(each.score for each in counting) > before + clients, "served", timeout=60)
        finally:
            stop.set()
            crowd.join()
    assert [trouble for each in counting for trouble in each.troubles] == []
    assert len(set(weir.successors())) == restarts
    counted = dict(server.execute("SELECT id, value FROM counters", "tenant_a"))
    assert counted == {each.number: each.score for each in counting}
    assert sum(each.told_to_go for each in counting) > 0
    assert 0 < watch.most() <= MOST
