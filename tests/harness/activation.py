"""Starts a program as systemd does by a socket unit: with sockets that listen already.

    python3 activation.py NAME=PORT|NAME=/PATH… -- PROGRAM ARGUMENTS…
"""

import os
import socket
import sys

FIRST = 3


def main(words):
    passed, program = words[:words.index("--")], words[words.index("--") + 1:]
    sockets, names = [], []
    for name, _, where in (word.partition("=") for word in passed):
        unix = where.startswith("/")
        listening = socket.socket(socket.AF_UNIX if unix else socket.AF_INET)
        if not unix:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(where if unix else ("127.0.0.1", int(where)))
        listening.listen(128)
        sockets.append(listening)
        names.append(name)
    # Out of the way first, so that none is overwritten before it is moved.
    moved = [os.dup2(each.fileno(), FIRST + 100 + at, inheritable=False) for at, each in enumerate(sockets)]
    for at, descriptor in enumerate(moved):
        os.dup2(descriptor, FIRST + at)
    os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS=str(len(sockets)),
                      LISTEN_FDNAMES=":".join(names))
    os.execv(program[0], program)


if __name__ == "__main__":
    main(sys.argv[1:])
