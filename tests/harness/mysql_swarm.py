"""Thousands of MySQL clients in one thread: asyncio, results as text, nothing that is not needed.

A Client logs in by trust and asks one thing at a time.
"""

import asyncio
import struct

from .mysql_raw import MORE_RESULTS, ServerError, USUAL, length_encoded


class Lost(ConnectionError):
    """The connection ended before the answer did."""


class Client(asyncio.Protocol):
    """`rows` of an answer are those of its last result."""

    def __init__(self, user, database):
        self.user, self.database = user, database
        self.transport = None
        self.buffer = bytearray()
        self.waiting = asyncio.get_running_loop().create_future()
        self.lost = asyncio.get_running_loop().create_future()
        self.farewell = None  # an error that was the last it heard, asked for or not
        self.take = self._greeted
        self.binary, self.definitions = False, 0
        self.columns, self.rows, self.statement = 0, [], None

    @classmethod
    async def open(cls, port, database, user="app"):
        loop = asyncio.get_running_loop()
        _, client = await loop.create_connection(lambda: cls(user, database), "127.0.0.1", port)
        await client.waiting
        return client

    async def query(self, statement):
        """Its rows; ServerError or Lost otherwise."""
        return await self._ask(b"\x03" + statement.encode(), self._first)

    async def prepare(self, statement):
        """What execute() needs of a statement that gives nothing but text."""
        await self._ask(b"\x16" + statement.encode(), self._prepared)
        return self.statement

    async def execute(self, statement, *texts):
        body = struct.pack("<BIBI", 0x17, statement, 0, 1)
        if texts:
            body += bytes((len(texts) + 7) // 8) + b"\1" + b"\xfd\0" * len(texts)
            for text in texts:
                raw = text.encode()
                assert len(raw) < 251
                body += bytes([len(raw)]) + raw
        return await self._ask(body, self._first, binary=True)

    def send(self, statement):
        """Without waiting for an answer: for who is about to vanish."""
        self._write(b"\x03" + statement.encode())

    def close(self):
        if self.transport:
            self._write(b"\x01")
            self.transport.close()

    def abort(self):
        if self.transport:
            self.transport.abort()

    def _write(self, payload, sequence=0):
        self.transport.write(struct.pack("<I", len(payload) | sequence << 24) + payload)

    async def _ask(self, payload, take, binary=False):
        if self.lost.done():
            raise self.farewell or Lost("not connected")
        self.waiting = asyncio.get_running_loop().create_future()
        self.take, self.binary, self.rows = take, binary, []
        self._write(payload)
        return await self.waiting

    # -- called by the loop

    def connection_made(self, transport):
        self.transport = transport

    def connection_lost(self, cause):
        if not self.lost.done():
            self.lost.set_result(cause)
        if not self.waiting.done():
            self.waiting.set_exception(self.farewell or Lost(str(cause or "end of file")))

    def data_received(self, data):
        self.buffer += data
        offset, end = 0, len(self.buffer)
        while end - offset >= 4:
            length = int.from_bytes(self.buffer[offset:offset + 3], "little")
            if end - offset < length + 4:
                break
            self._packet(bytes(self.buffer[offset + 4:offset + 4 + length]))
            offset += 4 + length
        del self.buffer[:offset]

    def _packet(self, payload):
        if payload[0] == 0xff:
            self.farewell = ServerError(payload)
            if not self.waiting.done():
                self.waiting.set_exception(self.farewell)
        else:
            self.farewell = None
            self.take(payload)

    def _done(self):
        if not self.waiting.done():
            self.waiting.set_result(self.rows)

    # -- what may come next

    def _greeted(self, _):
        self.take = lambda payload: self._done()
        self._write(struct.pack("<IIB23x", USUAL, 1 << 24, 45) + self.user.encode() + b"\0\0"
                    + self.database.encode() + b"\0mysql_native_password\0", 1)

    def _first(self, payload):
        if payload[0] == 0:
            _, at = length_encoded(payload, 1)
            _, at = length_encoded(payload, at)
            self._result_ended(struct.unpack_from("<H", payload, at)[0])
        else:
            self.columns = length_encoded(payload, 0)[0]
            self._define(self.columns, self._rows)

    def _result_ended(self, status):
        if status & MORE_RESULTS:
            self.take, self.rows = self._first, []
        else:
            self._done()

    def _define(self, count, then):
        """That many definitions and an EOF, if there are any; then `then` says what comes."""
        self.definitions = count + 1

        def take(_):
            self.definitions -= 1
            if self.definitions == 0:
                then()
        if count:
            self.take = take
        else:
            then()

    def _rows(self):
        self.take = self._row

    def _row(self, payload):
        if payload[0] == 0xfe and len(payload) < 9:
            self._result_ended(struct.unpack_from("<H", payload, 3)[0])
            return
        row, at = [], 1 + (self.columns + 9) // 8 if self.binary else 0
        for column in range(self.columns):
            null = payload[1 + (column + 2) // 8] >> (column + 2) % 8 & 1 if self.binary else payload[at] == 0xfb
            if null:
                row.append(None)
                at += 0 if self.binary else 1
                continue
            length, at = length_encoded(payload, at)
            row.append(payload[at:at + length].decode())
            at += length
        self.rows.append(row)

    def _prepared(self, payload):
        self.statement, columns, parameters = struct.unpack_from("<IHH", payload, 1)
        self._define(parameters, lambda: self._define(columns, self._done))
