"""Versions of the protocol: which are spoken, what is negotiated, and the cancel keys of each."""

import struct
import threading

import pytest

from harness import messages
from harness.raw import RawClient
from harness.waiting import until

pytestmark = pytest.mark.sanitized


def login_with(weir, minor, **options):
    """(NegotiateProtocolVersion's body or None, the client, logged in)"""
    client = RawClient(weir.ports["trusted"])
    client.send(messages.startup("tenant_a", protocol=3 << 16 | minor, **options))
    negotiated = None
    for kind, body in client.until_ready():
        if kind == b"v":
            negotiated = body
        elif kind == b"K":
            client.key = (struct.unpack_from("!i", body)[0], body[4:])
    return negotiated, client


@pytest.mark.parametrize("minor, size", [(0, 4), (1, 4), (2, 32)])
def test_versions_that_are_spoken_are_not_negotiated(weir, minor, size):
    negotiated, client = login_with(weir, minor)
    with client:
        assert negotiated is None
        assert len(client.key[1]) == size
        assert client.query("SELECT 1") == [["1"]]


def test_a_newer_version_becomes_3_2(weir):
    negotiated, client = login_with(weir, 7, **{"_pq_.novelty": "1"})
    with client:
        assert negotiated == struct.pack("!ii", 3 << 16 | 2, 1) + b"_pq_.novelty\0"
        assert len(client.key[1]) == 32


def test_an_unknown_option_leaves_the_version(weir):
    negotiated, client = login_with(weir, 0, **{"_pq_.novelty": "1"})
    with client:
        assert negotiated == struct.pack("!ii", 3 << 16, 1) + b"_pq_.novelty\0"
        assert len(client.key[1]) == 4


def test_a_long_key_cancels_and_only_the_whole_one(weir, postgres):
    _, client = login_with(weir, 2)
    process, secret = client.key
    with client:
        client.send(messages.query("SELECT pg_sleep(30)"))
        until(lambda: postgres.sessions("query LIKE '%pg_sleep(30)%'") == 1, "it runs")
        for wrong in (secret[:4], secret[:-1] + bytes([secret[-1] ^ 1]), secret + b"\0", secret * 8):
            client.key = (process, wrong)
            client.cancel()
        timer = threading.Timer(0.3, lambda: None)  # what those would have done comes first
        timer.start()
        timer.join()
        assert postgres.sessions("query LIKE '%pg_sleep(30)%' AND state = 'active'") == 1
        client.key = (process, secret)
        client.cancel()
        assert client.error()["C"] == "57014"
