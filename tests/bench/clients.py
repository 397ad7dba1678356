"""Thousands of logged-in clients at rest: memory of each, and what a login costs."""

import asyncio
import time

from harness.postgres import APP_PASSWORD
from harness.processes import resident_kib
from harness.swarm import Client, close_all, open_many
from harness.waiting import until

from . import bed

SOURCES = [f"127.0.0.{last}" for last in range(2, 10)]  # one address has too few ports for all


def measure(name, program, port, count, password):
    async def scenario():
        async def opened(number):
            return await Client.open(port, bed.DATABASE, password=password,
                                     source=SOURCES[number % len(SOURCES)])

        first = await open_many(50, opened)  # what is made once: server connections, buffers, verifiers
        for client in first:
            await client.query("SELECT 1")
        memory, cpu, began = resident_kib(program.pid), bed.cpu_seconds(program.pid), time.monotonic()
        clients = await open_many(count, opened)
        took, used = time.monotonic() - began, bed.cpu_seconds(program.pid) - cpu
        await asyncio.sleep(1)  # at rest means that nothing is under way any more
        each = (resident_kib(program.pid) - memory) / count
        answers = await asyncio.gather(*(client.query("SELECT 1") for client in clients[::100]))
        assert all(rows == [["1"]] for rows in answers)
        close_all([*first, *clients])
        return {"contender": name, "login": "SCRAM-SHA-256" if password else "trust", "clients": count,
                "kib_each": each, "logins_per_second": count / took, "cpu_us_per_login": used * 1e6 / count}

    return asyncio.run(scenario())


def compare(folder, count):
    """Each measurement has a process of its own, so that none inherits another's memory."""
    rows = []
    with bed.server(folder, scale=1) as postgres:
        for password in (None, APP_PASSWORD):
            scram = password is not None
            weir = bed.weir(folder / f"weir-{scram}", postgres).start()
            rows.append(measure("Weir", weir, weir.ports["postgresql" if scram else "trusted"], count, password))
            until(lambda: weir.value("weir_client_connections") == 0, "all clients gone", timeout=30)
            weir.stop()
            bouncer = bed.pgbouncer(folder, postgres, f"pgbouncer-{scram}",
                                    auth="scram-sha-256" if scram else "trust",
                                    users={"app": bed.verifier(postgres)} if scram else None).start()
            rows.append(measure("PgBouncer", bouncer, bouncer.port, count, password))
            bouncer.stop()
    print(bed.table(["login", "through", "clients", "KiB each", "logins/s", "CPU µs/login"], [
        [row["login"], row["contender"], row["clients"], f"{row['kib_each']:.2f}",
         f"{row['logins_per_second']:.0f}", f"{row['cpu_us_per_login']:.0f}"] for row in rows]))
    bed.save("clients", {"rows": rows})
