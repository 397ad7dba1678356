"""The ways to and from a Redis behind Weir: TLS on both sides, unix sockets, the PROXY header, a URL instead
of a file, reloads, and what `weir check` says."""

import json
import socket
import ssl

import pytest
import redis

from harness.certificates import Authority
from harness.encrypted import context, listener_tls
from harness.processes import Program, run
from harness.redis import ADMIN_PASSWORD, APP_PASSWORD
from harness.reloading import reload, write
from harness.resp import Client, ask, raw, settled
from harness.waiting import free_port, until
from harness.weir import binary, clean_environment

pytestmark = pytest.mark.sanitized


@pytest.fixture
def encrypted(start_redis, authority):
    """A server that speaks TLS on its `port`, and plainly on a unix socket."""
    certificate, key = authority.sign("redis")
    port = free_port()
    server = start_redis(tls_port=port, tls_cert_file=certificate, tls_key_file=key,
                         tls_ca_cert_file=authority.crt, tls_auth_clients="no")
    server.tls_port = port
    return server


def over(server, mode, **tls):
    return {"address": f"127.0.0.1:{server.tls_port}",
            "tls": {"mode": mode, **{name: str(path) for name, path in tls.items()}}}


@pytest.mark.parametrize("mode", ["require", "verify-ca", "verify-full"])
def test_servers_are_reached_by_tls(encrypted, start_redis_weir, authority, mode):
    weir = start_redis_weir(encrypted, upstream=over(encrypted, mode, ca=authority.crt))
    with Client(weir) as client:
        assert client("SET", "k", "v") == "+OK"
        assert client("HELLO", 3)[b"proto"] == 3
        assert client("GET", "k") == b"v"
        assert client("SELECT", 2) == "+OK"
        assert client("SET", "long", b"x" * 1_000_000) == "+OK"
        assert client("GET", "long") == b"x" * 1_000_000
    settled(weir)


def test_a_server_that_can_not_prove_itself_gets_no_password(encrypted, start_redis_weir, tmp_path):
    stranger = Authority(tmp_path / "stranger")
    weir = start_redis_weir(encrypted, upstream=over(encrypted, "verify-full", ca=stranger.crt),
                            pool=[{"acquire_timeout": "2s"}])
    with Client(weir) as client:
        assert "certificate verify failed" in client("GET", "k")
    assert weir.value("weir_connection_create_failures_total", pool="all", reason="tls") >= 1
    assert weir.value("weir_connection_create_failures_total", pool="all", reason="auth") == 0


def test_a_plain_server_is_not_taken_for_one_with_tls(redis_server, start_redis_weir):
    weir = start_redis_weir(redis_server, upstream={"tls": {"mode": "require"}, "connect_timeout": "1s"},
                            pool=[{"acquire_timeout": "2s"}])
    with Client(weir) as client:
        assert client("GET", "k").startswith("-ERR")
    assert weir.value("weir_connection_creates_total", pool="all", result="ok") == 0


def test_clients_come_by_tls(redis_server, start_redis_weir, authority):
    weir = start_redis_weir(redis_server, listen=listener_tls(authority.sign("weir"), "require"))
    client = weir.redis(ssl=True, ssl_ca_certs=str(authority.crt), ssl_check_hostname=False)
    assert client.set("k", b"x" * 300_000)
    assert client.get("k") == b"x" * 300_000
    assert weir.redis(3, ssl=True, ssl_cert_reqs="none").set("k", 3), "and go on to another database"
    with Client(weir, tls=context(alpn=())) as by_hand:
        assert by_hand("SELECT", 3) == "+OK"
        assert by_hand("GET", "k") == b"3"
        assert by_hand("AUTH", "app", "client-secret") == "+OK"
        assert by_hand("PING") == "+PONG"
    with raw(weir) as plain:
        plain.sendall(b"PING\r\n")
        assert b"takes encrypted connections only" in plain.recv(1000)


def test_client_certificates_are_asked_for(redis_server, start_redis_weir, authority):
    weir = start_redis_weir(redis_server, listen=listener_tls(authority.sign("weir"), "verify", ca=authority.crt))
    ours = authority.sign("app", subject="/CN=app")
    proven = context(certificate=ours, alpn=())
    with Client(weir, "redis", tls=proven) as client:
        assert client("AUTH", "default", "default-secret").startswith("-NOPERM the client's certificate")
        assert client("AUTH", "app", "client-secret") == "+OK"
    with pytest.raises((ssl.SSLError, AssertionError, ConnectionError)):
        with Client(weir, "redis", tls=context(alpn=())) as client:
            client("AUTH", "app", "client-secret")


def test_unix_sockets_on_both_sides(start_redis, start_redis_weir, tmp_path):
    server = start_redis(unixsocket=tmp_path / "redis.sock")
    weir = start_redis_weir(server, upstream={"address": str(tmp_path / "redis.sock")},
                            listen={"address": f"unix:{tmp_path}/weir.sock"},
                            listeners=["redis"])
    client = redis.Redis(unix_socket_path=f"{tmp_path}/weir.sock", username="app", password="client-secret",
                         socket_timeout=20)
    assert client.set("k", 1)
    assert client.get("k") == b"1"
    assert any(one["address"].startswith("unix:") for one in weir.json("/api/v1/clients")["clients"])


def test_the_proxy_header_says_who_the_client_is(redis_server, start_redis_weir):
    weir = start_redis_weir(redis_server, listen={"proxy_protocol": True})
    with raw(weir) as client:
        ask(client, b"PROXY TCP4 203.0.113.7 192.0.2.1 50123 6380\r\nSET k 1\r\n", b"+OK\r\n")
        assert any(one["address"] == "203.0.113.7:50123" for one in weir.json("/api/v1/clients")["clients"])
    with raw(weir) as client:
        client.sendall(b"SET k 1\r\n" * 10)
        assert b"a PROXY protocol header was expected" in client.recv(1000)


def test_a_url_needs_no_file(redis_server, tmp_path):
    port = free_port()  # somebody may use the usual one
    program = Program([binary(), "serve", f"redis://app:{APP_PASSWORD}@127.0.0.1:{redis_server.port}/"],
                      tmp_path / "weir.log", environment={
                          **clean_environment(), "WEIR_ADMIN_LISTEN": f"127.0.0.1:{free_port()}",
                          "WEIR_ADMIN_TOKEN": "url-token", "WEIR_LISTEN_REDIS_ADDRESS": f"127.0.0.1:{port}"})
    try:
        client = redis.Redis(port=port, username="app", password=APP_PASSWORD, db=2, socket_timeout=20)
        until(lambda: answers(client), program.output)
        assert client.set("k", "by url")
        with redis_server.connect(2) as direct:
            assert direct.get("k") == b"by url"
        with pytest.raises(redis.RedisError, match="invalid username-password"):
            redis.Redis(port=port, password="wrong", socket_timeout=20).ping()
    finally:
        assert program.stop() == 0


def answers(client):
    try:
        return client.ping()
    except redis.ConnectionError:
        return False


# -- reloads


def test_users_pools_and_listeners_come_and_go(redis_server, start_redis_weir):
    weir = start_redis_weir(redis_server, pool=[{"name": "one", "match": "1"}],
                            user=[{"name": "app", "password": "client-secret"}])
    client = weir.redis(1)
    client.set("k", 1)
    with pytest.raises(redis.ResponseError, match="no pool serves"):
        client.execute_command("SELECT", 2)
    weir.settings["user"].append({"name": "new", "password": "new-secret"})
    weir.settings["user"][0]["password"] = "changed"
    weir.settings["pool"].append({**weir.settings["pool"][0], "name": "two", "match": "2", "max_size": 3})
    port = free_port()
    weir.settings["listen"].append({"name": "more", "engine": "redis", "address": f"127.0.0.1:{port}"})
    reload(weir, weir.settings)
    assert client.get("k") == b"1", "who was there stays"
    assert client.execute_command("SELECT", 2)
    assert weir.redis(2, user="new", password="new-secret").set("k", 2)
    with pytest.raises(redis.RedisError, match="invalid username-password"):
        weir.redis(1).ping()
    assert redis.Redis(port=port, username="app", password="changed", db=2, socket_timeout=20).get("k") == b"2"
    weir.settings["pool"] = weir.settings["pool"][1:]
    weir.settings["listen"].pop()
    reload(weir, weir.settings)
    with pytest.raises(redis.RedisError, match="no pool serves"):
        weir.redis(1, password="changed").ping()
    until(lambda: refuses(port), "the listener has gone")


def refuses(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
        return False
    except ConnectionRefusedError:
        return True


def test_an_upstream_that_moves_is_followed(redis_server, start_redis, start_redis_weir):
    weir = start_redis_weir(redis_server)
    other = start_redis()
    client = weir.redis()
    client.set("where", "there")
    weir.settings["upstream"][0]["address"] = f"127.0.0.1:{other.port}"
    reload(weir, weir.settings)
    assert client.set("where", "here")
    assert other.connect().get("where") == b"here"
    assert redis_server.connect().get("where") == b"there"


# -- before it runs


def test_check_dials_each_pool(redis_server, start_redis_weir):
    weir = start_redis_weir(redis_server)
    done = run([binary(), "check", "--connect", "--config", weir.config], env=clean_environment())
    assert "database 0 as app" in done.stdout
    weir.settings["pool"][0]["password"] = "not-it"
    write(weir)
    done = run([binary(), "check", "--connect", "--config", weir.config], env=clean_environment(), check=False)
    assert done.returncode == 1 and "auth: WRONGPASS" in done.stderr
    assert "not-it" not in done.stdout + done.stderr


def test_the_account_of_the_server_may_be_the_clients_own(redis_server, start_redis_weir):
    weir = start_redis_weir(redis_server, pool=[{"user": "", "password": ""}],
                            user=[{"name": "app", "password": APP_PASSWORD},
                                  {"name": "default", "password": ADMIN_PASSWORD}])
    for user, password in (("app", APP_PASSWORD), ("default", ADMIN_PASSWORD)):
        with Client(weir, "redis") as client:
            assert client("AUTH", user, password) == "+OK"
            client("SET", user, 1)
            assert user in {one["user"] for one in redis_server.connect().client_list()}
            assert client("AUTH", "app", APP_PASSWORD) == "+OK"
            assert client("GET", user) == b"1"
    assert json.dumps(weir.json("/api/v1/servers")).count(APP_PASSWORD) == 0
