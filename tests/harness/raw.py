"""A PostgreSQL client that sends exactly what it is told and shows every message that comes back."""

import socket
import struct

from . import messages


class Refused(Exception):
    """The server answered an ErrorResponse where the client can't go on."""

    def __init__(self, fields):
        super().__init__(f"{fields.get('C')}: {fields.get('M')}")
        self.fields = fields
        self.code = fields.get("C")


class RawClient:
    """Blocking; logs in where no password is asked for. Messages are (kind, body) pairs of bytes."""

    def __init__(self, port, host="127.0.0.1", timeout=20, path=None, preface=b""):
        self.host, self.port = host, port
        if path:
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.settimeout(timeout)
            self.socket.connect(str(path))
        else:
            self.socket = socket.create_connection((host, port), timeout)
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.parameters, self.key, self.notices = {}, None, []
        self.buffer = b""
        if preface:
            self.send(preface)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def send(self, *parts):
        self.socket.sendall(b"".join(parts))

    def receive(self, count):
        pieces, missing = [self.buffer], count - len(self.buffer)
        while missing > 0:
            piece = self.socket.recv(1 << 16)
            if not piece:
                raise ConnectionError("the server closed the connection")
            pieces.append(piece)
            missing -= len(piece)
        whole = b"".join(pieces)
        self.buffer = whole[count:]
        return whole[:count]

    def next(self):
        kind, length = struct.unpack("!ci", self.receive(5))
        return kind, self.receive(length - 4)

    def until_ready(self):
        """All messages up to ReadyForQuery, which is included."""
        return self.until(b"Z")

    def until(self, *kinds):
        """Refused where the server said why before it closed the connection."""
        found = []
        while True:
            try:
                found.append(self.next())
            except ConnectionError:
                if found and found[-1][0] == b"E":
                    raise Refused(messages.error_fields(found[-1][1])) from None
                raise
            if found[-1][0] in kinds:
                return found

    def login(self, database="tenant_a", user="app", **options):
        self.send(messages.startup(database, user, **options))
        while True:
            kind, body = self.next()
            if kind == b"E":
                raise Refused(messages.error_fields(body))
            if kind == b"S":
                name, value = body[:-1].split(b"\0")
                self.parameters[name.decode()] = value.decode()
            elif kind == b"K":
                self.key = (struct.unpack_from("!i", body)[0], body[4:])
            elif kind == b"R" and struct.unpack_from("!i", body)[0] != 0:
                raise AssertionError("asked for a password where none was expected")
            elif kind == b"Z":
                return self

    def ask(self, *parts):
        """Sends and returns what came up to the next ReadyForQuery."""
        self.send(*parts)
        return self.until_ready()

    def rows(self, *parts):
        """The rows that `parts` gave; Refused when there was an ErrorResponse."""
        answer = self.ask(*parts)
        for kind, body in answer:
            if kind == b"E":
                raise Refused(messages.error_fields(body))
        return [messages.data_row(body) for kind, body in answer if kind == b"D"]

    def query(self, statement):
        return self.rows(messages.query(statement))

    def error(self):
        """The fields of the next ErrorResponse, whatever comes before it."""
        return messages.error_fields(self.until(b"E")[-1][1])

    def closed(self):
        """Whether the server ends the connection (nothing but an error before that)."""
        try:
            while True:
                kind, _ = self.next()
                assert kind == b"E", kind
        except (ConnectionError, ConnectionResetError):
            return True

    def cancel(self):
        """Sends a CancelRequest for this client on a connection of its own."""
        with socket.create_connection((self.host, self.port), 10) as other:
            other.sendall(messages.cancel_request(*self.key))
            assert other.recv(1) == b"", "a CancelRequest is never answered"

    def reset(self):
        """Cuts the connection with a TCP reset, as a killed host would."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def close(self):
        self.socket.close()


def kinds(answer):
    """The message kinds of an answer as one string, which compares well: 1TD…CZ."""
    return b"".join(kind for kind, _ in answer).decode()
