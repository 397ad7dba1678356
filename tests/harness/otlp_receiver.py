"""A collector for the tests: takes OTLP over HTTP, answers as told, and remembers what it was sent."""

import json
import ssl
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple

from .waiting import until

MOST = 64 << 20  # bytes of all requests; what comes after is taken and forgotten


class Request(NamedTuple):
    at: float  # monotonic
    path: str
    headers: dict  # names in lower case
    body: bytes

    def document(self):
        assert self.headers["content-type"] == "application/json", self.headers
        return json.loads(self.body)


class Answer(NamedTuple):
    status: int = 200
    headers: dict = {}
    body: bytes = b""
    after: float = 0  # seconds, unless the receiver is stopped before


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        """Nothing: that a client goes, or doesn't trust the certificate, is part of the tests."""


class OtlpReceiver:
    """Listens from start() to stop(). `certificate`: (certificate, key) as files, for HTTPS."""

    def __init__(self, certificate=None, port=0):
        self.certificate = certificate
        self.answers = []  # what the next requests are answered; all others are taken
        self.usual = Answer()
        self.requests = []
        self.lock = threading.Lock()
        self.stopped = threading.Event()
        self.server = Server(("127.0.0.1", port), _handler(self))
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*map(str, certificate))
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True,
                                                     do_handshake_on_connect=False)
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05})

    @property
    def url(self):
        scheme = "https" if self.certificate else "http"
        return f"{scheme}://127.0.0.1:{self.server.server_port}"

    def start(self):
        self.thread.start()
        return self

    def stop(self):
        if self.stopped.is_set():
            return
        self.stopped.set()
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()

    def received(self, count, timeout=60):
        """The requests so far, once there are so many."""
        until(lambda: len(self.requests) >= count,
              lambda: f"{count} requests, got {len(self.requests)}", timeout)
        return list(self.requests)

    def spans(self):
        """Every span of every request that was JSON, as OTLP has it."""
        return [span for request in list(self.requests) for span in spans_of(request.document())]

    def span(self, name, timeout=60, **attributes):
        """The first span of this name with all of these attributes (dots written as `__`)."""
        wanted = {key.replace("__", "."): value for key, value in attributes.items()}
        def found():
            return next((span for span in self.spans() if span["name"] == name
                         and wanted.items() <= attributes_of(span).items()), None)
        return until(found, lambda: f"{name} {wanted} among {[span['name'] for span in self.spans()]}", timeout)

    def take(self, request):
        """The answer to a request that has just come."""
        with self.lock:
            if sum(len(one.body) for one in self.requests) < MOST:
                self.requests.append(request)
            return self.answers.pop(0) if self.answers else self.usual


def spans_of(document):
    return [span for resource in document["resourceSpans"] for scope in resource["scopeSpans"]
            for span in scope["spans"]]


def attributes_of(holder):
    """{key: value} of a span, a link, an event or a resource; numbers as numbers."""
    return {one["key"]: _plain(one["value"]) for one in holder.get("attributes", [])}


def _plain(value):
    (kind, plain), = value.items()
    return int(plain) if kind == "intValue" else plain


def _handler(receiver):
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 60

        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            answer = receiver.take(Request(time.monotonic(), self.path, headers, body))
            if answer.after and receiver.stopped.wait(answer.after):
                self.close_connection = True
                return
            self.send_response(answer.status)
            for name, value in {"Content-Type": headers["content-type"], **answer.headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)

        def log_message(self, *_):
            """Nothing: what came is in the receiver's requests."""

    return Handler
