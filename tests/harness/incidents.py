"""An incident watched as operators would: Prometheus, Alertmanager and who is told, in quick motion."""

import contextlib
import threading

import psycopg

from .alertmanager import Alertmanager, Receivers
from .prometheus import Prometheus
from .waiting import until

PATIENCE = 150
# A machine with too much to do is a reason for these; that is no fault of the incident.
OF_THE_MACHINE = {"WeirEventLoopLag", "WeirScrapeSlow", "WeirAcquireSLOBurn"}


class Watch:
    """A Prometheus that scrapes one daemon, an Alertmanager behind it, and who is told."""

    def __init__(self, folder, weir):
        self.receivers = Receivers()
        self.alertmanager = Alertmanager(folder / "alertmanager", self.receivers)
        self.instance = f"127.0.0.1:{weir.admin_port}"
        self.prometheus = Prometheus(folder / "prometheus", [self.instance], self.alertmanager.address)

    def start(self):
        self.alertmanager.start()
        self.prometheus.start()
        until(lambda: self.prometheus.query("up == 1"), "the first scrape", timeout=30)

    def stop(self):
        self.prometheus.stop()
        self.alertmanager.stop()
        self.receivers.stop()

    def until_firing(self, names):
        until(lambda: names <= self.prometheus.firing(), timeout=PATIENCE, every=0.5,
              what=lambda: f"{names} firing; now {self.prometheus.firing()}")

    def until_told(self, receiver, status, names):
        until(lambda: names <= self.receivers.names(receiver, status), timeout=PATIENCE, every=0.5,
              what=lambda: f"{receiver} told that {names} are {status}; all: {self.receivers.told}")

    def until_hidden(self, names):
        until(lambda: names <= {labels["alertname"] for labels in self.alertmanager.hidden()},
              timeout=PATIENCE, every=0.5, what=lambda: f"{names} hidden; now {self.alertmanager.hidden()}")

    def until_quiet(self):
        until(lambda: self.prometheus.firing() <= OF_THE_MACHINE, timeout=PATIENCE, every=0.5,
              what=lambda: f"nothing firing; now {self.prometheus.firing()}")

    def assert_only(self, names):
        assert self.prometheus.ever_fired() - OF_THE_MACHINE == names


@contextlib.contextmanager
def clients(weir, count=3, database="tenant_a", statement="SELECT 1", pause=0.05):
    """So many that ask something again and again, whatever becomes of it."""
    leave = threading.Event()

    def ask():
        while not leave.wait(pause):
            with contextlib.suppress(psycopg.Error):
                with weir.connect(database, "trusted") as connection:
                    while not leave.wait(pause):
                        connection.execute(statement)

    threads = [threading.Thread(target=ask) for _ in range(count)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        leave.set()
        for thread in threads:
            thread.join()
