"""The steps of a run: build a preset, run its unit tests, the integration tests, the fuzzers."""

import os
import platform
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TESTS = ROOT / "tests"
SANITIZER_OPTIONS = {
    "ASAN_OPTIONS": "detect_leaks=1:detect_stack_use_after_return=1",
    "UBSAN_OPTIONS": "print_stacktrace=1",
    "TSAN_OPTIONS": "history_size=4",
}
# The fuzzers are built and run beside the incidents, whose agents must not wait for a core.
LAST_SERVED = ("nice", "-n", "19")


class Suite:
    """Carries out steps and tallies them; nothing it starts reads standard input."""

    def __init__(self, tally):
        self.tally = tally
        self.reports = ROOT / "build" / "reports"
        self.reports.mkdir(parents=True, exist_ok=True)
        self.started = time.monotonic()
        # Older sanitizer runtimes can't cope with as much address randomisation as kernels may do
        # now; where a sandbox does not let us switch it off, it has to do with it.
        plain = ["setarch", platform.machine(), "--addr-no-randomize"]
        tried = subprocess.run([*plain, "true"], capture_output=True, check=False)
        self.plain_addresses = plain if tried.returncode == 0 else []

    def say(self, words):
        print(f"-- {time.monotonic() - self.started:5.0f} s  {words}", flush=True)

    def build(self, preset, targets):
        """False, and one failure, when it does not configure or compile."""
        self.say(f"build {preset}: {' '.join(targets)}")
        return self._built(preset, ["cmake", "--preset", preset, "-DWEIR_TESTS=ON"], targets)

    def build_fuzzers(self):
        self.say("build the fuzzers")
        # The parsers themselves need the instrumentation that guides the fuzzer.
        configure = ["cmake", "-S", ROOT, "-B", ROOT / "build" / "fuzz", "-G", "Ninja",
                     "-DCMAKE_BUILD_TYPE=RelWithDebInfo", "-DCMAKE_CXX_COMPILER=clang++-14",
                     "-DCMAKE_UNITY_BUILD=ON", "-DCMAKE_UNITY_BUILD_BATCH_SIZE=12",
                     "-DCMAKE_CXX_FLAGS=-fsanitize=fuzzer-no-link",
                     "-DWEIR_SANITIZE=address,undefined", "-DWEIR_FUZZ=ON"]
        return self._built("fuzz", configure, self.fuzzers(), LAST_SERVED)

    def fuzzers(self):
        return [f"fuzz_{path.stem}" for path in sorted((TESTS / "fuzz").glob("*.cpp"))]

    def unit(self, preset):
        programs = sorted(path for path in (ROOT / "build" / preset / "tests").glob("unit_*")
                          if path.is_file() and os.access(path, os.X_OK))
        if not programs:
            self.tally.fails(f"{preset}: no unit test program was built")

        def ended(program):
            self.say(f"{preset}: {program.name}")
            report = self._report(f"{preset}-{program.name}")
            return report, self._run([program, "--gtest_brief=1", f"--gtest_output=xml:{report}"], limit=600)

        for program, (report, code) in zip(programs, self._side_by_side(2, ended, programs)):
            failed = self.tally.failed
            self.tally.add_junit(report, f"{preset}/{program.name}")
            if code != 0 and self.tally.failed == failed:
                self.tally.fails(f"{preset}/{program.name}: ended with {code}")

    def integration(self, preset, *options, marked=None):
        """Several modules at a time, because half of their time is waiting; fewer of the sanitizers' slow programs."""
        among = f"{marked} and " if marked else ""
        self._pytest(preset, "integration", ["-n", "4" if preset == "release" else "2", "--dist", "loadfile",
                                             "-m", f"{among}not alone and not incident", *options])

    def incidents(self, preset, *options):
        """All at a time: they do little but wait."""
        self._pytest(preset, "integration-incidents", ["-n", "9", "-m", "incident", *options])

    def alone(self, preset, *options, marked=None):
        """Those that want none beside them."""
        among = f"{marked} and " if marked else ""
        self._pytest(preset, "integration-alone", ["-m", f"{among}alone", *options])

    def _pytest(self, preset, name, options):
        self.say(f"{preset}: {name} tests")
        report = self._report(f"{preset}-{name}")
        code = self._run(["/usr/bin/python3", "-B", "-m", "pytest", "-q", "-c", TESTS / "pytest.ini",
                          "--rootdir", TESTS, f"--junitxml={report}", *options, TESTS / "integration",
                          TESTS / "faults"],
                         limit=3600, WEIR_BINARY=str(ROOT / "build" / preset / "weir"))
        failed = self.tally.failed
        self.tally.add_junit(report, f"{preset}/{name}")
        if code != 0 and self.tally.failed == failed:
            self.tally.fails(f"{preset}/{name}: pytest ended with {code}")

    def fuzz(self, seconds):
        """Each target for that long, from its seeds; what it finds stays in build/fuzz/findings."""
        def ended(name):
            self.say(f"{name} for {seconds} s")
            corpus = ROOT / "build" / "fuzz" / "corpus" / name
            findings = ROOT / "build" / "fuzz" / "findings"
            seeds = TESTS / "fuzz" / "seeds" / name.removeprefix("fuzz_")
            for folder in (corpus, findings):
                folder.mkdir(parents=True, exist_ok=True)
            log = self.reports / f"{name}.log"
            with open(log, "wb") as out:
                return log, self._run([*LAST_SERVED, ROOT / "build" / "fuzz" / "tests" / name,
                                       f"-max_total_time={seconds}", "-timeout=10",
                                       f"-artifact_prefix={findings}/{name}-", corpus,
                                       *([seeds] if seeds.is_dir() else [])],
                                      limit=seconds + 120, output=out)

        names = self.fuzzers()
        for name, (log, code) in zip(names, self._side_by_side(4, ended, names)):
            if code == 0:
                self.tally.passes()
            else:
                print(log.read_text(errors="replace")[-4000:], flush=True)
                self.tally.fails(f"{name}: ended with {code}")

    def _side_by_side(self, count, run, each):
        """What `run` gives for each, `count` of them at a time."""
        with ThreadPoolExecutor(count) as threads:
            return list(threads.map(run, each))

    def _built(self, name, configure, targets, how=()):
        folder = ROOT / "build" / name
        log = self.reports / f"build-{name}.log"
        with open(log, "wb") as out:
            ok = self._run(configure, limit=300, output=out) == 0 and \
                self._run([*how, "ninja", "-C", folder, *targets], limit=3000, output=out) == 0
        if not ok:
            print(log.read_text(errors="replace")[-6000:], flush=True)
            self.tally.fails(f"build {name}")
        return ok

    def _report(self, name):
        path = self.reports / f"{name}.xml"
        path.unlink(missing_ok=True)
        return path

    def _run(self, argv, limit, output=None, **environment):
        try:
            return subprocess.run([*self.plain_addresses, *map(str, argv)], cwd=ROOT, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                                  env={**os.environ, **SANITIZER_OPTIONS, **environment}, timeout=limit,
                                  check=False).returncode
        except subprocess.TimeoutExpired:
            return "time-out"


def unit_targets():
    """One program a folder of tests/unit."""
    return [f"unit_{path.name}" for path in sorted((TESTS / "unit").iterdir())
            if path.is_dir() and any(path.rglob("*.cpp"))]
