"""TLS between clients and Weir: handshakes of every kind, who is let in, and what is relayed under it."""

import os
import socket
import ssl
import struct
import subprocess
from pathlib import Path

import psycopg
import pytest

from harness import messages
from harness.encrypted import context, listener_tls, raw_tls
from harness.raw import RawClient, Refused
from harness.waiting import until
from harness.weir import PASSWORD, Weir

pytestmark = pytest.mark.sanitized


def test_a_verifying_client_is_served(require, authority, scalar):
    with require.connect(sslmode="verify-full", sslrootcert=authority.crt) as connection:
        assert connection.pgconn.ssl_in_use
        text = "x" * 3_000_000
        assert scalar(connection, "SELECT %s::text", [text]) == text
        assert connection.execute("SELECT generate_series(1, 100000)").fetchall()[-1] == (100000,)
        with connection.cursor().copy("COPY (SELECT repeat('y', 1000) FROM generate_series(1, 5000))"
                                      " TO STDOUT") as copy:
            assert sum(len(part) for part in copy) == 5000 * 1001


def test_psql_is_served(require, authority):
    done = subprocess.run(
        ["psql", "-XAtc", "SELECT 1", f"host=127.0.0.1 port={require.ports['postgresql']} user=app "
         f"password={PASSWORD} dbname=tenant_a sslmode=verify-full sslrootcert={authority.crt}"],
        capture_output=True, text=True, timeout=30)
    assert (done.stdout, done.stderr) == ("1\n", "")


def test_a_client_that_insists_on_channel_binding_is_served(require, authority, allow):
    options = {"sslmode": "verify-full", "sslrootcert": str(authority.crt), "channel_binding": "require"}
    with require.connect(**options) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    with pytest.raises(psycopg.OperationalError, match="channel binding"):
        allow.connect(sslmode="disable", channel_binding="require")


def test_many_clients_at_once(require, scalar):
    clients = [require.connect("tenant_b", sslmode="require") for _ in range(40)]
    for number, client in enumerate(clients):
        assert scalar(client, "SELECT %s::int", [number]) == number
    for client in clients:
        client.close()
    until(lambda: require.value("weir_client_connections", listener="postgresql") == 0,
          lambda: require.admin("/api/v1/clients")[1])


def test_plain_and_encrypted_clients_are_let_in_where_tls_is_allowed(allow, scalar):
    for mode, encrypted in (("disable", False), ("require", True), ("prefer", True)):
        with allow.connect(sslmode=mode) as connection:
            assert connection.pgconn.ssl_in_use is encrypted
            assert scalar(connection, "SELECT 1") == 1


@pytest.mark.parametrize("mode", ["require", "verify"])
def test_plain_clients_are_refused_in_words_where_tls_is_required(mode, request):
    weir = request.getfixturevalue(mode)
    before = weir.metrics()
    with pytest.raises(Refused) as caught:
        RawClient(weir.ports["trusted"]).login()
    assert caught.value.code == "28000"
    assert "encrypted" in str(caught.value)
    assert weir.since(before).value("weir_client_auth_failures_total", reason="method") == 1


def test_without_tls_the_request_is_declined(start_weir, postgres):
    weir = start_weir(postgres)
    with RawClient(weir.ports["trusted"]) as client:
        client.send(messages.SSL_REQUEST)
        assert client.receive(1) == b"N"
        assert client.login().query("SELECT 1") == [["1"]]
    with RawClient(weir.ports["trusted"]) as client:
        client.send(b"\x16\x03\x01\x02\x00")
        assert "TLS" in client.error()["M"]


def test_a_gss_request_is_declined_before_tls_begins(require):
    client = RawClient(require.ports["trusted"])
    client.send(messages.GSS_REQUEST)
    assert client.receive(1) == b"N"
    client.send(messages.SSL_REQUEST)
    assert client.receive(1) == b"S"
    client.socket = context().wrap_socket(client.socket)
    with client:
        assert client.login().query("SELECT 1") == [["1"]]


def test_bytes_in_front_of_the_handshake_are_refused(allow):
    with RawClient(allow.ports["trusted"]) as client:
        client.send(messages.SSL_REQUEST, messages.startup("tenant_a"))
        assert "encryption request" in client.error()["M"]


def test_a_request_for_tls_within_tls_is_refused(allow):
    with raw_tls(allow) as client:
        client.send(messages.SSL_REQUEST)
        assert "encryption request" in client.error()["M"]


def test_tls_from_the_first_byte_needs_our_protocol_in_alpn(require, authority):
    with raw_tls(require, authority, direct=True) as client:
        assert client.socket.selected_alpn_protocol() == "postgresql"
        assert client.login().query("SELECT 1") == [["1"]]
    with raw_tls(require, direct=True, alpn=()) as client:
        with pytest.raises(Refused, match="ALPN"):
            client.login()
    with pytest.raises(ssl.SSLError, match="(?i)no.application.protocol"):
        raw_tls(require, direct=True, alpn=("http/1.1",))


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_old_versions_of_tls_are_refused(require):
    client = RawClient(require.ports["trusted"])
    client.send(messages.SSL_REQUEST)
    assert client.receive(1) == b"S"
    old = context()
    old.set_ciphers("ALL:@SECLEVEL=0")
    old.minimum_version = ssl.TLSVersion.TLSv1
    old.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises(ssl.SSLError):
        old.wrap_socket(client.socket)


def test_what_is_no_handshake_is_counted_and_logged(allow):
    before = allow.metrics()
    with RawClient(allow.ports["trusted"]) as client:
        client.send(messages.SSL_REQUEST)
        assert client.receive(1) == b"S"
        client.send(b"GET / HTTP/1.1\r\n\r\n")
        until(lambda: allow.since(before).value("weir_client_connections_closed_total",
                                                reason="protocol_error") == 1, lambda: allow.log())
    assert "client.tls_failed" in allow.log()


def test_a_handshake_byte_by_byte(require):
    """Every boundary that the network may put between bytes."""
    server = socket.create_connection(("127.0.0.1", require.ports["trusted"]))
    server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    server.sendall(messages.SSL_REQUEST)
    assert server.recv(1) == b"S"
    memory_in, memory_out = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = context().wrap_bio(memory_in, memory_out)

    def exchange(step):
        while True:
            try:
                return step()
            except ssl.SSLWantReadError:
                for byte in memory_out.read():
                    server.sendall(bytes([byte]))
                memory_in.write(server.recv(1 << 16))

    exchange(client.do_handshake)
    client.write(messages.startup("tenant_a"))
    assert exchange(lambda: client.read(1)) == b"R"
    server.close()


def test_a_cancel_is_taken_plain_and_encrypted(require, scalar):
    for direct in (False, True):
        with require.connect(sslmode="require") as connection:
            client = raw_tls(require, direct=direct).login()
            client.send(messages.query("SELECT pg_sleep(60)"))
            until(lambda: '"active"' in require.admin("/api/v1/clients")[1], lambda: require.log())
            if direct:
                client.cancel()
            else:
                with raw_tls(require) as other:
                    other.send(messages.cancel_request(*client.key))
                    assert other.socket.recv(1) == b""
            assert client.error()["C"] == "57014"
            client.close()
            assert scalar(connection, "SELECT 1") == 1


@pytest.mark.skipif(os.geteuid() != 0, reason="needs a second account")
def test_its_memory_is_nobody_elses(folder, postgres):
    """A process that may not be dumped or traced belongs to root in /proc, whoever runs it."""
    nobody = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")
    weir = Weir(folder / "nobody", postgres)
    weir.folder.chmod(0o777)
    weir.start(wrapper=nobody)
    try:
        assert "Uid:\t65534" in Path(f"/proc/{weir.pid}/status").read_text()
        assert os.stat(f"/proc/{weir.pid}/mem").st_uid == 0
    finally:
        weir.stop()


def test_both_sides_encrypted(start_weir, start_postgres, authority, pair, scalar):
    certificate, key = authority.sign("both", owner="postgres")
    server = start_postgres(["tenant_a"], ssl="on", ssl_cert_file=certificate, ssl_key_file=key)
    weir = start_weir(server, listen=listener_tls(pair, "require"),
                      upstream={"tls": {"mode": "verify-full", "ca": str(authority.crt)}})
    with weir.connect(sslmode="require") as connection:
        assert scalar(connection, "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()") is True
        rows = connection.execute("SELECT repeat('z', 10000) FROM generate_series(1, 500)").fetchall()
        assert len(rows) == 500


def test_a_slow_reader_bounds_what_is_kept_for_it(require):
    """Back-pressure reaches through both relays: the server can't run ahead of the client."""
    with raw_tls(require) as client:
        client.login()
        client.send(messages.query("SELECT repeat('x', 1000000) FROM generate_series(1, 60)"))
        kind, body = client.next()
        received = 0
        while kind != b"Z":
            received += len(body) if kind == b"D" else 0
            kind, body = client.next()
        assert received == 60 * (1_000_000 + struct.calcsize("!hi"))
