"""Spans as tests want to see them: their words unpacked, waited for by name and condition."""

from .otlp_receiver import OtlpReceiver, attributes_of
from .waiting import until

KINDS = {1: "internal", 2: "server", 3: "client"}
FAILED = 2  # status code ERROR


class Span:
    def __init__(self, raw):
        self.name, self.kind = raw["name"], KINDS[raw["kind"]]
        self.trace, self.id = raw["traceId"], raw["spanId"]
        self.parent, self.state = raw.get("parentSpanId", ""), raw.get("traceState", "")
        self.start, self.end = int(raw["startTimeUnixNano"]), int(raw["endTimeUnixNano"])
        self.attributes = attributes_of(raw)
        self.links = [(link["traceId"], link["spanId"]) for link in raw.get("links", ())]
        self.events = [(event["name"], int(event["timeUnixNano"])) for event in raw.get("events", ())]
        self.failed = raw.get("status", {}).get("code") == FAILED

    def __repr__(self):
        return f"{self.name}({self.trace}/{self.id} of {self.parent} {self.attributes} {self.links})"


class SpanReceiver(OtlpReceiver):
    def seen(self, name=None):
        """All so far, or those of this name."""
        return [span for span in map(Span, self.spans()) if name in (None, span.name)]

    def one(self, name, where=lambda span: True, timeout=20):
        """Waits for one of this name that fulfils a condition."""
        return until(lambda: next((span for span in self.seen(name) if where(span)), None),
                     lambda: f"{name} among {self.seen()}", timeout=timeout)

    def text(self):
        """Every byte that came."""
        return b"".join(request.body for request in list(self.requests)).decode()

    def forget(self):
        with self.lock:
            self.requests.clear()
