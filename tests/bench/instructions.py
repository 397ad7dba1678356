"""Instructions per transaction by callgrind: the same whatever else the machine does.

Two runs of different length are subtracted, so that start-up, logins and the end cancel out.
"""

import re
import shutil
import signal

from harness import pgbench
from harness.processes import Program
from harness.waiting import until
from harness.weir import binary

from . import bed

CLIENTS = 4


def valgrind(output):
    return ["valgrind", "--tool=callgrind", f"--callgrind-out-file={output}", "--quiet"]


def total(output):
    match = re.search(r"^(?:totals|summary): (\d+)", output.read_text(), re.M)
    assert match, f"{output}: no total"
    return int(match[1])


def weir_run(folder, postgres, name, mode, each):
    return weir_total(bed.weir(folder / name, postgres), name, mode, each)


def weir_total(weir, name, mode, each):
    """Of a daemon that is not started yet, from its start to its end."""
    output = bed.RESULTS / f"callgrind.{name}"
    weir.folder.mkdir(parents=True, exist_ok=True)
    weir.start(wrapper=valgrind(output))
    try:
        done = pgbench.bench(weir.ports["trusted"], bed.DATABASE, clients=CLIENTS, mode=mode, transactions=each)
        assert done.transactions == CLIENTS * each
    finally:
        weir.stop()
    return total(output)


def bouncer_run(folder, postgres, name, mode, each):
    bouncer = bed.pgbouncer(folder, postgres, name)
    output = bed.RESULTS / f"callgrind.{name}"
    output.unlink(missing_ok=True)
    bouncer.program = Program([*valgrind(bouncer.folder / "callgrind"), "pgbouncer",
                               bouncer.folder / "pgbouncer.ini"],
                              bouncer.folder / "pgbouncer.log", user="postgres")
    try:
        until(bouncer.listening, lambda: bouncer.program.output(), timeout=60)
        pgbench.bench(bouncer.port, bed.DATABASE, clients=CLIENTS, mode=mode, transactions=each)
    finally:
        bouncer.program.stop(signal.SIGTERM, timeout=60)
    shutil.move(bouncer.folder / "callgrind", output)
    return total(output)


def compare(folder, transactions):
    assert binary().exists()
    bed.RESULTS.mkdir(parents=True, exist_ok=True)
    few, many = transactions // 4 // CLIENTS, transactions // CLIENTS
    rows = []
    with bed.server(folder, scale=1) as postgres:
        # How many connections are dialed is chance, and a SCRAM login costs as much as 5,000 transactions.
        postgres.trust("app")
        for mode in ("simple", "extended"):
            for contender, run in (("Weir", weir_run), ("PgBouncer", bouncer_run)):
                short, long = (run(folder, postgres, f"{contender.lower()}-{mode}-{each}", mode, each)
                               for each in (few, many))
                each = (long - short) / ((many - few) * CLIENTS)
                rows.append({"contender": contender, "mode": mode, "instructions": each})
                print(f"{contender}, {mode}: {each:.0f} instructions a transaction", flush=True)
    print(bed.table(["protocol", "through", "instructions/tx"], [
        [row["mode"], row["contender"], f"{row['instructions']:.0f}"] for row in rows]))
    bed.save("instructions", {"transactions": transactions, "rows": rows})
