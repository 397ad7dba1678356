"""Runs pgbench and reads what it reports."""

import os
import re

from .postgres import programs
from .processes import run


class Result:
    def __init__(self, output):
        assert "latency average" in output, f"no transaction came to its end:\n{output}"
        self.output = output
        self.transactions = int(re.search(r"number of transactions actually processed: (\d+)", output)[1])
        assert self.transactions > 0, f"not one transaction in time:\n{output}"
        self.failed = int(re.search(r"number of failed transactions: (\d+)", output)[1])
        self.latency_ms = float(re.search(r"latency average = ([\d.]+) ms", output)[1])
        self.per_second = float(re.search(r"tps = ([\d.]+) \(", output)[1])


def command(port, database, *, user="app", clients=1, mode="simple", seconds=None, transactions=None,
            script=None, extra=()):
    """`-n`: no VACUUM of its own, so that it sends nothing but its transactions."""
    words = [programs() / "pgbench", "-n", "-h", "127.0.0.1", "-p", port, "-U", user,
             "-c", clients, "-j", min(clients, 2), "-M", mode]
    words += ["-T", seconds] if seconds else ["-t", transactions]
    words += ["-f", script] if script else ["-S"]
    return [str(word) for word in [*words, *extra, database]]


def bench(port, database, password="app-secret", timeout=300, sslmode="disable", **options):
    environment = {**os.environ, "PGPASSWORD": password, "PGSSLMODE": sslmode}
    done = run(command(port, database, **options), timeout=timeout, env=environment)
    result = Result(done.stdout)
    assert result.failed == 0, done.stdout
    return result


def prepare(port, database, scale=1, user="postgres"):
    run([programs() / "pgbench", "-i", "-q", "-s", scale, "-h", "127.0.0.1", "-p", port, "-U", user,
         database])
