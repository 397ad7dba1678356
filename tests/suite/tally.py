"""Counts what passed, failed and was skipped, over reports of many kinds."""

import xml.etree.ElementTree as ElementTree


class Tally:
    def __init__(self):
        self.passed, self.failed, self.skipped = 0, 0, 0
        self.failures = []

    def passes(self, count=1):
        self.passed += count

    def fails(self, what):
        self.failed += 1
        self.failures.append(what)

    def add_junit(self, path, where):
        """A JUnit report of GoogleTest or pytest; no report at all is a failure of its own."""
        try:
            root = ElementTree.parse(path).getroot()
        except (OSError, ElementTree.ParseError):
            self.fails(f"{where}: ended without a report")
            return
        for case in root.iter("testcase"):
            name = f"{where}: {case.get('classname', '')}.{case.get('name')}"
            if case.find("failure") is not None or case.find("error") is not None:
                self.fails(name)
            elif case.find("skipped") is not None or case.get("status") == "notrun":
                self.skipped += 1
            else:
                self.passes()

    def summary(self):
        return f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped"
