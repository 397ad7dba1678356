"""Start-up and authentication, from the first byte to ReadyForQuery."""

import socket
import struct
import time

import psycopg
import pytest

from harness import messages
from harness.peers import HaProxy
from harness.raw import RawClient, Refused
from harness.weir import PASSWORD

pytestmark = pytest.mark.sanitized


@pytest.fixture(scope="module")
def weir(start_module_weir, postgres):
    return start_module_weir(
        postgres,
        pool=[{"name": "tenants", "match": "tenant_{tenant}"},
              {"name": "private", "match": "private", "database": "tenant_a"}],
        user=[{"name": "app", "password": PASSWORD},
              {"name": "narrow", "password": "narrow-secret", "pools": ["tenants"], "tenants": ["b"]},
              {"name": "few", "password": "few-secret", "max_clients": 2}],
        listen={"login_timeout": "4s"})


def refusal(weir, **parameters):
    with pytest.raises(psycopg.OperationalError) as caught:
        weir.connect(**parameters)
    return str(caught.value)


def test_the_right_password_lets_in(weir, scalar):
    with weir.connect("tenant_b") as connection:
        assert scalar(connection, "SELECT current_database()") == "tenant_b"
        assert scalar(connection, "SELECT current_user") == "app"


def test_wrong_password_and_unknown_user_look_the_same(weir):
    before = weir.metrics()
    wrong = refusal(weir, password="not-it")
    unknown = refusal(weir, user="nobody", password="not-it")
    assert 'password authentication failed for user "app"' in wrong
    assert wrong.replace('"app"', '"nobody"') == unknown
    failures = weir.since(before).value("weir_client_auth_failures_total", listener="postgresql")
    assert failures == 2


def test_an_unknown_user_costs_the_same_round_trips(weir):
    """Both get as far as the proof: an attacker learns nothing from the shape of the exchange."""
    def steps(user):
        with RawClient(weir.ports["postgresql"]) as client:
            client.send(messages.startup("tenant_a", user))
            kind, body = client.next()
            assert (kind, struct.unpack_from("!i", body)[0]) == (b"R", 10)
            first = b"n,,n=,r=rOprNGfwEbeRWgbNEkqO"
            client.send(messages.message(
                b"p", messages.text("SCRAM-SHA-256") + struct.pack("!i", len(first)) + first))
            kind, body = client.next()
            fields = dict(item.split("=", 1) for item in body[4:].decode().split(","))
            return kind, struct.unpack_from("!i", body)[0], fields["i"], len(fields["s"])

    assert steps("app") == steps("nobody")


def test_a_database_that_no_pool_matches_is_3D000(weir):
    with pytest.raises(Refused) as caught:
        RawClient(weir.ports["trusted"]).login("elsewhere")
    assert caught.value.code == "3D000"
    assert "elsewhere" in str(caught.value)


def test_pool_and_tenant_that_a_user_may_not_open_are_28000(weir, scalar):
    with weir.connect("tenant_b", user="narrow", password="narrow-secret") as connection:
        assert scalar(connection, "SELECT 1") == 1
    assert "narrow" in refusal(weir, database="tenant_a", user="narrow", password="narrow-secret")
    assert "narrow" in refusal(weir, database="private", user="narrow", password="narrow-secret")
    assert weir.value("weir_client_auth_failures_total", reason="tenant_not_allowed") == 1
    assert weir.value("weir_client_auth_failures_total", reason="pool_not_allowed") == 1


def test_a_users_client_limit_is_told(weir):
    account = {"user": "few", "password": "few-secret"}
    with weir.connect(**account), weir.connect(**account):
        assert "max_clients" in refusal(weir, **account)


def test_trust_asks_for_no_password(weir):
    with RawClient(weir.ports["trusted"]).login("tenant_a", "anybody") as client:
        assert client.query("SELECT current_user") == [["app"]]


def test_a_unix_socket_serves_like_tcp(weir, scalar):
    with weir.connect(host=str(weir.folder), port=weir.ports["postgresql"]) as connection:
        assert scalar(connection, "SELECT current_database()") == "tenant_a"


@pytest.mark.parametrize("requests", [[messages.SSL_REQUEST], [messages.GSS_REQUEST],
                                      [messages.SSL_REQUEST, messages.GSS_REQUEST],
                                      [messages.GSS_REQUEST, messages.SSL_REQUEST]])
def test_encryption_requests_are_answered_no(weir, requests):
    with RawClient(weir.ports["trusted"]) as client:
        for request in requests:
            client.send(request)
            assert client.receive(1) == b"N"
        assert client.login().query("SELECT 1") == [["1"]]


def test_the_client_gets_its_servers_parameters_and_a_key_of_its_own(weir, postgres):
    with RawClient(postgres.port).login("tenant_a", "postgres") as direct, \
            RawClient(weir.ports["trusted"]).login() as one, \
            RawClient(weir.ports["trusted"]).login() as other:
        own = {"is_superuser", "session_authorization", "application_name"}
        assert {key: value for key, value in one.parameters.items() if key not in own} == \
            {key: value for key, value in direct.parameters.items() if key not in own}
        assert one.parameters["session_authorization"] == "app"
        assert one.key and one.key != other.key
        assert len(one.key[1]) == 4, "protocol 3.0 has keys of four bytes"


def test_start_up_parameters_are_carried(weir):
    with RawClient(weir.ports["trusted"]).login(
            options="-c statement_timeout=4321 -c work_mem=5MB",
            DateStyle="German", client_encoding="LATIN1") as client:
        assert client.query("SHOW statement_timeout") == [["4321ms"]]
        assert client.query("SHOW work_mem") == [["5MB"]]
        assert client.query("SHOW client_encoding") == [["LATIN1"]]
        assert client.query("SELECT '2020-02-01'::date") == [["01.02.2020"]]
    with RawClient(weir.ports["trusted"]).login() as client:
        assert client.query("SHOW statement_timeout") == [["0"]], "left over from somebody else"
        assert client.query("SELECT '2020-02-01'::date") == [["2020-02-01"]]


def test_any_number_of_start_up_parameter_sets_come_and_go(weir):
    for milliseconds in range(1, 301):
        with RawClient(weir.ports["trusted"]).login(
                options=f"-c statement_timeout={100000 + milliseconds}") as client:
            assert client.query("SELECT 1") == [["1"]]


def test_a_parameter_that_the_server_does_not_know_gets_its_own_error(weir):
    with pytest.raises(Refused) as caught:
        with RawClient(weir.ports["trusted"]).login(no_such_parameter="1") as client:
            client.query("SELECT 1")
    assert caught.value.code == "42704"


def test_newer_minor_versions_and_unknown_options_are_negotiated(weir):
    with RawClient(weir.ports["trusted"]) as client:
        client.send(messages.startup("tenant_a", protocol=3 << 16 | 99, **{"_pq_.novelty": "1"}))
        kind, body = client.next()
        assert kind == b"v"
        newest, options = struct.unpack_from("!ii", body)
        assert newest >> 16 in (0, 3) and newest & 0xffff < 99 and options == 1
        assert b"_pq_.novelty\0" in body
        client.until_ready()
        assert client.query("SELECT 1") == [["1"]]


def test_replication_is_refused_in_words(weir):
    with pytest.raises(Refused) as caught:
        RawClient(weir.ports["trusted"]).login(replication="database")
    assert "replication" in str(caught.value).lower()


def test_a_client_that_never_logs_in_is_sent_away_in_time(weir):
    with RawClient(weir.ports["postgresql"]) as client:
        started = time.monotonic()
        assert client.closed()
        assert 0.8 < time.monotonic() - started < 10
    assert weir.value("weir_client_connections_closed_total", reason="timeout") >= 1


@pytest.mark.parametrize("preface", [
    b"PROXY TCP4 192.0.2.7 192.0.2.1 40000 6432\r\n",
    b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c" + socket.inet_aton("192.0.2.7")
    + socket.inet_aton("192.0.2.1") + struct.pack("!HH", 40000, 6432)], ids=["v1", "v2"])
def test_the_proxy_header_names_the_client(start_weir, postgres, preface):
    weir = start_weir(postgres, listen={"proxy_protocol": True})
    with RawClient(weir.ports["trusted"], preface=preface).login() as client:
        assert client.query("SELECT 1") == [["1"]]
        assert "192.0.2.7" in weir.admin("/api/v1/clients")[1]


@pytest.mark.parametrize("version", ["send-proxy", "send-proxy-v2"])
def test_haproxy_in_front(start_weir, postgres, folder, version):
    weir = start_weir(postgres, listen={"proxy_protocol": True})
    haproxy = HaProxy(folder / version, weir.ports["postgresql"], version).start()
    try:
        with weir.connect(port=haproxy.port) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
    finally:
        haproxy.stop()
