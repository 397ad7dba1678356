"""What all benchmarks stand on: one server with pgbench's tables, Weir and PgBouncer alike in front."""

import contextlib
import json
import os
import platform
from pathlib import Path

from harness import pgbench
from harness.peers import PgBouncer
from harness.postgres import APP_PASSWORD, PostgresServer
from harness.processes import ROOT
from harness.weir import Weir

POOL = 20
DATABASE = "bench"
RESULTS = ROOT / "build" / "bench"


@contextlib.contextmanager
def server(folder, scale=10):
    postgres = PostgresServer(folder / "postgres", max_connections=200, shared_buffers="256MB").start()
    try:
        postgres.add_role("app", APP_PASSWORD)
        postgres.add_databases([DATABASE], owner="app")
        pgbench.prepare(postgres.port, DATABASE, scale)
        postgres.execute("GRANT ALL ON ALL TABLES IN SCHEMA public TO app", DATABASE)
        postgres.execute("VACUUM ANALYZE", DATABASE)
        yield postgres
    finally:
        postgres.remove()


def weir(folder, postgres, name="weir", listen=None, **pool):
    """All metrics on, as always; a pool as large as PgBouncer's."""
    return Weir(folder / name, postgres, agent={"loops": 0},
                listen={"max_clients": 20000, **(listen or {})},
                pool=[{"name": "bench", "match": DATABASE, "max_size": POOL, "acquire_timeout": "60s", **pool}])


def pgbouncer(folder, postgres, name="pgbouncer", pool_size=POOL, **settings):
    return PgBouncer(folder / name, postgres, pool_size=pool_size, max_clients=12000, **settings)


def verifier(postgres):
    """From a plain password PgBouncer derives a new one at each login, at fifty times the cost."""
    return postgres.execute("SELECT rolpassword FROM pg_authid WHERE rolname = 'app'")[0][0]


def cpu_seconds(pid):
    """CPU time of all threads, from /proc/PID/task/*/schedstat: nanoseconds, where stat has hundredths."""
    total = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            total += int((task / "schedstat").read_text().split()[0])
    return total / 1e9


def machine():
    model = next((line.split(":", 1)[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines()
                  if line.startswith("model name")), "unknown")
    return {"processor": model, "cores": os.cpu_count(), "kernel": platform.release()}


def save(name, document):
    RESULTS.mkdir(parents=True, exist_ok=True)
    path = RESULTS / f"{name}.json"
    path.write_text(json.dumps({"machine": machine(), **document}, indent=1) + "\n")
    print(f"\nwritten to {path.relative_to(ROOT)}")


def table(header, rows):
    """Markdown, columns aligned."""
    cells = [header, *[[str(cell) for cell in row] for row in rows]]
    widths = [max(len(row[column]) for row in cells) for column in range(len(header))]
    lines = ["| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths)) + " |" for row in cells]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)
