"""A TCP proxy that spoils things: resets, stalls, latency, half-closes, garbage, single bytes.

Runs in a thread of its own; tests change its behaviour at any time. Directions: "up" is from the one
who connected to the one behind, "down" is back.
"""

import asyncio
import socket
import struct
import threading

from harness.waiting import free_port

DIRECTIONS = ("up", "down")


class Link:
    """One proxied connection."""

    def __init__(self, near, far):
        self.streams = {"up": (near[0], far[1]), "down": (far[0], near[1])}

    def write(self, direction, data):
        self.streams[direction][1].write(data)

    def half_close(self, direction):
        """Whoever receives in that direction sees the end of input and may still send."""
        self.streams[direction][1].write_eof()

    def end(self, reset):
        for _, writer in self.streams.values():
            sock = writer.get_extra_info("socket")
            if reset and sock is not None and sock.fileno() >= 0:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()


class FaultProxy:
    def __init__(self, port_behind):
        self.port_behind = port_behind
        self.port = free_port()
        self.links = []
        self.accepted = 0
        self.latency = {"up": 0.0, "down": 0.0}  # seconds, for each piece
        self.piece = {"up": 1 << 16, "down": 1 << 16}  # bytes, at most, sent at once
        self.swallow = {"up": False, "down": False}  # read and thrown away
        self.refusing = False  # accepts and closes at once
        self.passed = {"up": 0, "down": 0}

    def __enter__(self):
        self.loop = asyncio.new_event_loop()
        self.flowing = {}
        ready = threading.Event()
        self.thread = threading.Thread(target=self._serve, args=(ready,))
        self.thread.start()
        ready.wait(10)
        return self

    def __exit__(self, *_):
        self.loop.call_soon_threadsafe(self.stopped.set)
        self.thread.join()

    # -- for tests; each has taken effect when it returns

    def stall(self, direction):
        """Nothing is read in that direction until resume()."""
        self._do(self.flowing[direction].clear)

    def resume(self):
        for direction in DIRECTIONS:
            self._do(self.flowing[direction].set)

    def reset(self):
        self._do(lambda: [link.end(reset=True) for link in self.links])

    def close(self):
        self._do(lambda: [link.end(reset=False) for link in self.links])

    def half_close(self, direction):
        self._do(lambda: [link.half_close(direction) for link in self.links])

    def inject(self, direction, data):
        self._do(lambda: [link.write(direction, data) for link in self.links])

    # -- in its thread

    def _do(self, action):
        async def carried_out():
            action()
            await asyncio.sleep(0)  # what is aborted is closed in the next turn

        asyncio.run_coroutine_threadsafe(carried_out(), self.loop).result(10)

    def _serve(self, ready):
        asyncio.set_event_loop(self.loop)
        self.loop.run_until_complete(self._main(ready))
        self.loop.close()

    async def _main(self, ready):
        self.stopped = asyncio.Event()
        self.flowing = {direction: asyncio.Event() for direction in DIRECTIONS}
        for event in self.flowing.values():
            event.set()
        server = await asyncio.start_server(self._accept, "127.0.0.1", self.port, limit=1 << 16)
        ready.set()
        await self.stopped.wait()
        server.close()
        for link in list(self.links):
            link.end(reset=False)
        others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _accept(self, reader, writer):
        self.accepted += 1
        if self.refusing:
            writer.transport.abort()
            return
        try:
            far = await asyncio.open_connection("127.0.0.1", self.port_behind, limit=1 << 16)
        except OSError:
            writer.transport.abort()
            return
        link = Link((reader, writer), far)
        self.links.append(link)
        try:
            await asyncio.gather(*(self._pump(link, direction) for direction in DIRECTIONS))
        finally:
            self.links.remove(link)
            link.end(reset=False)

    async def _pump(self, link, direction):
        reader, writer = link.streams[direction]
        try:
            while data := await reader.read(1 << 16):
                await self.flowing[direction].wait()
                if self.latency[direction]:
                    await asyncio.sleep(self.latency[direction])
                if self.swallow[direction]:
                    continue
                self.passed[direction] += len(data)
                size = self.piece[direction]
                for start in range(0, len(data), size):
                    writer.write(data[start:start + size])
                    await writer.drain()
                    if size < 1 << 16:
                        await asyncio.sleep(0)
            await self.flowing[direction].wait()
            writer.write_eof()
        except (ConnectionError, OSError, RuntimeError):
            link.end(reset=True)
