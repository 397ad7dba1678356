"""Prepared statements at 64 clients on 20 connections: Weir's against PgBouncer's simple mode, and what
running unnamed statements as shared ones saves the server."""

import statistics

from harness import pgbench

from . import bed

CLIENTS = 64
WARM_UP = 1  # seconds, before anything is measured


class Way:
    def __init__(self, name, mode, port, program, postgres):
        self.name, self.mode, self.port, self.program, self.postgres = name, mode, port, program, postgres

    def run(self, seconds):
        return pgbench.bench(self.port, bed.DATABASE, clients=CLIENTS, mode=self.mode, seconds=seconds)

    def measure(self, seconds):
        before, server_before = bed.cpu_seconds(self.program.pid), self.postgres.cpu_seconds()
        result = self.run(seconds)
        proxy, server = (after - start for after, start in (
            (bed.cpu_seconds(self.program.pid), before), (self.postgres.cpu_seconds(), server_before)))
        return {"way": self.name, "mode": self.mode, "per_second": result.per_second,
                "cpu_us": proxy * 1e6 / result.transactions,
                "server_cpu_us": server * 1e6 / result.transactions}


def compare(folder, seconds, pairs):
    with bed.server(folder) as postgres:
        programs = {
            "bouncer": bed.pgbouncer(folder, postgres),
            "sessions": bed.pgbouncer(folder, postgres, "pgbouncer-session", mode="session", pool_size=CLIENTS),
            "weir": bed.weir(folder, postgres),
            "caching": bed.weir(folder, postgres, name="weir-cache", unnamed_statements="cache")}
        try:
            for program in programs.values():
                program.start()
            bouncer, sessions, weir, caching = programs.values()
            ways = [Way("PgBouncer, transaction mode", "simple", bouncer.port, bouncer, postgres),
                    Way("PgBouncer, session mode", "prepared", sessions.port, sessions, postgres),
                    Way("Weir", "prepared", weir.ports["trusted"], weir, postgres),
                    Way("Weir", "extended", weir.ports["trusted"], weir, postgres),
                    Way('Weir, unnamed_statements = "cache"', "extended", caching.ports["trusted"], caching,
                        postgres)]
            for way in ways:
                way.run(WARM_UP)
            runs = []
            for pair in range(pairs):
                turn = pair % len(ways)
                runs += [{"pair": pair, **way.measure(seconds)} for way in ways[turn:] + ways[:turn]]
                print(f"round {pair + 1} of {pairs}", flush=True)
        finally:
            for program in programs.values():
                program.stop()
    rows = _medians(runs, ways)
    print("\n" + bed.table(["through", "protocol", "tx/s", "CPU µs/tx", "server's CPU µs/tx",
                            "CPU ÷ PgBouncer simple"], rows))
    bed.save("prepared", {"seconds": seconds, "pairs": pairs, "clients": CLIENTS, "pool": bed.POOL, "runs": runs})


def _medians(runs, ways):
    peers = {run["pair"]: run["cpu_us"] for run in runs if run["way"] == ways[0].name}
    rows = []
    for way in ways:
        own = [run for run in runs if (run["way"], run["mode"]) == (way.name, way.mode)]
        figures = [statistics.median(run[figure] for run in own)
                   for figure in ("per_second", "cpu_us", "server_cpu_us")]
        ratio = statistics.median(run["cpu_us"] / peers[run["pair"]] for run in own)
        rows.append([way.name, way.mode, f"{figures[0]:.0f}", f"{figures[1]:.1f}", f"{figures[2]:.1f}",
                     f"{ratio:.2f}"])
    return rows
