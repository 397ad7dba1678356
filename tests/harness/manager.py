"""What a service manager hears of a service, on a real socket of its kind."""

import contextlib
import socket
import time


class Manager:
    def __init__(self, folder):
        self.path = folder / "notify"
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(self.path))
        self.heard = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def environment(self, **more):
        """What the service is started with."""
        return {"NOTIFY_SOCKET": str(self.path), **more}

    def hears(self, wanted, timeout=30):
        """The next message that begins with `wanted`; what comes before it is kept in `heard`."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            self.socket.settimeout(max(0.01, deadline - time.monotonic()))
            with contextlib.suppress(TimeoutError):
                self.heard.append(self.socket.recv(1000).decode())
                if self.heard[-1].startswith(wanted):
                    return self.heard[-1]
        raise AssertionError(f"not within {timeout} s: {wanted}; heard {self.heard[-20:]}")

    def listen_for(self, seconds):
        """Everything that is said in that time."""
        said, deadline = [], time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            self.socket.settimeout(left)
            with contextlib.suppress(TimeoutError):
                said.append(self.socket.recv(1000).decode())
        return said
