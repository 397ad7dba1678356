"""Direct, PgBouncer, HAProxy and Weir in turn: throughput, latency and CPU per transaction."""

import statistics

from harness import pgbench
from harness.peers import HaProxy

from . import bed

MODES = ["simple", "extended"]
WARM_UP = 1  # seconds, before anything is measured


class Contender:
    """Something that pgbench can be pointed at; `program` is None where nothing stands between."""

    def __init__(self, name, port, program=None, sslmode="disable"):
        self.name, self.port, self.program, self.sslmode = name, port, program, sslmode

    def measure(self, folder, mode, clients, seconds):
        log = folder / f"latency-{self.name}"
        for old in folder.glob(f"{log.name}*"):
            old.unlink()
        before = bed.cpu_seconds(self.program.pid) if self.program else 0
        result = pgbench.bench(self.port, bed.DATABASE, clients=clients, mode=mode, seconds=seconds,
                               sslmode=self.sslmode,
                               extra=["-l", f"--log-prefix={log}", "--sampling-rate=0.25"])
        used = bed.cpu_seconds(self.program.pid) - before if self.program else 0
        latencies = sorted(int(line.split()[2]) for part in folder.glob(f"{log.name}*")
                           for line in part.read_text().splitlines())
        return {"contender": self.name, "mode": mode, "clients": clients,
                "transactions": result.transactions,
                "per_second": result.per_second,
                "p50_ms": latencies[len(latencies) // 2] / 1000,
                "p99_ms": latencies[len(latencies) * 99 // 100] / 1000,
                "cpu_us": used * 1e6 / result.transactions if self.program else None}


def compare(folder, seconds, pairs, client_counts):
    with bed.server(folder) as postgres:
        programs = [bed.pgbouncer(folder, postgres), HaProxy(folder / "haproxy", postgres.port),
                    bed.weir(folder, postgres)]
        try:
            bouncer, haproxy, weir = [program.start() for program in programs]
            contenders = [Contender("direct", postgres.port), Contender("PgBouncer", bouncer.port, bouncer),
                          Contender("HAProxy", haproxy.port, haproxy),
                          Contender("Weir", weir.ports["trusted"], weir)]
            runs = rounds(folder, contenders, seconds, pairs, client_counts)
        finally:
            for program in programs:
                program.stop()
    medians = medians_of(runs)
    print(shown(medians))
    bed.save("postgresql", {"seconds": seconds, "pairs": pairs, "pool": bed.POOL,
                            "medians": medians, "runs": runs})


def rounds(folder, contenders, seconds, pairs, client_counts):
    """Every round takes all in turn, each time beginning with another one."""
    runs = []
    for mode in MODES:
        for clients in client_counts:
            for contender in contenders:
                contender.measure(folder, mode, clients, WARM_UP)
            for pair in range(pairs):
                turn = pair % len(contenders)
                for contender in contenders[turn:] + contenders[:turn]:
                    runs.append({"pair": pair, **contender.measure(folder, mode, clients, seconds)})
                print(f"{mode}, {clients} clients: round {pair + 1} of {pairs}", flush=True)
    return runs


def medians_of(runs):
    """Of each figure over the rounds; ratios are taken within a round, where the machine was alike."""
    rows = []
    groups = {}
    for run in runs:
        groups.setdefault((run["mode"], run["clients"], run["contender"]), []).append(run)
    for (mode, clients, contender), group in groups.items():
        peers = {run["pair"]: run for run in groups[mode, clients, "PgBouncer"]}
        row = {"mode": mode, "clients": clients, "contender": contender}
        for figure in ("per_second", "p50_ms", "p99_ms", "cpu_us"):
            values = [run[figure] for run in group]
            row[figure] = None if None in values else statistics.median(values)
            ratios = [run[figure] / peers[run["pair"]][figure] for run in group if None not in values]
            row[f"{figure}_ratio"] = statistics.median(ratios) if ratios else None
        rows.append(row)
    order = ["direct", "PgBouncer", "HAProxy", "Weir"]
    return sorted(rows, key=lambda row: (MODES.index(row["mode"]), row["clients"],
                                         order.index(row["contender"])))


def shown(medians):
    def figure(value, digits):
        return "-" if value is None else f"{value:.{digits}f}"

    header = ["protocol", "clients", "through", "tx/s", "p50 ms", "p99 ms", "CPU µs/tx",
              "tx/s ÷ PgBouncer", "CPU ÷ PgBouncer"]
    return "\n" + bed.table(header, [
        [row["mode"], row["clients"], row["contender"], figure(row["per_second"], 0), figure(row["p50_ms"], 2),
         figure(row["p99_ms"], 2), figure(row["cpu_us"], 1), figure(row["per_second_ratio"], 2),
         figure(row["cpu_us_ratio"], 2)] for row in medians])
