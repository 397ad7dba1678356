"""Sets the stage, drives the traffic, tells where to look; or checks that all of it works."""

import asyncio
import signal
import sys

from .stage import TENANTS, WEIR, Stage
from .traffic import Traffic


def tell(stage):
    options = f"--admin {stage.url()}"
    token = f"--token-file {stage.folder}/token"
    print(f"""
Weir stands in front of a throw-away PostgreSQL with three tenants and demo traffic.

connect        psql {stage.dsn(TENANTS[0])}
               (also tenant_{TENANTS[1]} and tenant_{TENANTS[2]})
admin HTTP     {stage.url("/")}
metrics        {stage.url("/metrics")}
health         {stage.url("/health")}
configuration  {stage.folder}/weir.toml      log  {stage.folder}/weir.log

look           {WEIR} status --watch {options}
               {WEIR} tenants {options}
               {WEIR} leaks {options}
act            {WEIR} pause --tenant acme {options} {token}
               {WEIR} resume --tenant acme {options} {token}

Every 15 s a rush saturates tenant globex; every 40 s a report forgets its transaction, which is
suspected to be a leak after {stage.leak_after}. Ctrl-C ends everything and removes it.
""", flush=True)


def check():
    """What went in must have come out, and be seen in the metrics."""
    with Stage(leak_after="1s") as stage:
        before = stage.metrics()
        traffic = Traffic(stage, every_leak=5, every_rush=5, leak_for=3)
        asyncio.run(traffic.run(seconds=6))
        after = stage.metrics()

        def grown(name, **labels):
            return after.value(name, **labels) - before.value(name, **labels)

        findings = {
            "queries answered": traffic.answered > 100,
            "acquires counted": grown("weir_acquires_total", outcome="ok") > 100,
            "queries counted": grown("weir_queries_total", outcome="ok") >= traffic.answered,
            "connections reused": grown("weir_acquire_served_total", source="created")
            < 0.2 * grown("weir_acquire_served_total"),
            "the rush waited": grown("weir_acquire_served_total", source="waited") > 0,
            "the leak suspected": grown("weir_leaks_suspected_total") >= 1,
            "all tenants known": after.value("weir_tenants", state="known") == len(TENANTS),
            "weir status answers": stage.command("status").returncode == 0,
            "nobody refused": traffic.refused == 0,
        }
        for finding, holds in findings.items():
            print(f"{'ok     ' if holds else 'FAILED '} {finding}")
        if all(findings.values()):
            print(f"the quickstart works: {traffic.answered} queries answered through Weir")
            return 0
        print(stage.weir.output()[-3000:], file=sys.stderr)
        return 1


def stay():
    with Stage(leak_after="5s") as stage:
        tell(stage)
        asyncio.run(Traffic(stage).run())
    return 0


def main():
    def leave(*_):
        raise KeyboardInterrupt

    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, leave)
    try:
        return check() if "--check" in sys.argv else stay()
    except KeyboardInterrupt:
        print("\nstopped; nothing is left behind")
        return 0


if __name__ == "__main__":
    sys.exit(main())
