"""Greeting and authentication of MySQL clients, from the first byte to the OK."""

import hashlib
import socket
import struct

import pymysql
import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding

from harness.mariadb import CLIENT_PASSWORD
from harness.mysql_raw import RawMysql, ServerError
from harness.peers import HaProxy
from harness.scram import verifier
from harness.waiting import until

pytestmark = pytest.mark.sanitized

NATIVE, SHA2 = b"mysql_native_password", b"caching_sha2_password"
IS_MYSQL, COMPRESS, TLS, SESSION_TRACK, QUERY_ATTRIBUTES = 1, 1 << 5, 1 << 11, 1 << 23, 1 << 27


@pytest.fixture(scope="module")
def weir(start_module_mysql_weir, mariadb):
    return start_module_mysql_weir(
        mariadb,
        pool=[{"name": "tenants", "match": "tenant_{tenant}"},
              {"name": "private", "match": "private", "database": "tenant_a"},
              {"name": "nothing", "match": "", "database": "tenant_b"},
              {"name": "own", "match": "own", "database": "tenant_c", "user": "", "password": ""}],
        user=[{"name": "app", "password": CLIENT_PASSWORD},
              {"name": "narrow", "password": "narrow-secret", "pools": ["tenants"], "tenants": ["b"]},
              {"name": "few", "password": "few-secret", "max_clients": 2},
              {"name": "proven", "scram": verifier("proven-secret")}],
        listen={"login_timeout": "30s"})


def refusal(weir, **parameters):
    with pytest.raises(pymysql.MySQLError) as caught:
        weir.mysql(**parameters)
    return caught.value.args


def failures(weir, before, reason):
    return weir.since(before).value("weir_client_auth_failures_total", reason=reason)


def value(connection, statement):
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchone()[0]


class Newcomer(RawMysql):
    """A client that has read the greeting and said nothing yet."""

    def __init__(self, port=None, path=None):
        if path:
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.settimeout(20)
            self.socket.connect(path)
        else:
            self.socket = socket.create_connection(("127.0.0.1", port), timeout=20)
        self.greeting = self.read()
        if self.greeting[0] == 0xff:
            raise ServerError(self.greeting)
        at = self.greeting.index(0, 1) + 1
        self.version = self.greeting[1:at - 1].decode()
        self.thread_id = struct.unpack("<I", self.greeting[at:at + 4])[0]
        low, self.collation, self.status, high = struct.unpack("<HBHH", self.greeting[at + 13:at + 20])
        self.offered = low | high << 16
        self.scramble = self.greeting[at + 4:at + 12] + self.greeting[at + 31:at + 43]
        self.plugin = self.greeting[at + 44:].rstrip(b"\0")

    def answer(self, user, proof, plugin=NATIVE, database="tenant_a", capabilities=0x0f_a20d | 1 << 19):
        self.capabilities = capabilities
        self.write(struct.pack("<IIB23x", capabilities, 1 << 24, 45) + user.encode() + b"\0"
                   + bytes([len(proof)]) + proof + database.encode() + b"\0" + plugin + b"\0")

    def switched(self):
        """(plugin, scramble) of an AuthSwitchRequest."""
        request = self.read()
        assert request[0] == 0xfe, request
        plugin, _, rest = request[1:].partition(b"\0")
        assert rest[-1:] == b"\0" and len(rest) == 21
        self.scramble = rest[:-1]
        return plugin

    def outcome(self):
        answer = self.read()
        if answer[0] == 0xff:
            raise ServerError(answer)
        return answer


def native(password, scramble):
    once = hashlib.sha1(password.encode()).digest()
    mask = hashlib.sha1(scramble + hashlib.sha1(once).digest()).digest()
    return bytes(a ^ b for a, b in zip(once, mask))


def sha2(password, scramble):
    once = hashlib.sha256(password.encode()).digest()
    mask = hashlib.sha256(hashlib.sha256(once).digest() + scramble).digest()
    return bytes(a ^ b for a, b in zip(once, mask))


def test_right_password_lets_in(weir):
    with weir.mysql("tenant_b") as connection:
        assert value(connection, "SELECT DATABASE()") == "tenant_b"
        assert value(connection, "SELECT SUBSTRING_INDEX(CURRENT_USER(), '@', 1)") == "app"


def test_greeting_offers_what_is_delivered_and_nothing_else(weir):
    with Newcomer(weir.ports["mysql"]) as one, Newcomer(weir.ports["mysql"]) as other:
        for missing in (TLS, COMPRESS, SESSION_TRACK, QUERY_ATTRIBUTES):
            assert not one.offered & missing
        assert one.offered & IS_MYSQL, "MariaDB's drivers must not look for extended capabilities"
        at = one.greeting.index(0, 1) + 1
        assert one.greeting[at + 21:at + 31] == b"\0" * 10, "extended capabilities would stand there"
        assert one.plugin == NATIVE
        assert one.thread_id != other.thread_id
        assert one.scramble != other.scramble and len(one.scramble) == 20
        assert not set(one.scramble) & {0, ord("$")}
        assert one.status == 2


def test_greeting_has_the_version_of_the_server(weir, mariadb):
    weir.mysql().close()
    version = mariadb.execute("SELECT VERSION()")[0][0]
    with Newcomer(weir.ports["mysql"]) as client:
        assert client.version == f"5.5.5-{version}"


def test_version_is_known_before_anybody_has_logged_in(start_mysql_weir, start_mariadb):
    server = start_mariadb(["tenant_a"])
    server.stop()
    weir = start_mysql_weir(server)

    def version():
        with Newcomer(weir.ports["mysql"]) as client:
            return client.version
    assert version() == "8.0.36-weir", "nothing is known of the server"
    server.start()
    until(lambda: version().startswith("5.5.5-"), "it is asked", timeout=20)
    until(lambda: not server.sessions(), "for a moment only")


def test_wrong_password_and_unknown_user_look_the_same(weir):
    before = weir.metrics()
    wrong = refusal(weir, password="not-it")
    unknown = refusal(weir, user="nobody", password="not-it")
    assert wrong == (1045, "Access denied for user 'app'@'127.0.0.1' (using password: YES)")
    assert unknown == (1045, wrong[1].replace("app", "nobody"))
    assert refusal(weir, password="")[1].endswith("(using password: NO)")
    assert failures(weir, before, "password") == 3
    assert "not-it" not in weir.log()


@pytest.mark.parametrize("announced", [NATIVE, SHA2])
def test_client_may_answer_the_greeting_by_either_plugin(weir, announced):
    proof = native if announced == NATIVE else sha2
    with Newcomer(weir.ports["mysql"]) as client:
        client.answer("app", proof(CLIENT_PASSWORD, client.scramble), announced)
        if announced == SHA2:
            assert client.outcome() == b"\x01\x03", "fast authentication"
        assert client.outcome()[0] == 0
        assert client.query("SELECT DATABASE()").rows == [("tenant_a",)]
    with Newcomer(weir.ports["mysql"]) as client:
        client.answer("app", proof("wrong", client.scramble), announced)
        with pytest.raises(ServerError, match="1045"):
            client.outcome()


@pytest.mark.parametrize("announced, expected", [
    (SHA2, SHA2), (b"client_ed25519", NATIVE), (b"mysql_clear_password", NATIVE)])
def test_client_that_begins_otherwise_is_switched(weir, announced, expected):
    """It has no use for a scramble that was meant for another plugin, and sends nothing at first."""
    for password in (CLIENT_PASSWORD, "wrong"):
        with Newcomer(weir.ports["mysql"]) as client:
            first = client.scramble
            client.answer("app", b"", announced)
            assert client.switched() == expected
            assert client.scramble != first
            client.write((native if expected == NATIVE else sha2)(password, client.scramble))
            if password == "wrong":
                with pytest.raises(ServerError, match="1045"):
                    client.outcome()
                continue
            answer = client.outcome()
            assert (client.outcome() if answer == b"\x01\x03" else answer)[0] == 0


def test_user_of_whom_a_verifier_is_known_proves_by_the_password_itself(weir):
    for password, fine in (("proven-secret", True), ("wrong", False)):
        with Newcomer(path=str(weir.socket)) as client:
            client.answer("proven", native(password, client.scramble), NATIVE)
            assert client.switched() == SHA2
            client.write(sha2(password, client.scramble))
            assert client.outcome() == b"\x01\x04", "the whole password is wanted"
            client.write(password.encode() + b"\0")
            if fine:
                assert client.outcome()[0] == 0
            else:
                with pytest.raises(ServerError, match="1045"):
                    client.outcome()


def test_password_itself_goes_over_a_plain_connection_encrypted_only(weir):
    with Newcomer(weir.ports["mysql"]) as client:
        client.answer("proven", sha2("proven-secret", client.scramble), SHA2)
        assert client.outcome() == b"\x01\x04"
        client.write(b"\x02")
        key = client.outcome()
        assert key[:1] == b"\x01" and b"BEGIN PUBLIC KEY" in key
        mixed = bytes(byte ^ client.scramble[i % 20] for i, byte in enumerate(b"proven-secret\0"))
        public = serialization.load_pem_public_key(key[1:])
        client.write(public.encrypt(mixed, padding.OAEP(
            mgf=padding.MGF1(algorithm=hashes.SHA1()), algorithm=hashes.SHA1(), label=None)))
        assert client.outcome()[0] == 0
    with Newcomer(weir.ports["mysql"]) as client:
        client.answer("proven", sha2("proven-secret", client.scramble), SHA2)
        assert client.outcome() == b"\x01\x04"
        client.write(b"proven-secret\0")
        with pytest.raises(ServerError, match="1045"):
            client.outcome()


def test_verifier_does_not_open_a_pool_that_logs_in_as_its_clients(weir):
    with pytest.raises(pymysql.MySQLError) as caught:
        weir.mysql("own", user="proven", password="proven-secret", listener="unix")
    assert caught.value.args[0] == 1044
    assert "only a verifier is known" in caught.value.args[1]


def test_database_that_no_pool_serves_is_1049(weir):
    before = weir.metrics()
    number, message = refusal(weir, database="elsewhere")
    assert number == 1049 and "elsewhere" in message
    assert failures(weir, before, "no_pool") == 1


def test_client_without_a_database_gets_the_pool_of_the_empty_name(weir):
    with weir.mysql(database=None) as connection:
        assert value(connection, "SELECT DATABASE()") == "tenant_b"


def test_console_is_no_database_of_mysql(weir):
    assert refusal(weir, database="weir")[0] == 1049
    assert refusal(weir, database="pgbouncer")[0] == 1049


def test_pool_and_tenant_that_a_user_may_not_open_are_1044(weir):
    before = weir.metrics()
    account = {"user": "narrow", "password": "narrow-secret"}
    with weir.mysql("tenant_b", **account) as connection:
        assert value(connection, "SELECT 1") == 1
    assert refusal(weir, database="tenant_a", **account)[0] == 1044
    assert refusal(weir, database="private", **account)[0] == 1044
    assert failures(weir, before, "tenant_not_allowed") == 1
    assert failures(weir, before, "pool_not_allowed") == 1


def test_limit_of_a_users_clients_is_1226(weir):
    account = {"user": "few", "password": "few-secret"}
    with weir.mysql(**account), weir.mysql(**account):
        number, message = refusal(weir, **account)
        assert number == 1226 and "max_clients (2)" in message


def test_limit_of_a_listeners_clients_is_1040_in_place_of_the_greeting(start_mysql_weir, mariadb):
    weir = start_mysql_weir(mariadb, listen={"max_clients": 2})
    with weir.mysql(), weir.mysql():
        number, message = refusal(weir)
        assert number == 1040 and "max_clients (2)" in message
    until(lambda: weir.value("weir_client_connections_closed_total", reason="limit") == 1, "it is counted")


def test_limit_of_a_pools_clients_is_told_to_the_first_command(start_mysql_weir, mariadb):
    weir = start_mysql_weir(mariadb, pool=[{"name": "tenants", "match": "tenant_{tenant}", "max_clients": 1}])
    with weir.mysql() as one:
        assert value(one, "SELECT 1") == 1
        with pytest.raises(pymysql.MySQLError) as caught, weir.mysql() as two:
            value(two, "SELECT 1")
        assert caught.value.args[0] == 1040 and "max_clients (1)" in caught.value.args[1]


def test_trust_asks_for_no_password(weir):
    with weir.mysql(user="anybody", password="", listener="trusted") as connection:
        assert value(connection, "SELECT 1") == 1
    with weir.mysql(user="app", password="whatever", listener="trusted") as connection:
        assert value(connection, "SELECT 1") == 1


def test_unix_socket_serves_like_tcp(weir):
    with weir.mysql(listener="unix") as connection:
        assert value(connection, "SELECT DATABASE()") == "tenant_a"


def test_application_is_known_by_its_program_name(weir):
    with weir.mysql(program_name="the-billing") as connection:
        assert value(connection, "SELECT 1") == 1
        clients = weir.json("/api/v1/clients")
        assert any(client["application_name"] == "the-billing" for client in clients["clients"])


def test_login_that_is_not_finished_in_time_is_ended_with_words(mariadb, start_mysql_weir):
    weir = start_mysql_weir(mariadb, listen={"login_timeout": "500ms"})
    with Newcomer(weir.ports["mysql"]) as client:
        client.socket.sendall(b"\x50\0\0")
        with pytest.raises(ServerError, match="login_timeout") as caught:
            client.outcome()
        assert caught.value.number == 1043
    assert weir.value("weir_client_connections_closed_total", reason="timeout") >= 1


@pytest.mark.parametrize("bytes_sent", [
    b"GET / HTTP/1.1\r\nHost: weir\r\n\r\n",
    b"\xff\xff\xff\x01" + b"x" * 100,             # longer than any login
    b"\x04\0\0\x01" + b"\0\0\0\0",                # older than 4.1
    b"\x20\0\0\x05" + b"\x00\xa2" + b"\0" * 30,   # out of order
    b"\x20\0\0\x01" + b"\x00\xaa" + b"\0" * 30,   # TLS, which is not offered
    b"\x24\0\0\x01" + struct.pack("<IIB23x", 0xa200, 1, 45) + b"user",  # a name without an end
    b"\0\0\0\x01",
], ids=["http", "too-long", "old", "out-of-order", "tls", "cut-short", "empty"])
def test_malformed_response_is_1043(weir, bytes_sent):
    before = weir.metrics()
    with Newcomer(weir.ports["mysql"]) as client:
        client.socket.sendall(bytes_sent)
        with pytest.raises(ServerError) as caught:
            client.outcome()
        assert caught.value.number == 1043 and caught.value.sqlstate == "08S01"
    until(lambda: weir.since(before).value("weir_client_connections_closed_total",
                                           reason="protocol_error") == 1, "it is counted")


def test_login_that_comes_byte_by_byte_succeeds(weir):
    with Newcomer(weir.ports["mysql"]) as client:
        client.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        whole = struct.pack("<IIB23x", 0x0f_a20d | 1 << 19, 1 << 24, 45) + b"app\0\x14"
        whole += native(CLIENT_PASSWORD, client.scramble) + b"tenant_c\0" + NATIVE + b"\0"
        for byte in client.packets(whole, 1) + client.packets(b"\x03SELECT DATABASE()"):
            client.socket.sendall(bytes([byte]))
        assert client.outcome()[0] == 0
        assert client.read() == b"\x01"


def test_client_that_leaves_halfway_is_forgotten(weir):
    for part in (0, 1, 20):
        with Newcomer(weir.ports["mysql"]) as client:
            client.socket.sendall((b"\x50\0\0\x01" + b"\0" * 20)[:part])
    until(lambda: weir.value("weir_client_connections", state="login") == 0, "none is left")


def test_address_behind_a_proxy_is_the_clients_own(start_mysql_weir, mariadb, folder):
    weir = start_mysql_weir(mariadb, listen={"proxy_protocol": True})
    proxy = HaProxy(folder / "mysql-haproxy", weir.ports["mysql"], "send-proxy-v2").start()
    try:
        with pytest.raises(pymysql.MySQLError, match="127.0.0.1"):
            pymysql.connect(host="127.0.0.1", port=proxy.port, user="app", password="wrong")
        with pymysql.connect(host="127.0.0.1", port=proxy.port, user="app", password=CLIENT_PASSWORD,
                             database="tenant_a") as connection:
            assert value(connection, "SELECT 1") == 1
    finally:
        proxy.stop()


def test_reload_changes_who_may_log_in(start_mysql_weir, mariadb):
    weir = start_mysql_weir(mariadb)
    weir.mysql().close()
    weir.settings["user"] = [{"name": "app", "password": "changed"}, {"name": "new", "password": "new"}]
    weir.configure()
    weir.command("reload")
    assert refusal(weir)[0] == 1045
    weir.mysql(password="changed").close()
    weir.mysql(user="new", password="new").close()


def test_draining_agent_lets_nobody_in(start_mysql_weir, mariadb):
    weir = start_mysql_weir(mariadb, agent={"drain_grace": "0s", "drain_timeout": "20s"})
    with weir.mysql(autocommit=False) as busy:
        assert value(busy, "SELECT 1") == 1
        busy.begin()
        assert value(busy, "SELECT 1") == 1
        weir.command("drain")

        def refused():
            try:
                weir.mysql(connect_timeout=2).close()
            except pymysql.MySQLError:
                return True
            return False
        until(refused, "it takes no more clients")
        busy.rollback()
