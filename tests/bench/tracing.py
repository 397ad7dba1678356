"""What traces cost: Weir that samples one in a hundred and hands its spans to a collector, against Weir without.

Both are scraped for exemplars and tenants, as a Prometheus would.
"""

import contextlib
import threading
import urllib.request

from harness import pgbench
from harness.otlp_receiver import OtlpReceiver

from . import bed, instructions, turns

CLIENTS = 64
WARM_UP = 1  # seconds, before anything is measured
SCRAPE_EVERY = 5  # seconds: three times as often as usual
OPENMETRICS = {"Accept": "application/openmetrics-text;version=1.0.0", "Accept-Encoding": "gzip"}


def traced(weir, collector):
    # As at full speed, a batch goes when it is full: callgrind stretches time so far that most would be sent sooner.
    weir.environment["OTEL_BSP_SCHEDULE_DELAY"] = "60000"
    weir.settings["traces"] = {"endpoint": collector.url, "protocol": "http/protobuf", "sample_ratio": 0.01}
    return weir


@contextlib.contextmanager
def scraped(weirs):
    leave = threading.Event()

    def scrape():
        while not leave.wait(SCRAPE_EVERY):
            for weir in weirs:
                for page in ("/metrics", "/metrics/tenants"):
                    request = urllib.request.Request(f"http://127.0.0.1:{weir.admin_port}{page}", headers=OPENMETRICS)
                    urllib.request.urlopen(request, timeout=30).read()

    thread = threading.Thread(target=scrape)
    thread.start()
    try:
        yield
    finally:
        leave.set()
        thread.join()


def measure(seconds):
    def run(contender, load):
        before = bed.cpu_seconds(contender.program.pid)
        result = pgbench.bench(contender.port, bed.DATABASE, clients=CLIENTS, mode=load["mode"], seconds=seconds)
        cpu = bed.cpu_seconds(contender.program.pid) - before
        return {"per_second": result.per_second, "cpu_us": cpu * 1e6 / result.transactions}
    return run


def counted(folder, postgres, collector, transactions):
    """{(contender, mode): instructions a transaction}"""
    few, many = transactions // 4 // instructions.CLIENTS, transactions // instructions.CLIENTS
    found = {}
    for mode in ("simple", "extended"):
        for name in ("untraced", "traced"):
            def run(each):
                weir = bed.weir(folder / f"{name}-{mode}-{each}", postgres)
                if name == "traced":
                    traced(weir, collector)
                return instructions.weir_total(weir, f"{name}-{mode}-{each}", mode, each)
            found[name, mode] = (run(many) - run(few)) / ((many - few) * instructions.CLIENTS)
    return found


def compare(folder, seconds, pairs, transactions):
    bed.RESULTS.mkdir(parents=True, exist_ok=True)
    collector = OtlpReceiver().start()
    with bed.server(folder) as postgres, contextlib.ExitStack() as running:
        running.callback(collector.stop)
        postgres.trust("app")
        counts = counted(folder, postgres, collector, transactions)
        weirs = {"untraced": bed.weir(folder, postgres, "untraced"),
                 "traced": traced(bed.weir(folder, postgres, "traced"), collector)}
        for weir in weirs.values():
            weir.start()
            running.callback(weir.stop)
            pgbench.bench(weir.ports["trusted"], bed.DATABASE, clients=CLIENTS, mode="simple", seconds=WARM_UP)
        contenders = [turns.Contender(name, weir.ports["trusted"], weir.program) for name, weir in weirs.items()]
        loads = [{"mode": mode} for mode in ("simple", "extended")]
        with scraped(weirs.values()):
            runs = turns.rounds(contenders, loads, pairs, measure(seconds))
        exported = weirs["traced"].value("weir_spans_total", result="exported")
        lost = sum(weirs["traced"].value("weir_spans_total", result=result)
                   for result in ("dropped_queue_full", "rejected", "export_failed"))
    rows = turns.medians(runs, loads, contenders, ["per_second", "cpu_us"], ["cpu_us"], "untraced")
    print("\n" + bed.table(
        ["protocol", "Weir", "tx/s", "CPU µs/tx", "CPU ÷ untraced", "instructions/tx", "÷ untraced"],
        [[row["mode"], row["contender"], turns.shown(row["per_second"], 0), turns.shown(row["cpu_us"], 1),
          turns.shown(row["cpu_us_ratio"], 3), f"{counts[row['contender'], row['mode']]:.0f}",
          f"{counts[row['contender'], row['mode']] / counts['untraced', row['mode']]:.3f}"] for row in rows]))
    print(f"spans exported: {exported:.0f}, lost: {lost:.0f}")
    bed.save("tracing", {"seconds": seconds, "pairs": pairs, "clients": CLIENTS, "exported": exported, "lost": lost,
                         "instructions": [{"contender": name, "mode": mode, "instructions": each}
                                          for (name, mode), each in counts.items()], "runs": runs})
