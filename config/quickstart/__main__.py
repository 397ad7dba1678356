"""Sets the stage, drives the traffic, tells where to look; or checks that all of it works."""

import argparse
import asyncio
import signal
import sys

from . import traffic
from .servers import START
from .stage import TENANTS, WEIR, Stage

CONNECT = {"postgresql": "psql {dsn}",
           "mysql": "mysql -h 127.0.0.1 -P {port} -u demo -pdemo {database}",
           "redis": "redis-cli -u {dsn}"}


def tell(stage):
    options = f"--admin {stage.url()}"
    token = f"--token-file {stage.folder}/token"
    connect = "\n               ".join(
        CONNECT[engine].format(dsn=stage.dsn(engine, TENANTS[0]), port=stage.ports[engine],
                               database=stage.database(engine, TENANTS[0])) for engine in stage.engines)
    others = " and ".join(f"tenant_{tenant}" for tenant in TENANTS[1:])
    print(f"""
Weir stands in front of throw-away servers ({", ".join(stage.engines)}) with three tenants each and demo traffic.

connect        {connect}
               (also {others}; of redis the tenants are the databases 1, 2 and 3)
status page    {stage.url("/")}
metrics        {stage.url("/metrics")}
health         {stage.url("/health")}
configuration  {stage.folder}/weir.toml      log  {stage.folder}/weir.log

look           {WEIR} status --watch {options}
               {WEIR} tenants {options}
               {WEIR} leaks {options}
act            {WEIR} pause --tenant acme {options} {token}
               {WEIR} resume --tenant acme {options} {token}

Every 15 s a rush saturates a tenant of each engine; every 40 s a report forgets its transaction, which is
suspected to be a leak after {stage.leak_after}. Ctrl-C ends everything and removes it.
""", flush=True)


def findings(stage, one, before, after):
    """What went in must have come out, and be seen in the metrics."""
    engine = one.engine

    def grown(name, **labels):
        return after.value(name, pool=engine, **labels) - before.value(name, pool=engine, **labels)

    return {
        "queries answered": one.answered > 100,
        "acquires counted": grown("weir_acquires_total", outcome="ok") > 100,
        "queries counted": grown("weir_queries_total", outcome="ok") >= one.answered,
        "connections reused": grown("weir_acquire_served_total", source="created")
        < 0.2 * grown("weir_acquire_served_total"),
        "the rush waited": grown("weir_acquire_served_total", source="waited") > 0,
        "the leak suspected": grown("weir_leaks_suspected_total") >= 1,
        # Clients of redis are in database 0 between their AUTH and their SELECT.
        "all tenants known": after.value("weir_tenants", pool=engine, state="known")
        == len(TENANTS) + (1 if engine == "redis" else 0),
        "the server asked of itself": after.value("weir_server_max_connections", upstream=engine) > 0,
        "nobody refused": one.refused == 0,
    }


def check(engines):
    with Stage(engines, leak_after="1s") as stage:
        before = stage.metrics()
        all_traffic = [traffic.Traffic(stage, engine, every_leak=5, every_rush=5, leak_for=3)
                       for engine in engines]
        asyncio.run(traffic.run(all_traffic, seconds=6))
        after = stage.metrics()
        found = {f"{one.engine}: {finding}": holds for one in all_traffic
                 for finding, holds in findings(stage, one, before, after).items()}
        found["weir status answers"] = stage.command("status").returncode == 0
        for finding, holds in found.items():
            print(f"{'ok     ' if holds else 'FAILED '} {finding}")
        if all(found.values()):
            answered = ", ".join(f"{one.answered} of {one.engine}" for one in all_traffic)
            print(f"the quickstart works; visits answered through Weir: {answered}")
            return 0
        print(stage.weir.output()[-3000:], file=sys.stderr)
        return 1


def stay(engines):
    with Stage(engines, leak_after="5s") as stage:
        tell(stage)
        asyncio.run(traffic.run([traffic.Traffic(stage, engine) for engine in engines]))
    return 0


def engines_of(text):
    engines = list(dict.fromkeys(text.split(",")))
    unknown = [engine for engine in engines if engine not in START]
    if unknown:
        raise argparse.ArgumentTypeError(f'no engine is "{unknown[0]}": there are {", ".join(START)}')
    return engines


def main():
    parser = argparse.ArgumentParser(prog="config/quickstart/run", description="Weir in front of throw-away "
                                     "servers with demo tenants and traffic, until Ctrl-C.")
    parser.add_argument("--check", action="store_true", help="a few seconds of traffic, then exit 0 or 1")
    parser.add_argument("--engines", type=engines_of, default=list(START), metavar="E,…",
                        help=f"only these, of {', '.join(START)}")
    chosen = parser.parse_args()

    def leave(*_):
        raise KeyboardInterrupt

    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, leave)
    try:
        return (check if chosen.check else stay)(chosen.engines)
    except KeyboardInterrupt:
        print("\nstopped; nothing is left behind")
        return 0


if __name__ == "__main__":
    sys.exit(main())
