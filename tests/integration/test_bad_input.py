"""Whatever strangers send: each gets an error or is closed in time, memory stays flat, nobody notices."""

import asyncio
import os
import random
import statistics
import struct
import threading
import time

import pytest

from harness import messages as m
from harness.processes import resident_kib
from harness.raw import RawClient
from harness.waiting import until
from harness.weir import sanitized

pytestmark = pytest.mark.sanitized
LOGIN_TIMEOUT = 2


@pytest.fixture(scope="module")
def weir(start_module_weir, postgres):
    return start_module_weir(postgres, listen={"login_timeout": f"{LOGIN_TIMEOUT}s"})


def garbage(chooser):
    return chooser.randbytes(chooser.randrange(1, 3000))


def truncated(chooser):
    whole = m.startup("tenant_a", options="-c work_mem=1MB")
    return whole[:chooser.randrange(1, len(whole) - 1)]


def giant(_):
    return struct.pack("!ii", 1 << 30, m.PROTOCOL_3) + b"user\0app\0"


def silent(_):
    return b""


def negative(_):
    return struct.pack("!ii", -1, m.PROTOCOL_3)


def tiny(chooser):
    return struct.pack("!i", chooser.randrange(0, 8)) + b"\0\0\0\0"


def http(_):
    return b"GET / HTTP/1.1\r\nHost: example\r\n\r\n"


def tls(chooser):
    return b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + chooser.randbytes(200)


KINDS = [garbage, truncated, giant, silent, negative, tiny, http, tls]


class Bystander:
    """An ordinary client whose waits are watched while the storm goes on."""

    def __init__(self, weir):
        self.client = RawClient(weir.ports["trusted"]).login("tenant_a")
        self.times, self.stopped = [], threading.Event()
        self.failure = None
        self.thread = threading.Thread(target=self._ask)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stopped.set()
        self.thread.join()
        self.client.close()

    def _ask(self):
        try:
            while not self.stopped.wait(0.005):
                asked = time.monotonic()
                assert self.client.query("SELECT 1") == [["1"]]
                self.times.append(time.monotonic() - asked)
        except Exception as failure:  # shown by the test, which can't see this thread's
            self.failure = failure


async def storm(port, count, at_once):
    """`count` strangers, each of whom is let go of in time."""
    gate = asyncio.Semaphore(at_once)

    async def stranger(number):
        chooser = random.Random(number)
        async with gate:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                writer.write(KINDS[number % len(KINDS)](chooser))
                await asyncio.wait_for(reader.read(-1), LOGIN_TIMEOUT + 30)
            except (ConnectionError, OSError) as error:
                if isinstance(error, TimeoutError):
                    raise
            finally:
                writer.transport.abort()

    await asyncio.gather(*(stranger(number) for number in range(count)))


def test_a_storm_of_strangers(weir, size):
    port = weir.ports["postgresql"]
    asyncio.run(storm(port, 1600, 800))  # the allocator keeps what it once needed
    before = resident_kib(weir.pid)
    with Bystander(weir) as bystander:
        asyncio.run(storm(port, size(10_000, 40_000), 2000))
    assert bystander.failure is None
    assert len(bystander.times) > 50 and statistics.median(bystander.times) < 1
    if not sanitized():
        assert resident_kib(weir.pid) - before < 16 * 1024
    until(lambda: weir.value("weir_client_connections", listener="postgresql") == 0, "all gone")
    scrape = weir.metrics()
    opened = scrape.value("weir_client_connections_opened_total", listener="postgresql")
    assert opened == scrape.value("weir_client_connections_closed_total", listener="postgresql")
    assert scrape.value("weir_pool_connections", state="used") == 0


@pytest.mark.parametrize("kind", [garbage, giant, negative, tiny, http, tls], ids=lambda kind: kind.__name__)
def test_what_can_be_told_wrong_is_refused_at_once(weir, kind):
    until(lambda: weir.value("weir_client_connections", listener="postgresql") == 0, "nobody else there")
    before = weir.metrics()
    with RawClient(weir.ports["postgresql"]) as stranger:
        stranger.send(b"\x00\x00\x00\x08garb" if kind is garbage else kind(random.Random(1)))
        try:
            stranger.socket.recv(1000)
            assert stranger.closed()
        except ConnectionError:
            pass
    until(lambda: weir.value("weir_client_connections", listener="postgresql") == 0, "counted")
    assert weir.since(before).value("weir_client_connections_closed_total", reason="timeout") == 0


@pytest.mark.parametrize("length", [-1, -2147483648, 0, 3, 2147483647])
def test_a_logged_in_client_that_announces_nonsense(weir, length):
    with RawClient(weir.ports["trusted"]).login("tenant_a") as client, \
            RawClient(weir.ports["trusted"]).login("tenant_a") as other:
        client.send(b"Q" + struct.pack("!i", length) + b"SELECT 1\0")
        if length < 4:
            assert client.error()["C"] == "08P01"
            assert client.closed()
        assert other.query("SELECT 1") == [["1"]]
    until(lambda: weir.value("weir_pool_connections", state="used") == 0, "nothing left in use")


@pytest.mark.parametrize("seed", range(20))
def test_random_bytes_after_login(weir, seed):
    """Real types with random bodies: the server may answer errors, nobody may be confused."""
    chooser = random.Random(seed)
    with RawClient(weir.ports["trusted"], timeout=5).login("tenant_a") as client:
        try:
            for _ in range(30):
                kind = bytes([chooser.choice(b"QPBDECSHFdcfpX~")])
                client.send(m.message(kind, chooser.randbytes(chooser.randrange(0, 60))))
        except ConnectionError:
            pass
    with RawClient(weir.ports["trusted"]).login("tenant_a") as other:
        for number in range(5):
            assert other.query(f"SELECT {number}") == [[str(number)]]
            assert other.rows(m.extended("SELECT $1", number)) == [[str(number)]]


def test_a_password_message_of_a_gibibyte(weir):
    with RawClient(weir.ports["postgresql"]) as client:
        client.send(m.startup("tenant_a"))
        client.until(b"R")
        client.send(b"p" + struct.pack("!i", 1 << 30) + os.urandom(1000))
        assert client.closed()


def test_many_start_up_parameters(weir):
    before = resident_kib(weir.pid)
    with RawClient(weir.ports["trusted"]) as client:
        client.send(m.startup("tenant_a", **{f"my.option{number}": "x" * 50 for number in range(5000)}))
        assert client.closed()
    if not sanitized():
        assert resident_kib(weir.pid) - before < 8 * 1024
