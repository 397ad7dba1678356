"""Direct, HAProxy, twemproxy and Weir in turn under redis-benchmark: operations, latency and CPU of each."""

import csv

from harness.peers import HaProxy, Twemproxy
from harness.processes import run
from harness.redis import RedisServer, RedisWeir

from . import bed, turns

PEER = "twemproxy"
FIRST_GUESS = 20_000  # requests of the run that tells how many a second takes
KEYS = 100_000


def compare(folder, seconds, pairs, loads):
    server = RedisServer(folder / "redis", maxclients=4000).start()
    with server.connect() as admin:
        admin.config_set("requirepass", "")
    weir = RedisWeir(folder / "weir", server, agent={"loops": 0}, listen={"max_clients": 20000},
                     pool=[{"user": "default", "password": "", "max_size": bed.POOL}])
    haproxy = HaProxy(folder / "haproxy", server.port)
    twemproxy = Twemproxy(folder / "twemproxy", server.port)
    programs = [weir, haproxy, twemproxy]
    try:
        for program in programs:
            program.start()
        contenders = [turns.Contender("direct", server.port), turns.Contender("HAProxy", haproxy.port, haproxy),
                      turns.Contender(PEER, twemproxy.port, twemproxy),
                      turns.Contender("Weir", weir.ports["trusted"], weir)]
        runs = turns.rounds(contenders, loads, pairs, Measure(seconds))
    finally:
        for program in programs:
            program.stop()
        server.remove()
    medians = turns.medians(runs, loads, contenders, ["per_second", "p50_ms", "p99_ms", "cpu_us"],
                            ["per_second", "cpu_us"], PEER)
    print(shown(medians))
    bed.save("redis", {"seconds": seconds, "pairs": pairs, "pool": bed.POOL, "medians": medians, "runs": runs})


def loads(quick):
    if quick:
        return [{"command": "GET", "clients": 50, "pipeline": pipeline} for pipeline in (1, 16)]
    return [{"command": command, "clients": clients, "pipeline": pipeline}
            for command in ("GET", "SET") for clients in (50, 1000) for pipeline in (1, 16)]


class Measure:
    """redis-benchmark counts requests, not seconds: a first, short run tells how many it takes."""

    def __init__(self, seconds):
        self.seconds, self.requests = seconds, {}

    def __call__(self, contender, load):
        key = (contender.name, *load.values())
        if key not in self.requests:
            first = self._run(contender, load, FIRST_GUESS)
            self.requests[key] = max(FIRST_GUESS, int(first["per_second"] * self.seconds))
        before = bed.cpu_seconds(contender.program.pid) if contender.program else 0
        result = self._run(contender, load, self.requests[key])
        used = bed.cpu_seconds(contender.program.pid) - before if contender.program else 0
        return {**result, "requests": self.requests[key],
                "cpu_us": used * 1e6 / self.requests[key] if contender.program else None}

    @staticmethod
    def _run(contender, load, requests):
        said = run(["redis-benchmark", "-h", "127.0.0.1", "-p", contender.port, "-t", load["command"].lower(),
                    "-c", load["clients"], "-P", load["pipeline"], "-n", requests, "-r", KEYS, "--csv"],
                   timeout=300)
        rows = [row for row in csv.DictReader(said.stdout.splitlines()) if row["test"] == load["command"]]
        assert len(rows) == 1, f"{contender.name}: {said.stdout}\n{said.stderr}"
        return {"per_second": float(rows[0]["rps"]), "p50_ms": float(rows[0]["p50_latency_ms"]),
                "p99_ms": float(rows[0]["p99_latency_ms"])}


def shown(medians):
    header = ["command", "clients", "-P", "through", "op/s", "p50 ms", "p99 ms", "CPU µs/op",
              "op/s ÷ twemproxy", "CPU ÷ twemproxy"]
    return "\n" + bed.table(header, [
        [row["command"], row["clients"], row["pipeline"], row["contender"], turns.shown(row["per_second"], 0),
         turns.shown(row["p50_ms"], 2), turns.shown(row["p99_ms"], 2), turns.shown(row["cpu_us"], 2),
         turns.shown(row["per_second_ratio"], 2), turns.shown(row["cpu_us_ratio"], 2)] for row in medians])
