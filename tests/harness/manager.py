"""What a service manager hears of a service, on a real socket of its kind."""

import contextlib
import queue
import socket
import threading
import time


class Manager:
    def __init__(self, folder):
        self.path = folder / "notify"
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(self.path))
        self.heard, self.said = [], queue.Queue()
        self.thread = threading.Thread(target=self._listen, daemon=True)
        self.thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.thread.join(10)
        self.socket.close()

    def _listen(self):
        """All the time, as a service manager does: its queue is short."""
        while message := self.socket.recv(1000):
            self.said.put(message.decode())

    def environment(self, **more):
        """What the service is started with."""
        return {"NOTIFY_SOCKET": str(self.path), **more}

    def hears(self, wanted, timeout=30):
        """The next message that begins with `wanted`; what comes before it is kept in `heard`."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            with contextlib.suppress(queue.Empty):
                self.heard.append(self.said.get(timeout=max(0.01, deadline - time.monotonic())))
                if self.heard[-1].startswith(wanted):
                    return self.heard[-1]
        raise AssertionError(f"not within {timeout} s: {wanted}; heard {self.heard[-20:]}")

    def listen_for(self, seconds):
        """Everything that is said in that time."""
        said, deadline = [], time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            with contextlib.suppress(queue.Empty):
                said.append(self.said.get(timeout=left))
        return said
