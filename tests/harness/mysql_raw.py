"""A MySQL client that sends what it is told: commands by number, prepared statements, pieces."""

import hashlib
import socket
import struct

PROTOCOL_41, CONNECT_WITH_DB, SECURE, PLUGIN_AUTH = 1 << 9, 1 << 3, 1 << 15, 1 << 19
FOUND_ROWS, LOCAL_FILES, MULTI_STATEMENTS = 1 << 1, 1 << 7, 1 << 16
MULTI_RESULTS, PS_MULTI_RESULTS, DEPRECATE_EOF = 1 << 17, 1 << 18, 1 << 24
QUERY_ATTRIBUTES = 1 << 27
USUAL = (1 << 0 | 1 << 2 | 1 << 13 | PROTOCOL_41 | CONNECT_WITH_DB | SECURE | PLUGIN_AUTH
         | MULTI_RESULTS | PS_MULTI_RESULTS)
IN_TRANSACTION, AUTOCOMMIT, MORE_RESULTS = 1, 2, 8
CURSOR_EXISTS, LAST_ROW_SENT = 0x40, 0x80

QUIT, INIT_DB, QUERY, FIELD_LIST, REFRESH, STATISTICS = 1, 2, 3, 4, 7, 9
PROCESS_KILL, PING, CHANGE_USER, PREPARE, EXECUTE = 0x0c, 0x0e, 0x11, 0x16, 0x17
LONG_DATA, CLOSE, RESET, SET_OPTION, FETCH, RESET_CONNECTION = 0x18, 0x19, 0x1a, 0x1b, 0x1c, 0x1f


class ServerError(Exception):
    def __init__(self, payload):
        self.number = struct.unpack("<H", payload[1:3])[0]
        self.sqlstate, self.message = payload[4:9].decode(), payload[9:].decode(errors="replace")
        super().__init__(f"{self.number} ({self.sqlstate}) {self.message}")


class Ended(Exception):
    """The other side closed the connection."""


def length_encoded(data, at):
    first = data[at]
    if first < 0xfb:
        return first, at + 1
    size = {0xfc: 2, 0xfd: 3, 0xfe: 8}[first]
    return int.from_bytes(data[at + 1:at + 1 + size], "little"), at + 1 + size


class Ok:
    def __init__(self, payload):
        self.affected, at = length_encoded(payload, 1)
        self.insert_id, at = length_encoded(payload, at)
        self.status, self.warnings = struct.unpack("<HH", payload[at:at + 4])
        self.info = payload[at + 4:]
        self.rows = None


class Result:
    def __init__(self, columns, rows, status, warnings):
        self.columns, self.rows, self.status, self.warnings = columns, rows, status, warnings


def native_proof(password, salt):
    """mysql_native_password's answer."""
    if not password:
        return b""
    once = hashlib.sha1(password.encode()).digest()
    mask = hashlib.sha1(salt + hashlib.sha1(once).digest()).digest()
    return bytes(a ^ b for a, b in zip(once, mask))


class RawMysql:
    def __init__(self, port, user="app", password="", database="tenant_a", capabilities=0,
                 collation=45):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=20)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.capabilities = USUAL | capabilities
        greeting = self.read()
        if greeting[0] == 0xff:
            raise ServerError(greeting)
        at = greeting.index(0, 1) + 1
        self.thread_id = struct.unpack("<I", greeting[at:at + 4])[0]
        low, high = struct.unpack("<H3xH", greeting[at + 13:at + 20])
        self.offered = low | high << 16
        salt = greeting[at + 4:at + 12] + greeting[at + 31:at + 43]
        proof = native_proof(password, salt)
        self.write(struct.pack("<IIB23x", self.capabilities, 1 << 24, collation) + user.encode()
                   + b"\0" + bytes([len(proof)]) + proof + database.encode()
                   + b"\0mysql_native_password\0")
        answer = self.read()
        if answer[0] == 0xff:
            raise ServerError(answer)
        assert answer[0] == 0, answer

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    # -- packets

    def receive(self, size):
        data = b""
        while len(data) < size:
            part = self.socket.recv(size - len(data))
            if not part:
                raise Ended(data)
            data += part
        return data

    def read(self):
        payload = b""
        while True:
            header = self.receive(4)
            length = int.from_bytes(header[:3], "little")
            self.sequence = (header[3] + 1) & 0xff
            payload += self.receive(length)
            if length < 0xffffff:
                return payload

    @staticmethod
    def packets(payload, sequence=0):
        data = b""
        while True:
            part, payload = payload[:0xffffff], payload[0xffffff:]
            data += len(part).to_bytes(3, "little") + bytes([sequence & 0xff]) + part
            sequence += 1
            if len(part) < 0xffffff:
                return data

    def write(self, payload):
        self.socket.sendall(self.packets(payload, self.sequence))

    def command(self, code, arguments=b""):
        self.socket.sendall(self.packets(bytes([code]) + arguments))

    # -- replies

    def _end(self, payload):
        """(status, warnings) of what ends columns or rows."""
        if self.capabilities & DEPRECATE_EOF:
            end = Ok(payload)
            return end.status, end.warnings
        warnings, status = struct.unpack("<HH", payload[1:5])
        return status, warnings

    def _is_end(self, payload):
        limit = 0xffffff if self.capabilities & DEPRECATE_EOF else 9
        return payload[0] == 0xfe and len(payload) < limit

    def rows(self, binary=False):
        rows = []
        while True:
            payload = self.read()
            if payload[0] == 0xff:
                raise ServerError(payload)
            if self._is_end(payload):
                return (rows, *self._end(payload))
            rows.append(self._binary_row(payload) if binary else self._text_row(payload))

    @staticmethod
    def _text_row(payload):
        row, at = [], 0
        while at < len(payload):
            if payload[at] == 0xfb:
                row.append(None)
                at += 1
                continue
            length, at = length_encoded(payload, at)
            row.append(payload[at:at + length].decode(errors="replace"))
            at += length
        return tuple(row)

    def columns(self, count):
        names, self.types = [], []
        for _ in range(count):
            definition, at, texts = self.read(), 0, []
            for _ in range(6):
                length, at = length_encoded(definition, at)
                texts.append(definition[at:at + length].decode())
                at += length
            names.append(texts[4])
            self.types.append(definition[at + 7])
        self.status_of_columns = 0
        if count and not self.capabilities & DEPRECATE_EOF:
            self.status_of_columns = self._end(self.read())[0]
        return names

    def _binary_row(self, payload):
        """Whole numbers and texts; other types are not for tests."""
        row, at = [], 1 + (len(self.types) + 9) // 8
        for i, kind in enumerate(self.types):
            if payload[1 + (i + 2) // 8] & 1 << (i + 2) % 8:
                row.append(None)
            elif kind in (1, 2, 3, 8):
                size = {1: 1, 2: 2, 3: 4, 8: 8}[kind]
                row.append(int.from_bytes(payload[at:at + size], "little", signed=True))
                at += size
            else:
                length, at = length_encoded(payload, at)
                row.append(payload[at:at + length].decode())
                at += length
        return tuple(row)

    def reply(self, binary=False):
        """One result of a reply, an Ok or a Result."""
        payload = self.read()
        if payload[0] == 0xff:
            raise ServerError(payload)
        if payload[0] == 0:
            return Ok(payload)
        if payload[0] == 0xfe and len(payload) < 9:
            return Result([], [], *self._end(payload))
        assert payload[0] != 0xfb, "a file is asked for"
        names = self.columns(length_encoded(payload, 0)[0])
        if self.status_of_columns & CURSOR_EXISTS:
            return Result(names, [], self.status_of_columns, 0)
        rows, status, warnings = self.rows(binary)
        return Result(names, rows, status, warnings)

    # -- commands

    def ask(self, code, arguments=b""):
        self.command(code, arguments)
        return self.reply()

    def query(self, text):
        """The only result of this text."""
        result = self.ask(QUERY, text.encode() if isinstance(text, str) else text)
        assert not result.status & MORE_RESULTS
        return result

    def value(self, text):
        return self.query(text).rows[0][0]

    def query_all(self, text):
        self.command(QUERY, text.encode())
        results = [self.reply()]
        while results[-1].status & MORE_RESULTS:
            results.append(self.reply())
        return results

    # -- prepared statements

    def prepare(self, text):
        self.command(PREPARE, text.encode())
        answer = self.read()
        if answer[0] == 0xff:
            raise ServerError(answer)
        statement, columns, parameters = struct.unpack("<IHH", answer[1:9])
        self.columns(parameters)
        self.columns(columns)
        return Statement(self, statement, columns, parameters)


class Statement:
    """Parameters are whole numbers (8 bytes) or text; a text result's values come as text."""

    def __init__(self, client, number, columns, parameters):
        self.client, self.number = client, number
        self.columns, self.parameters = columns, parameters

    def send(self, *values, bind=True, flags=0, long_data=()):
        """`bind`: the types are sent; `long_data`: parameters that were sent on their own."""
        body = struct.pack("<IBI", self.number, flags, 1)
        if values:
            nulls = bytearray((len(values) + 7) // 8)
            types, data = b"", b""
            for i, value in enumerate(values):
                text = isinstance(value, (str, bytes)) or i in long_data
                types += b"\xfd\0" if text else b"\x08\0"
                if value is None and i not in long_data:
                    nulls[i // 8] |= 1 << i % 8
                elif i in long_data:
                    pass
                elif text:
                    raw = value.encode() if isinstance(value, str) else value
                    data += b"\xfe" + struct.pack("<Q", len(raw)) + raw
                else:
                    data += struct.pack("<q", value)
            body += bytes(nulls) + (b"\1" + types if bind else b"\0") + data
        self.client.command(EXECUTE, body)

    def execute(self, *values, **options):
        self.send(*values, **options)
        return self.client.reply(binary=True)

    def long_data(self, parameter, data):
        self.client.command(LONG_DATA, struct.pack("<IH", self.number, parameter) + data)

    def fetch(self, count):
        self.client.command(FETCH, struct.pack("<II", self.number, count))
        return self.client.rows(binary=True)

    def reset(self):
        return self.client.ask(RESET, struct.pack("<I", self.number))

    def close(self):
        self.client.command(CLOSE, struct.pack("<I", self.number))
