"""A headless Chromium, driven by puppeteer in a program of its own (tests/browser/tabs.js)."""

import json
import os
import subprocess

from .processes import ROOT, with_parent

MODULES = ROOT / "tests/integration/node_modules"


class Browser:
    def __init__(self, folder):
        environment = {**os.environ, "NODE_PATH": str(MODULES), "HOME": str(folder)}
        self.log = open(folder / "browser.log", "wb")
        self.process = subprocess.Popen(
            with_parent(["node", ROOT / "tests/browser/tabs.js", "/usr/bin/chromium", folder / "profile"]),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log, text=True, env=environment)
        self.opened = 0
        self._answer()

    def open(self, url, width=1280, height=900, scheme="light"):
        """A tab with a storage of its own; a narrow one is a phone's."""
        self.opened += 1
        tab = Tab(self, self.opened)
        tab.do("open", url=url, width=width, height=height, scheme=scheme)
        return tab

    def ask(self, **asked):
        self.process.stdin.write(json.dumps(asked) + "\n")
        self.process.stdin.flush()
        answer = self._answer()
        assert "problem" not in answer, f"{asked}: {answer['problem']}"
        return answer["value"]

    def stop(self):
        self.process.stdin.close()
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
        self.log.close()

    def _answer(self):
        line = self.process.stdout.readline()
        if not line:
            raise AssertionError(f"the browser ended: {open(self.log.name, encoding='utf-8').read()[-4000:]}")
        return json.loads(line)


class Tab:
    """Closed by leaving it."""

    def __init__(self, browser, number):
        self.browser, self.number = browser, number

    def do(self, action, **more):
        return self.browser.ask(action=action, tab=self.number, **more)

    def evaluate(self, script):
        """The value of a JavaScript expression in the page."""
        return self.do("evaluate", script=script)

    def text(self, selector):
        """What a person reads there; empty when it is not there or hidden."""
        return self.evaluate("((found) => found?.checkVisibility() ? found.innerText : '')"
                             f"(document.querySelector({json.dumps(selector)}))")

    def seen(self):
        """`requests`: the addresses asked for; `problems`: what the console complained of."""
        return self.do("seen")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.do("close")
