"""A Prometheus of our own that scrapes what a test runs."""

import json
import shutil
import signal
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

from .processes import Program
from .waiting import free_port, until


class Prometheus:
    """`jobs`: {name: (port, path)}, each on this machine; scraped every second."""

    def __init__(self, folder, jobs):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True)
        self.port = free_port()
        self.program = None
        (self.folder / "prometheus.yml").write_text(json.dumps({  # JSON is YAML too
            "global": {"scrape_interval": "1s", "scrape_timeout": "1s"},
            "scrape_configs": [{"job_name": name, "metrics_path": path,
                                "static_configs": [{"targets": [f"127.0.0.1:{port}"]}]}
                               for name, (port, path) in jobs.items()]}))

    def start(self):
        self.program = Program(
            ["prometheus", f"--config.file={self.folder}/prometheus.yml", f"--storage.tsdb.path={self.folder}/data",
             f"--web.listen-address=127.0.0.1:{self.port}", "--log.level=warn",
             "--enable-feature=exemplar-storage"], self.folder / "prometheus.log")
        until(self._answers, lambda: f"Prometheus up:\n{self.program.output()[-2000:]}", timeout=60)
        return self

    def remove(self):
        if self.program:
            self.program.stop(signal.SIGKILL)
        shutil.rmtree(self.folder, ignore_errors=True)

    def query(self, expr):
        """[(labels, value)] of an instant query; AssertionError with what it says when it is refused."""
        return [(one["metric"], float(one["value"][1])) for one in self._ask("query", {"query": expr})["result"]]

    def label_values(self, label, selector):
        return self._ask(f"label/{label}/values", {"match[]": selector})

    def _ask(self, what, parameters):
        url = f"http://127.0.0.1:{self.port}/api/v1/{what}?{urllib.parse.urlencode(parameters)}"
        try:
            with urllib.request.urlopen(url, timeout=20) as answer:
                return json.load(answer)["data"]
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{parameters}: {error.read().decode()}") from error

    def _answers(self):
        assert self.program.running(), self.program.output()[-2000:]
        try:
            return urllib.request.urlopen(f"http://127.0.0.1:{self.port}/-/ready", timeout=5).status == 200
        except OSError:
            return False
