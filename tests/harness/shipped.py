"""What config/ gives to copy from, started as it is but for the addresses."""

import re
import urllib.request
from pathlib import Path

from .metrics import Metrics
from .processes import ROOT, Program
from .prometheus import Prometheus
from .waiting import free_port, until

CONFIG = ROOT / "config"


def changed(name, changes):
    """The text of config/NAME with each key of `changes`, which has to be there, replaced by its value."""
    text = (CONFIG / name).read_text()
    for before, after in changes.items():
        assert before in text, f"{before!r} is not in config/{name}"
        text = re.sub(re.escape(before) + r"(?!\d)", lambda _, after=after: str(after), text)
    return text


class Blackbox:
    """Prometheus' blackbox exporter with config/blackbox.yml."""

    def __init__(self, folder):
        self.folder, self.port, self.program = Path(folder), free_port(), None
        self.folder.mkdir(parents=True)

    def start(self):
        self.program = Program(
            ["prometheus-blackbox-exporter", f"--config.file={CONFIG}/blackbox.yml",
             f"--web.listen-address=127.0.0.1:{self.port}"], self.folder / "blackbox.log")
        until(self._answers, lambda: f"the exporter up:\n{self.program.output()[-2000:]}", timeout=60)
        return self

    def stop(self):
        if self.program:
            self.program.stop()
            self.program = None

    def success(self, module, target):
        """1 or 0: what it found, now."""
        text = self._get(f"/probe?module={module}&target={target}")
        return Metrics(text).value("probe_success")

    def _get(self, path):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=20) as answer:
            return answer.read().decode()

    def _answers(self):
        assert self.program.running(), self.program.output()[-2000:]
        try:
            return self._get("/-/healthy")
        except OSError:
            return False


class ShippedPrometheus(Prometheus):
    """With config/prometheus.yml, which scrapes every second here, and the rules of alerts/ in quick motion.

    `changes`: of the addresses there.
    """

    def __init__(self, folder, changes):
        super().__init__(folder, [])
        (self.folder / "prometheus.yml").write_text(changed("prometheus.yml", {
            "interval: 15s": "interval: 1s", "/etc/prometheus/weir/*.yml": self.folder / "rules/*.yml", **changes}))

    def targets(self, job):
        """{instance: up}, 1 or 0, of those that have been scraped."""
        return {labels["instance"]: value for labels, value in self.query(f'up{{job="{job}"}}')}
