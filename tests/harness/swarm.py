"""Thousands of PostgreSQL clients in one thread: asyncio, text results, nothing that is not needed.

A Client logs in by trust or SCRAM-SHA-256 and asks one thing at a time.
"""

import asyncio
import struct

from . import messages
from .raw import Refused
from .scram import Exchange


class Lost(ConnectionError):
    """The connection ended before the answer did."""


class Client(asyncio.Protocol):
    def __init__(self, user, database, password=None, **options):
        self.startup = messages.startup(database, user, **options)
        self.password = password
        self.scram = None
        self.transport = None
        self.buffer = bytearray()
        self.waiting = asyncio.get_running_loop().create_future()
        self.lost = asyncio.get_running_loop().create_future()
        self.rows, self.error, self.status = [], None, None
        self.key = None  # of its cancel requests: process and secret
        self.farewell = None  # an error that nothing was asked for

    @classmethod
    async def open(cls, port, database, user="app", password=None, source=None, **options):
        loop = asyncio.get_running_loop()
        _, client = await loop.create_connection(
            lambda: cls(user, database, password, **options), "127.0.0.1", port,
            local_addr=(source, 0) if source else None)
        await client.waiting
        return client

    async def ask(self, *parts):
        """The rows of everything up to ReadyForQuery; Refused or Lost otherwise."""
        if self.transport is None or self.lost.done():
            raise self.farewell or Lost("not connected")
        self.waiting = asyncio.get_running_loop().create_future()
        self.rows, self.error = [], None
        self.transport.write(b"".join(parts))
        return await self.waiting

    async def query(self, statement):
        return await self.ask(messages.query(statement))

    def close(self):
        if self.transport:
            self.transport.close()

    def abort(self):
        if self.transport:
            self.transport.abort()

    # -- called by the loop

    def connection_made(self, transport):
        self.transport = transport
        transport.write(self.startup)

    def connection_lost(self, cause):
        if not self.lost.done():
            self.lost.set_result(cause)
        if not self.waiting.done():
            self.waiting.set_exception(self.error or self.farewell or Lost(str(cause or "end of file")))

    def data_received(self, data):
        self.buffer += data
        offset, end = 0, len(self.buffer)
        while end - offset >= 5:
            length = struct.unpack_from("!i", self.buffer, offset + 1)[0]
            if end - offset < length + 1:
                break
            body = bytes(self.buffer[offset + 5:offset + length + 1])
            self._message(self.buffer[offset:offset + 1], body)
            offset += length + 1
        del self.buffer[:offset]

    def _message(self, kind, body):
        if kind == b"D":
            self.rows.append(messages.data_row(body))
        elif kind == b"E":
            self.error = Refused(messages.error_fields(body))
            if self.waiting.done():
                self.farewell = self.error
        elif kind == b"R":
            self._authenticate(body)
        elif kind == b"K":
            self.key = (struct.unpack_from("!i", body)[0], body[4:])
        elif kind == b"Z":
            self.status = body.decode()
            if not self.waiting.done():
                if self.error:
                    self.waiting.set_exception(self.error)
                else:
                    self.waiting.set_result(self.rows)

    def _authenticate(self, body):
        step = struct.unpack_from("!i", body)[0]
        if step == 10:
            self.scram = Exchange(self.password)
            first = self.scram.first()
            answer = messages.text("SCRAM-SHA-256") + struct.pack("!i", len(first)) + first
            self.transport.write(messages.message(b"p", answer))
        elif step == 11:
            self.transport.write(messages.message(b"p", self.scram.final(body[4:])))
        elif step == 12:
            self.scram.verify(body[4:])


async def cancel(port, key):
    """Sends a CancelRequest and waits for the end of its connection, which is all the answer there is."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(messages.cancel_request(*key))
    answer = await reader.read()
    writer.close()
    assert answer == b"", "a CancelRequest is never answered"


async def open_many(count, opener, at_once=64):
    """[await opener(i) for i in range(count)], some at a time."""
    gate = asyncio.Semaphore(at_once)

    async def one(number):
        async with gate:
            return await opener(number)

    return await asyncio.gather(*(one(number) for number in range(count)))


def close_all(clients):
    for client in clients:
        client.abort()
