"""Direct, HAProxy and Weir in turn under sysbench's oltp_point_select: queries, latency and CPU of each."""

import re

from harness.mariadb import APP_PASSWORD, MariadbServers, MysqlWeir
from harness.peers import HaProxy
from harness.processes import run

from . import bed, turns

PEER = "HAProxy"
ROWS = 100_000
THREADS = [1, 16, 64]
WARM_UP = 1  # seconds


def compare(folder, seconds, pairs, loads):
    servers = MariadbServers(folder)
    programs = []
    try:
        server = servers.start([bed.DATABASE], max_connections=200, innodb_buffer_pool_size="256M")
        server.execute(f"GRANT ALL ON {bed.DATABASE}.* TO app")
        weir = MysqlWeir(folder / "weir", server, agent={"loops": 0}, listen={"max_clients": 20000},
                         user=[{"name": "app", "password": APP_PASSWORD}],
                         pool=[{"name": "bench", "match": bed.DATABASE, "max_size": bed.POOL,
                                "acquire_timeout": "60s"}])
        haproxy = HaProxy(folder / "haproxy", server.port)
        programs = [weir.start(), haproxy.start()]
        contenders = [turns.Contender("direct", server.port), turns.Contender(PEER, haproxy.port, haproxy),
                      turns.Contender("Weir", weir.ports["mysql"], weir)]
        _sysbench(server.port, 1, "prepare")
        for contender in contenders:
            _sysbench(contender.port, 1, "run", WARM_UP)
        runs = turns.rounds(contenders, loads, pairs, lambda contender, load: measure(contender, load, seconds))
    finally:
        for program in programs:
            program.stop()
        servers.remove_all()
    medians = turns.medians(runs, loads, contenders, ["per_second", "p50_ms", "p99_ms", "cpu_us"],
                            ["per_second", "cpu_us"], PEER)
    print(shown(medians))
    bed.save("mysql", {"seconds": seconds, "pairs": pairs, "pool": bed.POOL, "medians": medians, "runs": runs})


def loads(quick):
    return [{"threads": threads} for threads in ([64] if quick else THREADS)]


def measure(contender, load, seconds):
    before = bed.cpu_seconds(contender.program.pid) if contender.program else 0
    said = _sysbench(contender.port, load["threads"], "run", seconds)
    used = bed.cpu_seconds(contender.program.pid) - before if contender.program else 0
    transactions, rate = re.search(r"transactions:\s+(\d+)\s+\(([\d.]+) per sec", said).groups()
    return {"transactions": int(transactions), "per_second": float(rate), **_latency(said),
            "cpu_us": used * 1e6 / int(transactions) if contender.program else None}


def _latency(said):
    """From the histogram, because sysbench names one percentile only."""
    bars = [(float(value), int(count)) for value, count in
            re.findall(r"^\s*([\d.]+) \|[* ]*\s(\d+)$", said, re.MULTILINE)]
    total = sum(count for _, count in bars)
    assert total, said

    def quantile(part):
        seen = 0
        for value, count in bars:
            seen += count
            if seen >= part * total:
                return value
        return bars[-1][0]
    return {"p50_ms": quantile(0.5), "p99_ms": quantile(0.99)}


def _sysbench(port, threads, command, seconds=0):
    return run(["sysbench", "oltp_point_select", "--db-driver=mysql", "--mysql-host=127.0.0.1",
                f"--mysql-port={port}", "--mysql-user=app", f"--mysql-password={APP_PASSWORD}",
                f"--mysql-db={bed.DATABASE}", "--mysql-ssl=off", "--tables=1", f"--table-size={ROWS}",
                f"--threads={threads}", f"--time={seconds}", "--events=0", "--histogram=on", command],
               timeout=300).stdout


def shown(medians):
    header = ["threads", "through", "queries/s", "p50 ms", "p99 ms", "CPU µs/query", "queries/s ÷ HAProxy",
              "CPU ÷ HAProxy"]
    return "\n" + bed.table(header, [
        [row["threads"], row["contender"], turns.shown(row["per_second"], 0), turns.shown(row["p50_ms"], 2),
         turns.shown(row["p99_ms"], 2), turns.shown(row["cpu_us"], 1), turns.shown(row["per_second_ratio"], 2),
         turns.shown(row["cpu_us_ratio"], 2)] for row in medians])
