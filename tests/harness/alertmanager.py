"""An Alertmanager of our own with the project's configuration, and somebody who is told."""

import json
import threading
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import yaml

from .processes import ROOT, Program
from .waiting import free_port, until

CONFIGURATION = ROOT / "alerts/alertmanager.yml"


class Receivers:
    """What was posted to each path (pager, tickets, notes), in order."""

    def __init__(self):
        self.told, lock = [], threading.Lock()

        class Handler(BaseHTTPRequestHandler):
            def do_POST(handler):  # noqa: N802, N805: the names that http.server asks for
                body = json.loads(handler.rfile.read(int(handler.headers["Content-Length"])))
                with lock:
                    self.told.append((handler.path.strip("/"), body))
                handler.send_response(200)
                handler.end_headers()

            def log_message(handler, *_):  # noqa: N805
                """Nothing: `told` has it all."""

        self.server = ThreadingHTTPServer(("127.0.0.1", free_port()), Handler)
        self.address = f"127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()

    def alerts(self, name):
        """Every time that somebody was told of an alert of that name, as it was told."""
        return [alert for _, body in list(self.told) for alert in body["alerts"]
                if alert["labels"]["alertname"] == name]

    def groups(self, name):
        """The labels of the groups in which alerts of that name were told, each once."""
        labels = [body["groupLabels"] for _, body in list(self.told)
                  if body["groupLabels"].get("alertname") == name]
        return [group for place, group in enumerate(labels) if group not in labels[:place]]

    def names(self, receiver, status):
        """Names of the alerts that a receiver was told of with that status."""
        return {alert["labels"]["alertname"] for to, body in list(self.told) if to == receiver
                for alert in body["alerts"] if alert["status"] == status}


class Alertmanager:
    """Routes, groups and hides as configured; only waits less and posts to `receivers`."""

    def __init__(self, folder, receivers, group_wait="8s"):
        self.folder, self.port = Path(folder), free_port()
        self.address = f"127.0.0.1:{self.port}"
        self.folder.mkdir(parents=True)
        config = yaml.safe_load(CONFIGURATION.read_text())
        config["route"].update(group_wait=group_wait, group_interval="2s")
        for receiver in config["receivers"]:
            for webhook in receiver["webhook_configs"]:
                webhook["url"] = f"http://{receivers.address}/{receiver['name']}"
        (self.folder / "alertmanager.yml").write_text(yaml.safe_dump(config))
        self.program = None

    def start(self):
        self.program = Program(
            ["prometheus-alertmanager", f"--config.file={self.folder / 'alertmanager.yml'}",
             f"--storage.path={self.folder / 'data'}", f"--web.listen-address={self.address}",
             "--cluster.listen-address="], self.folder / "alertmanager.log")
        until(self._ready, lambda: f"Alertmanager up:\n{self.program.output()[-2000:]}", timeout=60)
        return self

    def stop(self):
        if self.program:
            self.program.stop()
            self.program = None

    def hidden(self):
        """Those that another alert inhibits now."""
        return [alert["labels"] for alert in json.loads(self._ask("/api/v2/alerts"))
                if alert["status"]["inhibitedBy"]]

    def tell(self, *alerts):
        """As Prometheus would: each a dict of labels."""
        self._ask("/api/v2/alerts", json.dumps([{"labels": labels} for labels in alerts]).encode())

    def _ask(self, path, body=None):
        request = urllib.request.Request(f"http://{self.address}{path}", data=body,
                                         headers={"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.read().decode()

    def _ready(self):
        assert self.program.running(), self.program.output()[-2000:]
        try:
            self._ask("/-/ready")
            return True
        except (urllib.error.URLError, OSError):
            return False
