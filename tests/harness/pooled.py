"""An application with a pool of one connection, as pools in applications are: it looks at a connection it has kept when it
takes it, makes another when it has been sent away, and gives up at nothing less.

Each adds to a counter of its own, one a transaction, so that what it was told can be compared with what the server has.
"""

import contextlib
import threading

import psycopg
import pymysql
import redis

from .engines import connect

ERRORS = (psycopg.Error, pymysql.MySQLError, redis.RedisError, OSError)
WORDS = {  # beginning, work and end of a transaction; {} is the number of the counter
    "postgresql": ["BEGIN", "UPDATE counters SET value = value + 1 WHERE id = {}", "COMMIT"],
    "mysql": ["BEGIN", "UPDATE counters SET value = value + 1 WHERE id = {}", "COMMIT"],
    "redis": ["MULTI", "INCR counter:{}", "EXEC"]}


class Application(threading.Thread):
    """`keeps`: its connection from transaction to transaction; else it makes one for each."""

    def __init__(self, engine, port, number, keeps, pause=0.02):
        super().__init__(daemon=True)
        self.engine, self.port, self.keeps, self.pause = engine, port, keeps, pause
        self.begin, self.work, self.end = (self._words(text.format(number)) for text in WORDS[engine])
        self.number = number
        self.client = None
        self.may_be_late = 0  # how often it may be sent away between its login and its first word
        self.committed, self.sent_away, self.troubles = 0, [], []
        self.over = threading.Event()

    def _words(self, text):
        return text.split() if self.engine == "redis" else [text]

    def open(self):
        self.client = connect(self.engine, self.port, "1" if self.engine == "redis" else "a")
        return self

    def enter(self):
        """Into a transaction. That a kept connection was closed shows here, before anything was begun."""
        late = 0
        while True:
            kept = self.client is not None
            if not kept:
                self.open()
            try:
                self.client.ask(*self.begin)
                return
            except ERRORS as error:
                self.close()
                late += not kept
                if late > self.may_be_late:
                    raise
                self.sent_away.append(repr(error))

    def leave(self):
        self.client.ask(*self.end)
        self.committed += 1

    def run(self):
        while not self.over.is_set():
            try:
                self.enter()
                self.client.ask(*self.work)
                self.over.wait(self.pause)
                self.leave()
                if not self.keeps:
                    self.close()
            except ERRORS as error:
                self.troubles.append(repr(error))
                self.close()
            self.over.wait(self.pause)

    def close(self):
        client, self.client = self.client, None
        if client is not None:
            with contextlib.suppress(*ERRORS):
                client.close()

    def stop(self):
        self.over.set()
        if self.is_alive():
            self.join(60)
            assert not self.is_alive()
        self.close()
