"""What a server itself sees of Weir while something else goes on."""

import threading
import time


class SessionWatch:
    """Looks again and again at how many sessions of anybody but the tests' superuser a server has."""

    def __init__(self, server):
        self.server, self.looks, self.stopped = server, [], threading.Event()
        self.thread = threading.Thread(target=self._look)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stopped.set()
        self.thread.join()

    def _look(self):
        with self.server.connect() as connection:
            while not self.stopped.wait(0.01):
                began = time.monotonic()
                self.looks.append((began, self._count(connection)))

    def _count(self, connection):
        return connection.execute("SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'"
                                  " AND usename IS DISTINCT FROM 'postgres'").fetchone()[0]

    def most(self, since=0.0):
        """In the looks that began at `since` (time.monotonic()) or later; 0 before the first."""
        return max((seen for began, seen in list(self.looks) if began >= since), default=0)


class MysqlSessionWatch(SessionWatch):
    """Those that log in are counted, too. One that five looks in a row have seen counts, and is not "Killed": the
    server still lists a session, as that in the end, after it has closed its socket, longer where the machine is busy."""

    def __init__(self, server):
        super().__init__(server)
        self.before = [set()] * 4
        self.briefly = False  # whether any was seen, were it but once

    def _count(self, connection):
        with connection.cursor() as cursor:
            cursor.execute("SELECT id FROM information_schema.processlist WHERE user NOT IN ('root', 'system user')"
                           " AND command <> 'Killed'")
            seen = {row[0] for row in cursor.fetchall()}
        self.briefly = self.briefly or bool(seen)
        lasting = seen.intersection(*self.before)
        self.before = [*self.before[1:], seen]
        return len(lasting)
