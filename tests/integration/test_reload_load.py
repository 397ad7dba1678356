"""Many reloads under load lose nothing."""

import asyncio
import copy
import threading

import pytest

from harness.raw import Refused
from harness.reloading import write
from harness.swarm import Client, Lost, close_all, open_many
from harness.waiting import free_port, until

pytestmark = [pytest.mark.sanitized, pytest.mark.alone]

POOL = {"name": "tenants", "match": "tenant_{tenant}", "max_size": 3, "acquire_timeout": "2s"}


def files(weir):
    """Configurations that differ in everything a reload may change under load."""
    base = copy.deepcopy(weir.settings)
    small, moved, fewer = (copy.deepcopy(base) for _ in range(3))
    small["pool"][0].update(max_size=4, min_idle=2, weight=3, idle_timeout="1s")
    small["upstream"][0]["max_connections"] = 12
    moved["pool"][0].update(search_path="public", reserved=2)
    moved["upstream"][0]["connect_timeout"] = "4s"
    moved["listen"].append({"name": "late", "address": f"127.0.0.1:{free_port()}"})
    moved["user"].append({"name": "late", "password": "late-secret"})
    fewer["pool"].insert(0, {**base["pool"][0], "name": "unused", "match": "unused_{tenant}"})
    fewer["upstream"][0]["tls"] = {"mode": "prefer"}
    bad = copy.deepcopy(base)
    bad["agent"]["loops"] = 7
    return [small, moved, fewer, bad, base]


@pytest.mark.timeout(600)
def test_many_reloads_under_load_lose_nothing(start_weir, postgres, size):
    weir = start_weir(postgres, upstream={"max_connections": 20},
                      pool=[{**POOL, "max_size": 10, "acquire_timeout": "60s"}])
    count, reloads = size(50, 200), size(20, 100)
    stop, failures, answered = threading.Event(), [], [0] * count

    async def one(number, client):
        asked = 0
        try:
            while not stop.is_set():
                asked += 1
                if asked % 5:
                    assert await client.query(f"SELECT {asked}") == [[str(asked)]]
                else:
                    await client.query("BEGIN")
                    first = await client.query("SELECT pg_backend_pid()")
                    assert await client.query("SELECT pg_backend_pid()") == first
                    await client.query("COMMIT")
                answered[number] += 1
                await asyncio.sleep(0.005)
        except (Lost, Refused, AssertionError) as error:
            failures.append((number, asked, repr(error)))

    async def drive():
        names = ["tenant_a", "tenant_b", "tenant_c"]
        clients = await open_many(count, lambda i: Client.open(weir.ports["trusted"], names[i % 3]))
        await asyncio.gather(*(one(number, client) for number, client in enumerate(clients)))
        close_all(clients)

    load = threading.Thread(target=lambda: asyncio.run(drive()))
    load.start()
    try:
        until(lambda: all(answered) or failures, "all are served", timeout=60)
        turns = files(weir)
        for number in range(reloads):
            write(weir, turns[number % len(turns)])
            status, answer = weir.admin("/api/v1/reload", "POST")
            assert status == (422 if number % len(turns) == 3 else 200), answer
        before = list(answered)
        until(lambda: all(now > then for now, then in zip(answered, before)) or failures,
              "all go on", timeout=60)
    finally:
        stop.set()
        load.join(60)
    assert failures == []
    assert weir.value("weir_config_reloads_total") == reloads
    assert weir.value("weir_acquires_total", outcome="timeout") == 0
    assert weir.value("weir_acquires_total", outcome="error") == 0
