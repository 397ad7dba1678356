"""Waiting for a condition instead of sleeping, and free ports to listen on."""

import os
import random
import socket
import time

_used_ports = set()


def until(condition, what, timeout=10.0, every=0.02):
    """Returns the first true value of `condition()`; AssertionError with `what` after `timeout` seconds.

    `what` may be a function, called when the time is up, so that it can show the last state seen.
    """
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() >= deadline:
            raise AssertionError(f"not within {timeout} s: {what() if callable(what) else what}")
        time.sleep(every)


def stays(condition, what, seconds):
    """Asserts that `condition()` is true and stays so for `seconds`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        assert condition(), f"no longer: {what}"
        time.sleep(0.02)


def free_port():
    """A loopback port below the range that outgoing connections take theirs from.

    Test runs beside each other choose from different ones.
    """
    chooser = random.Random(os.urandom(8))
    share = 22000 // int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    ours = 10000 + share * int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    for _ in range(1000):
        port = chooser.randrange(ours, ours + share)
        if port in _used_ports:
            continue
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        _used_ports.add(port)
        return port
    raise RuntimeError("no free port")
