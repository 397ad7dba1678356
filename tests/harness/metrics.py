"""Reads Prometheus text into numbers that a test can ask for by labels."""

import re

_SAMPLE = re.compile(r"^(?P<name>[A-Za-z_:][\w:]*)(?:\{(?P<labels>.*)\})? (?P<value>\S+)$")
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


class Metrics:
    """One scrape. Prometheus' own names, `weir_` included."""

    def __init__(self, text):
        self.text = text
        self.samples = {}
        self.types = {}
        self.helps = {}
        for line in text.splitlines():
            if line.startswith("# TYPE "):
                _, _, name, kind = line.split(" ", 3)
                self.types[name] = kind
            elif line.startswith("# HELP "):
                _, _, name, words = line.split(" ", 3)
                self.helps[name] = words
            elif line and not line.startswith("#"):
                match = _SAMPLE.match(line)
                assert match, f"not a sample: {line}"
                labels = frozenset(_LABEL.findall(match["labels"] or ""))
                key = (match["name"], labels)
                assert key not in self.samples, f"twice: {line}"
                self.samples[key] = float(match["value"])

    def series(self, name, **labels):
        """{labels: value} of every series of `name` that has all of `labels`."""
        wanted = set(labels.items())
        return {key[1]: value for key, value in self.samples.items()
                if key[0] == name and wanted <= key[1]}

    def value(self, name, **labels):
        """The sum over the series that match; KeyError when there is none."""
        found = self.series(name, **labels)
        if not found:
            raise KeyError(f"{name} {labels}")
        return sum(found.values())

    def names(self):
        return {name for name, _ in self.samples}

    def label_values(self, name, label):
        return {dict(labels).get(label) for labels in self.series(name)}

    def bucket_of_quantile(self, name, quantile, since=None, **labels):
        """The upper bound of the bucket that the quantile falls in, over the time `since` a scrape."""
        counts = {}
        for labels_of_series, value in self.series(f"{name}_bucket", **labels).items():
            bound = float(dict(labels_of_series)["le"])
            before = since.samples.get((f"{name}_bucket", labels_of_series), 0) if since else 0
            counts[bound] = counts.get(bound, 0) + value - before
        total = counts.get(float("inf"), 0)
        assert total > 0, f"{name} {labels}: nothing observed"
        return min(bound for bound, count in counts.items() if count >= quantile * total)


class Difference:
    """What changed between two scrapes."""

    def __init__(self, before, after):
        self.before, self.after = before, after

    def value(self, name, **labels):
        return self.after.value(name, **labels) - self.before.value(name, **labels)
