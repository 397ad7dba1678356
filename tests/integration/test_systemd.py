"""The unit and what systemd is told: ready, reloading, alive, stopping, and who is the main process."""

import os
import re
import signal
import time
import tomllib

import pytest

from harness import reloading
from harness.manager import Manager
from harness.processes import ROOT, run
from harness.waiting import until
from harness.weir import binary

pytestmark = pytest.mark.sanitized

QUICK = {"WATCHDOG_USEC": "400000"}


@pytest.fixture
def manager(tmp_path):
    with Manager(tmp_path) as manager:
        yield manager


@pytest.fixture
def units(tmp_path):
    """As they are installed, here with the binary under test."""
    text = (ROOT / "config/weir.service").read_text()
    for name, value in {"WEIR_BINARY": binary(), "WEIR_CONFIG": "/etc/weir/weir.toml"}.items():
        assert f"@{name}@" in text
        text = text.replace(f"@{name}@", str(value))
    (tmp_path / "weir.service").write_text(text)
    (tmp_path / "weir.socket").write_text((ROOT / "config/weir.socket").read_text())
    return tmp_path / "weir.service", tmp_path / "weir.socket"


def seconds(text):
    number, unit = re.fullmatch(r"(\d+)(ms|s|min|m)", text).groups()
    return int(number) * {"ms": 0.001, "s": 1, "min": 60, "m": 60}[unit]


def test_systemd_finds_nothing_wrong_with_the_units(units):
    done = run(["systemd-analyze", "verify", "--man=no", *units])
    assert (done.stdout, done.stderr) == ("", "")


def test_the_service_is_exposed_as_little_as_a_network_service_can_be(units):
    done = run(["systemd-analyze", "security", "--offline=true", "--no-pager", "--threshold=16", units[0]], check=False)
    assert done.returncode == 0, done.stdout[-3000:]


def test_a_drain_of_the_default_length_fits_into_the_time_to_stop():
    stop = re.search(r"^TimeoutStopSec=(\S+)$", (ROOT / "config/weir.service").read_text(), re.MULTILINE)[1]
    agent = tomllib.loads((ROOT / "config/weir.toml").read_text())["agent"]
    assert seconds(stop) > seconds(agent["drain_grace"]) + seconds(agent["drain_timeout"])


def test_a_reload_is_announced_and_said_to_be_over(start_weir, postgres, manager):
    weir = start_weir(postgres, environment=manager.environment())
    manager.hears("READY=1")
    weir.settings["pool"][0]["max_size"] = 7
    reloading.write(weir)
    before = time.monotonic_ns() // 1000
    os.kill(weir.pid, signal.SIGHUP)
    announced = int(re.fullmatch(r"RELOADING=1\nMONOTONIC_USEC=(\d+)", manager.hears("RELOADING=1"))[1])
    assert before <= announced <= time.monotonic_ns() // 1000
    manager.hears("READY=1")
    assert weir.value("weir_config_reloads_total", result="ok") == 1, "it was over when that was said"


def test_a_refused_reload_is_over_as_well(start_weir, postgres, manager):
    weir = start_weir(postgres, environment=manager.environment())
    manager.hears("READY=1")
    weir.config.write_text("nonsense")
    os.kill(weir.pid, signal.SIGHUP)
    manager.hears("RELOADING=1")
    manager.hears("READY=1")
    assert weir.value("weir_config_last_reload_successful") == 0


def test_signs_of_life_are_given_again_and_again(start_weir, postgres, manager):
    start_weir(postgres, environment=manager.environment(**QUICK))
    manager.hears("READY=1")
    for _ in range(4):
        manager.hears("WATCHDOG=1")


def test_nobody_is_told_of_life_who_did_not_ask(start_weir, postgres, manager):
    weir = start_weir(postgres, environment=manager.environment(WATCHDOG_PID="1", **QUICK))
    manager.hears("READY=1")
    assert manager.listen_for(1.5) == [], "it was meant for another process"
    weir.stop()
    manager.hears("STOPPING=1")


def test_after_a_restart_the_successor_gives_the_signs(start_weir, postgres, manager):
    """WATCHDOG_PID names the process that systemd started, which leaves; the deadline is the service's."""
    weir = start_weir(postgres, environment=manager.environment(**QUICK), wrapper=lambda _: [
        "/bin/sh", "-c", 'export WATCHDOG_PID=$$; exec "$@"', "-"])
    manager.hears("WATCHDOG=1")
    weir.command("restart")
    assert manager.hears("MAINPID=") == f"MAINPID={weir.pid}"
    until(lambda: weir.json("/api/v1/restart")["predecessor"] == 0, "the old process has gone", timeout=60)
    manager.listen_for(0.1)  # what the old one said
    for _ in range(4):
        manager.hears("WATCHDOG=1")


def test_signs_of_life_go_on_while_it_drains(start_weir, postgres, manager):
    """Or systemd would take a drain for a hang and cut the transactions off that it waits for."""
    weir = start_weir(postgres, agent={"drain_grace": "60s"}, environment=manager.environment(**QUICK))
    manager.hears("WATCHDOG=1")
    os.kill(weir.pid, signal.SIGTERM)
    manager.hears("STOPPING=1")
    for _ in range(4):
        manager.hears("WATCHDOG=1")
    os.kill(weir.pid, signal.SIGTERM)  # at once, now
