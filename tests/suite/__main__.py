"""What tests/run does once everything is installed; see there for the options."""

import sys
from concurrent.futures import ThreadPoolExecutor

from .steps import Suite, unit_targets
from .tally import Tally

FAST, FULL, SANITIZERS = "--fast", "--full", "--sanitizers"


def everything(suite, full):
    size = ["--full"] if full else []
    if suite.build("release", ["weir", *unit_targets()]):
        suite.unit("release")
        suite.integration("release", *size)
        # The incidents leave most of the cores to others.
        with ThreadPoolExecutor(1) as beside:
            fuzzed = beside.submit(lambda: suite.build_fuzzers() and suite.fuzz(60 if full else 4))
            suite.incidents("release", *size)
            fuzzed.result()
        suite.alone("release", *size)


def sanitized(suite, full):
    for preset in ("asan", "tsan"):
        if suite.build(preset, ["weir", *unit_targets()]):
            marked = None if full else "sanitized"
            suite.unit(preset)
            suite.integration(preset, marked=marked)
            if full:
                suite.incidents(preset)
            suite.alone(preset, marked=marked)


def main(words):
    unknown = set(words) - {FAST, FULL, SANITIZERS}
    if unknown:
        print(f"tests/run: unknown {' '.join(unknown)}; known are {FAST} {FULL} {SANITIZERS}")
        return 2
    tally = Tally()
    suite = Suite(tally)
    if FAST in words:
        if suite.build("release", unit_targets()):
            suite.unit("release")
    else:
        everything(suite, FULL in words)
        if FULL in words or SANITIZERS in words:
            sanitized(suite, FULL in words)
    suite.say("done")
    for failure in tally.failures:
        print(f"FAILED {failure}")
    if tally.passed + tally.failed == 0:
        tally.fails("no test was run")
    print(tally.summary(), flush=True)
    return 1 if tally.failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
