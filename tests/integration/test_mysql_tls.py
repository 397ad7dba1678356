"""TLS on both sides of MySQL: between Weir and the server, and between clients and Weir."""

import socket
import ssl
import struct

import pymysql
import pytest

from faults.proxy import FaultProxy
from harness.certificates import Authority
from harness.encrypted import context, listener_tls
from harness.mysql_raw import RawMysql
from harness.scram import verifier
from harness.waiting import until

pytestmark = [pytest.mark.sanitized, pytest.mark.long]

ENCRYPTED = "SELECT variable_value <> '' FROM information_schema.session_status WHERE variable_name = 'Ssl_cipher'"
BRIEF = [{"name": "tenants", "match": "tenant_{tenant}", "acquire_timeout": "3s"}]
PATIENT = {"failures": 10000, "open_for": "1s", "max_open_for": "1s"}


def value(connection, statement, parameters=None):
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return cursor.fetchone()[0]


def over(server, mode, host="127.0.0.1", **tls):
    return {"address": f"{host}:{server.port}", "breaker": PATIENT,
            "tls": {"mode": mode, **{name: str(path) for name, path in tls.items()}}}


@pytest.fixture(scope="module")
def server(start_module_mariadb, authority):
    return start_module_mariadb(["tenant_a"], tls=authority.sign("server", owner="mysql"),
                                ssl_ca=authority.crt)


# -- to the server


@pytest.fixture
def refused(start_mysql_weir):
    """refused(server, upstream, words): clients are told `words`, which are logged; all failures count as TLS's."""
    def check(server, upstream, words):
        weir = start_mysql_weir(server, upstream=upstream, pool=BRIEF)
        with weir.mysql() as connection, pytest.raises(pymysql.MySQLError) as caught:
            value(connection, "SELECT 1")
        assert words in caught.value.args[1]
        scrape = weir.metrics()
        assert scrape.value("weir_connection_create_failures_total", reason="tls") == \
            scrape.value("weir_connection_create_failures_total") > 0
        assert any("reason=tls" in line and words in line for line in weir.log().splitlines())
        until(lambda: not server.sessions("user = 'app'"), "none is let in")
    return check


@pytest.mark.parametrize("mode", ["disable", "prefer", "require", "verify-ca", "verify-full"])
def test_each_mode_connects_as_it_says(start_mysql_weir, server, authority, mode):
    extra = {"ca": authority.crt} if mode.startswith("verify") else {}
    weir = start_mysql_weir(server, upstream=over(server, mode, **extra))
    with weir.mysql() as connection:
        assert value(connection, ENCRYPTED) == (mode != "disable")
        # More than a record, than a socket's buffer and than the marks of back-pressure, both ways.
        text = "x" * 3_000_000
        assert value(connection, "SELECT %s", [text]) == text
        with connection.cursor() as cursor:
            cursor.execute("SELECT seq FROM seq_1_to_100000")
            assert cursor.fetchall()[-1] == (100000,)
    assert weir.value("weir_connection_create_failures_total") == 0, weir.log()


def test_prefer_takes_what_a_server_without_tls_offers(start_mysql_weir, mariadb):
    weir = start_mysql_weir(mariadb, upstream={"tls": {"mode": "prefer"}})
    with weir.mysql() as connection:
        assert value(connection, ENCRYPTED) == 0


@pytest.mark.parametrize("mode", ["require", "verify-ca", "verify-full"])
def test_server_without_tls_is_refused(refused, mariadb, authority, mode):
    extra = {"ca": authority.crt} if mode != "require" else {}
    refused(mariadb, over(mariadb, mode, **extra), "the server does not support TLS")


@pytest.mark.parametrize("mode", ["require", "verify-ca", "verify-full"])
def test_server_without_tls_is_not_told_the_account(start_mysql_weir, authority, mode):
    """Not even a proof of the password goes to one that might be anybody."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(20)
        extra = {"ca": str(authority.crt)} if mode != "require" else {}

        class Pretender:
            port = listener.getsockname()[1]
        weir = start_mysql_weir(Pretender, pool=BRIEF, upstream=over(Pretender, mode, **extra))
        with weir.mysql() as connection:
            connection._execute_command(3, "SELECT 1")
            client, _ = listener.accept()
            with client:
                client.settimeout(20)
                greeting = (b"\x0a8.0.36\0" + struct.pack("<I", 7) + b"abcdefgh\0" + b"\xff\xf7"
                            + b"\x2d\x02\0" + b"\xff\x81\x15" + b"\0" * 10 + b"ijklmnopqrst\0"
                            + b"mysql_native_password\0")
                client.sendall(len(greeting).to_bytes(3, "little") + b"\0" + greeting)
                assert client.recv(1000) == b""


@pytest.mark.parametrize("mode", ["verify-ca", "verify-full", "require"])
def test_server_of_another_authority_is_refused(refused, server, folder, mode):
    other = Authority(folder / f"mysql-other-{mode}", name="somebody else")
    refused(server, over(server, mode, ca=other.crt), "self-signed certificate in certificate chain")


def test_server_that_is_far_away_is_reached(start_mysql_weir, server):
    with FaultProxy(server.port) as proxy:
        proxy.latency["down"] = 0.1
        weir = start_mysql_weir(server, pool=[{**BRIEF[0], "acquire_timeout": "30s"}],
                                upstream={"address": f"127.0.0.1:{proxy.port}", "tls": {"mode": "require"}})
        with weir.mysql() as connection:
            assert value(connection, "SELECT 1") == 1
        assert weir.value("weir_connection_create_failures_total", pool="tenants", reason="tls") == 0


@pytest.mark.parametrize("mode", ["verify-ca", "verify-full", "require"])
def test_expired_certificate_is_refused(refused, start_mariadb, authority, mode):
    server = start_mariadb(["tenant_a"], tls=authority.sign(f"expired-{mode}", days=-1, owner="mysql"))
    refused(server, over(server, mode, ca=authority.crt), "certificate has expired")


def test_certificate_of_another_host_is_refused_where_the_host_counts(refused, start_mysql_weir,
                                                                     start_mariadb, authority):
    pair = authority.sign("elsewhere", "/CN=elsewhere", "DNS:elsewhere", owner="mysql")
    server = start_mariadb(["tenant_a"], tls=pair)
    refused(server, over(server, "verify-full", "localhost", ca=authority.crt),
            "it is not for host")
    weir = start_mysql_weir(server, upstream=over(server, "verify-ca", "localhost", ca=authority.crt))
    with weir.mysql() as connection:
        assert value(connection, ENCRYPTED) == 1


def test_certificate_is_compared_with_the_name_and_not_with_its_address(start_mysql_weir, start_mariadb,
                                                                       authority):
    pair = authority.sign("by-name", "/CN=localhost", "DNS:localhost", owner="mysql")
    server = start_mariadb(["tenant_a"], tls=pair)
    weir = start_mysql_weir(server, upstream=over(server, "verify-full", "localhost", ca=authority.crt))
    with weir.mysql() as connection:
        assert value(connection, ENCRYPTED) == 1


def test_account_that_needs_tls_is_told_so_without(start_mysql_weir, start_mariadb, authority):
    server = start_mariadb(["tenant_a"], tls=authority.sign("strict", owner="mysql"))
    server.execute("ALTER USER app@'%' REQUIRE SSL")
    weir = start_mysql_weir(server, upstream=over(server, "disable"), pool=BRIEF)
    with weir.mysql() as connection, pytest.raises(pymysql.MySQLError, match="Access denied"):
        value(connection, "SELECT 1")
    weir = start_mysql_weir(server, upstream=over(server, "require"))
    with weir.mysql() as connection:
        assert value(connection, ENCRYPTED) == 1


def test_client_certificate_is_shown_to_the_server(start_mysql_weir, server, authority):
    server.add_user("certified", "certified-secret", "REQUIRE SUBJECT '/CN=weir'")
    own, own_key = authority.sign("weir-own", "/CN=weir", names="")
    pool = [{"name": "tenants", "match": "tenant_{tenant}", "user": "certified",
             "password": "certified-secret"}]
    weir = start_mysql_weir(server, pool=pool, upstream=over(server, "require", cert=own, key=own_key))
    with weir.mysql() as connection:
        assert value(connection, ENCRYPTED) == 1
    bare = start_mysql_weir(server, pool=pool, upstream=over(server, "require"))
    with bare.mysql() as connection, pytest.raises(pymysql.MySQLError, match="Access denied"):
        value(connection, "SELECT 1")


def test_server_that_stops_in_the_handshake_is_given_up_in_time(start_mysql_weir, authority):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        class Staller:
            port = listener.getsockname()[1]
        weir = start_mysql_weir(Staller, pool=[{**BRIEF[0], "acquire_timeout": "20s"}],
                                upstream={**over(Staller, "require"), "connect_timeout": "1s"})
        with weir.mysql() as connection:
            connection._execute_command(3, "SELECT 1")
            client, _ = listener.accept()
            with client:
                greeting = (b"\x0a8.0.36\0" + struct.pack("<I", 7) + b"abcdefgh\0" + b"\xff\xff"
                            + b"\x2d\x02\0" + b"\xff\x81\x15" + b"\0" * 10 + b"ijklmnopqrst\0"
                            + b"mysql_native_password\0")
                client.sendall(len(greeting).to_bytes(3, "little") + b"\0" + greeting)
                until(lambda: weir.value("weir_connection_create_failures_total") > 0, lambda: weir.log(),
                      timeout=20)
        assert weir.command("status").returncode == 0


# -- from clients


@pytest.fixture(scope="module")
def allow(start_module_mysql_weir, server, pair):
    return start_module_mysql_weir(server, listen=listener_tls(pair, "allow"))


@pytest.fixture(scope="module")
def require(start_module_mysql_weir, server, pair):
    return start_module_mysql_weir(server, listen=listener_tls(pair, "require"))


@pytest.fixture(scope="module")
def verify(start_module_mysql_weir, server, pair, authority):
    return start_module_mysql_weir(server, listen=listener_tls(pair, "verify", ca=authority.crt))


def test_client_is_served_encrypted_and_plain_where_it_may_choose(allow, authority):
    with allow.mysql(ssl={"ca": str(authority.crt), "check_hostname": True}) as connection:
        assert isinstance(connection._sock, ssl.SSLSocket)
        text = "x" * 3_000_000
        assert value(connection, "SELECT %s", [text]) == text
    with allow.mysql() as connection:
        assert not isinstance(connection._sock, ssl.SSLSocket)
        assert value(connection, "SELECT 1") == 1


def test_plain_client_is_refused_where_tls_is_required(require, authority):
    before = require.metrics()
    with pytest.raises(pymysql.MySQLError) as caught:
        require.mysql()
    assert caught.value.args[0] == 3159 and "encrypted connections only" in caught.value.args[1]
    assert require.since(before).value("weir_client_auth_failures_total", reason="method") == 1
    with require.mysql(ssl={"ca": str(authority.crt)}) as connection:
        assert value(connection, "SELECT 1") == 1


def test_certificates_name_must_be_the_users(verify, authority):
    certificate, key = authority.sign("app", "/CN=app", names="")
    trusted = {"ca": str(authority.crt), "cert": str(certificate), "key": str(key)}
    with verify.mysql(ssl=trusted) as connection:
        assert value(connection, "SELECT 1") == 1
    other, other_key = authority.sign("other", "/CN=somebody", names="")
    with pytest.raises(pymysql.MySQLError) as caught:
        verify.mysql(ssl={**trusted, "cert": str(other), "key": str(other_key)})
    assert caught.value.args[0] == 1045 and 'that of "somebody"' in caught.value.args[1]
    with pytest.raises((pymysql.MySQLError, ssl.SSLError)):
        verify.mysql(ssl={"ca": str(authority.crt)})


def test_verifying_client_refuses_a_listener_of_another_authority(require, folder):
    unknown = Authority(folder / "mysql-unknown", name="unknown")
    with pytest.raises((pymysql.MySQLError, ssl.SSLError), match="certificate verify failed"):
        require.mysql(ssl={"ca": str(unknown.crt)})


def greeted(port):
    """A RawMysql that has read the greeting only."""
    client = RawMysql.__new__(RawMysql)
    client.socket = socket.create_connection(("127.0.0.1", port), timeout=20)
    client.read()
    return client


TLS_REQUEST = struct.pack("<IIB23x", 0x0f_aa0d | 1 << 19, 1 << 24, 45)


def test_password_itself_is_read_under_tls(start_mysql_weir, server, pair, authority):
    weir = start_mysql_weir(server, listen=listener_tls(pair, "require"),
                            user=[{"name": "app", "scram": verifier("proven-secret")}])
    with weir.mysql(password="proven-secret", ssl={"ca": str(authority.crt)}) as connection:
        assert value(connection, "SELECT 1") == 1
    with pytest.raises(pymysql.MySQLError, match="1045"):
        weir.mysql(password="wrong", ssl={"ca": str(authority.crt)})


def test_handshake_may_come_with_the_request_for_it(allow, authority):
    with greeted(allow.ports["mysql"]) as client:
        client.write(TLS_REQUEST)
        client.socket = context(authority, alpn=()).wrap_socket(client.socket, server_hostname="127.0.0.1")
        client.sequence = 2
        client.write(TLS_REQUEST + b"nobody\0\0tenant_a\0")
        assert client.read()[0] in (0xfe, 0xff)


def test_words_after_the_request_are_not_taken_for_said_under_tls(allow):
    with greeted(allow.ports["mysql"]) as client:
        client.write(TLS_REQUEST)
        client.sequence = 2
        client.write(TLS_REQUEST + b"app\0\0tenant_a\0")
        ended = b""
        while part := client.socket.recv(1000):
            ended += part
        assert ended[:1] in (b"", b"\x15"), "an alert at most"


def test_request_for_tls_comes_once(allow, authority):
    with greeted(allow.ports["mysql"]) as client:
        client.write(TLS_REQUEST)
        client.socket = context(authority, alpn=()).wrap_socket(client.socket, server_hostname="127.0.0.1")
        client.sequence = 2
        client.write(TLS_REQUEST)
        answer = client.read()
        assert answer[0] == 0xff and answer[1:3] == struct.pack("<H", 1043)
