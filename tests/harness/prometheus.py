"""A Prometheus of our own that scrapes daemons under test and evaluates our rules, in quick motion."""

import json
import re
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

import yaml

from .processes import ROOT, Program
from .waiting import free_port, until

RULES = ROOT / "alerts/rules"
SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
DURATION = re.compile(r"(\[|\bfor: |\boffset )(\d+)([smhd])\b")


def quickened(text, times):
    """The rules with every window, offset and `for` so many times shorter; names and limits stay."""
    def shorter(match):
        return f"{match[1]}{max(1, int(match[2]) * SECONDS[match[3]] // times)}s"
    return DURATION.sub(shorter, text)


class Prometheus:
    def __init__(self, folder, targets, alertmanager=None, quicker=20, options=()):
        """`targets`: admin addresses, job weir; scrapes and evaluates each second."""
        self.folder, self.port, self.options = Path(folder), free_port(), options
        rules = self.folder / "rules"
        rules.mkdir(parents=True)
        for file in RULES.glob("*.yml"):
            (rules / file.name).write_text(quickened(file.read_text(), quicker))
        config = {
            "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
            "rule_files": [str(rules / "*.yml")],
            "scrape_configs": [{"job_name": "weir", "static_configs": [{"targets": list(targets)}]}]}
        if alertmanager:
            config["alerting"] = {"alertmanagers": [{"static_configs": [{"targets": [alertmanager]}]}]}
        (self.folder / "prometheus.yml").write_text(yaml.safe_dump(config))
        self.program = None

    def start(self):
        self.program = Program(
            ["prometheus", f"--config.file={self.folder / 'prometheus.yml'}",
             f"--storage.tsdb.path={self.folder / 'data'}", f"--web.listen-address=127.0.0.1:{self.port}",
             "--rules.alert.resend-delay=2s", *self.options], self.folder / "prometheus.log")
        until(self._ready, lambda: f"Prometheus up:\n{self.program.output()[-2000:]}", timeout=60)
        return self

    def stop(self):
        if self.program:
            self.program.stop()
            self.program = None

    def query(self, expression):
        """[(labels, value)] of an instant vector, now."""
        path = "/api/v1/query?" + urllib.parse.urlencode({"query": expression})
        answer = json.loads(self._get(path))["data"]
        return [(one["metric"], float(one["value"][1])) for one in answer["result"]]

    def exemplars(self, expression, since):
        """[(labels of the series, exemplar)] of what came since that time."""
        path = "/api/v1/query_exemplars?" + urllib.parse.urlencode(
            {"query": expression, "start": since, "end": time.time() + 1})
        return [(series["seriesLabels"], exemplar) for series in json.loads(self._get(path))["data"]
                for exemplar in series["exemplars"]]

    def firing(self):
        return {labels["alertname"] for labels, _ in self.query('ALERTS{alertstate="firing"}')}

    def ever_fired(self):
        return {labels["alertname"]
                for labels, _ in self.query('max_over_time(ALERTS{alertstate="firing"}[1h])')}

    def _get(self, path):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=20) as answer:
            return answer.read().decode()

    def _ready(self):
        assert self.program.running(), self.program.output()[-2000:]
        try:
            return self._get("/-/ready")
        except (urllib.error.URLError, OSError):
            return False
