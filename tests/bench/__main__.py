"""The benchmarks' command line."""

import argparse
import resource
import shutil
import sys

from harness.processes import temporary_folder

from . import clients, instructions, mysql, postgresql, prepared, redis, tls, tracing


def main():
    parser = argparse.ArgumentParser(prog="tests/bench/run")
    kinds = parser.add_subparsers(dest="kind", required=True)
    side_by_side = kinds.add_parser("postgresql")
    side_by_side.add_argument("--seconds", type=int, default=5, help="of each run: %(default)s")
    side_by_side.add_argument("--pairs", type=int, default=5, help="rounds over all: %(default)s")
    side_by_side.add_argument("--quick", action="store_true", help="one short round of 64 clients")
    encrypted = kinds.add_parser("tls")
    encrypted.add_argument("--seconds", type=int, default=5, help="of each run: %(default)s")
    encrypted.add_argument("--pairs", type=int, default=5, help="rounds over all: %(default)s")
    encrypted.add_argument("--quick", action="store_true", help="one short round of 64 clients")
    for engine, what in (("mysql", "64 threads"), ("redis", "GET with 50 clients")):
        of_engine = kinds.add_parser(engine)
        of_engine.add_argument("--seconds", type=int, default=3, help="of each run: %(default)s")
        of_engine.add_argument("--pairs", type=int, default=5, help="rounds over all: %(default)s")
        of_engine.add_argument("--quick", action="store_true", help=f"one short round of {what}")
    shared = kinds.add_parser("prepared")
    shared.add_argument("--seconds", type=int, default=5, help="of each run: %(default)s")
    shared.add_argument("--pairs", type=int, default=5, help="rounds over all: %(default)s")
    traced = kinds.add_parser("tracing")
    traced.add_argument("--seconds", type=int, default=4, help="of each run: %(default)s")
    traced.add_argument("--pairs", type=int, default=7, help="rounds over all: %(default)s")
    traced.add_argument("--transactions", type=int, default=32_000, help="whose instructions are counted: %(default)s")
    at_rest = kinds.add_parser("clients")
    at_rest.add_argument("--clients", type=int, default=10_000)
    counted = kinds.add_parser("instructions")
    counted.add_argument("--transactions", type=int, default=4000)
    chosen = parser.parse_args()

    # Ten thousand clients, on both ends of their connections.
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    folder = temporary_folder("weir-bench-")
    try:
        if getattr(chosen, "quick", False):
            chosen.seconds, chosen.pairs = 2, 1
        if chosen.kind in ("mysql", "redis"):
            engine = mysql if chosen.kind == "mysql" else redis
            engine.compare(folder, chosen.seconds, chosen.pairs, engine.loads(chosen.quick))
        elif chosen.kind in ("postgresql", "tls"):
            compare = postgresql.compare if chosen.kind == "postgresql" else tls.compare
            compare(folder, chosen.seconds, chosen.pairs, [64] if chosen.quick else [1, 16, 64])
        elif chosen.kind == "prepared":
            prepared.compare(folder, chosen.seconds, chosen.pairs)
        elif chosen.kind == "tracing":
            tracing.compare(folder, chosen.seconds, chosen.pairs, chosen.transactions)
        elif chosen.kind == "clients":
            clients.compare(folder, chosen.clients)
        else:
            instructions.compare(folder, chosen.transactions)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
