"""Redis' protocol by hand: a client that sends bytes and reads replies, and what Weir's metrics say."""

import socket
import ssl

from .waiting import until


def raw(weir, listener="trusted"):
    client = socket.create_connection(("127.0.0.1", weir.ports[listener]), timeout=20)
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return client


def read(client, size):
    data = b""
    while len(data) < size:
        part = client.recv(size - len(data))
        assert part, f"ended after {data!r}"
        data += part
    return data


def ask(client, request, answer):
    client.sendall(request)
    assert read(client, len(answer)) == answer


def array(*words):
    words = [word if isinstance(word, bytes) else str(word).encode() for word in words]
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(w), w) for w in words)


def counts(weir):
    """How many connections are in each state."""
    series = weir.metrics().series("weir_pool_connections", pool="all")
    return {dict(labels)["state"]: value for labels, value in series.items()}


def settled(weir):
    until(lambda: counts(weir)["used"] + counts(weir)["pinned"] + counts(weir)["resetting"] == 0,
          lambda: f"nothing held: {counts(weir)}")


class Reader:
    """Replies of one client, RESP2 and RESP3, as Python values; a push is ("push", [...])."""

    def __init__(self, client):
        self.client, self.buffer = client, b""

    def _line(self):
        while b"\r\n" not in self.buffer:
            self._more()
        line, self.buffer = self.buffer.split(b"\r\n", 1)
        return line

    def _more(self):
        part = self.client.recv(1 << 20)
        assert part, f"ended after {self.buffer!r}"
        self.buffer += part

    def _bytes(self, size):
        while len(self.buffer) < size + 2:
            self._more()
        data, self.buffer = self.buffer[:size], self.buffer[size + 2:]
        return data

    def next(self):
        line = self._line()
        kind, rest = line[:1], line[1:]
        if kind in b"+-(,#":
            return line.decode()
        if kind == b":":
            return int(rest)
        if kind == b"_" or rest == b"-1":
            return None
        if kind in b"$=!":
            return self._bytes(int(rest))
        if kind == b"%":
            return {self.next(): self.next() for _ in range(int(rest))}
        values = [self.next() for _ in range(int(rest))]
        return ("push", values) if kind == b">" else values


class Client:
    """One that is asked word by word: client("SET", "k", 1) == "+OK"."""

    def __init__(self, weir, listener="trusted", tls=None):
        self.socket = raw(weir, listener)
        if tls:
            self.socket = tls.wrap_socket(self.socket, server_hostname="127.0.0.1")
        self.reader = Reader(self.socket)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, *words):
        self.socket.sendall(array(*words))

    def next(self):
        return self.reader.next()

    def __call__(self, *words):
        self.send(*words)
        return self.next()

    def ended(self):
        try:
            return self.socket.recv(1000) == b""
        except (ConnectionResetError, ssl.SSLError):
            return True
