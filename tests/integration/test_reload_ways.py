"""What a reload changes on the ways in and out: upstreams, users, listeners and their certificates."""

import asyncio
import copy
import socket
import ssl
import threading
import time

import psycopg
import pytest

from harness.certificates import Authority
from harness.postgres import APP_PASSWORD
from harness.raw import RawClient, Refused
from harness.reloading import login, refused, reload
from harness.swarm import Client, close_all, open_many
from harness.waiting import free_port, until
from harness.watch import SessionWatch

pytestmark = pytest.mark.sanitized

POOL = {"name": "tenants", "match": "tenant_{tenant}", "max_size": 3, "acquire_timeout": "2s"}


@pytest.fixture
def weir(start_weir, postgres):
    return start_weir(postgres, pool=[dict(POOL)])


# -- upstreams


def test_an_upstream_moves_to_another_server(weir, start_postgres):
    second = start_postgres(["tenant_a"])
    port = lambda client: int(client.query("SELECT inet_server_port()")[0][0])
    with login(weir) as one, login(weir) as busy:
        first_port = port(one)
        busy.query("BEGIN")
        assert port(busy) == first_port
        weir.settings["upstream"][0]["address"] = f"127.0.0.1:{second.port}"
        reload(weir)
        assert port(one) == second.port
        assert port(busy) == first_port
        busy.query("COMMIT")
        assert port(busy) == second.port


def test_an_unreachable_upstream_is_put_right_while_clients_wait(weir, postgres):
    good = weir.settings["upstream"][0]["address"]
    weir.settings["pool"][0]["acquire_timeout"] = "30s"
    weir.settings["upstream"][0]["address"] = f"127.0.0.1:{free_port()}"
    reload(weir)
    answers = []
    thread = threading.Thread(target=lambda: answers.append(login(weir).query("SELECT 1")))
    thread.start()
    until(lambda: weir.value("weir_upstream_breaker_state", upstream="main", state="open") == 1
          or weir.value("weir_connection_create_failures_total", reason="refused") > 1, "it fails")
    weir.settings["upstream"][0]["address"] = good
    reload(weir)
    thread.join(20)
    assert answers == [[["1"]]]
    assert weir.value("weir_upstream_breaker_state", upstream="main", state="open") == 0


def test_max_connections_shrinks_under_load(start_weir, start_postgres):
    server = start_postgres(["tenant_a", "tenant_b", "tenant_c"])
    weir = start_weir(server, upstream={"max_connections": 20},
                      pool=[{**POOL, "max_size": 10, "acquire_timeout": "30s"}])
    stop = threading.Event()

    async def drive():
        names = ["tenant_a", "tenant_b", "tenant_c"]
        clients = await open_many(30, lambda i: Client.open(weir.ports["trusted"], names[i % 3]))

        async def one(client):
            while not stop.is_set():
                assert await client.query("SELECT pg_sleep(0.002)")

        await asyncio.gather(*(one(client) for client in clients))
        close_all(clients)

    load = threading.Thread(target=lambda: asyncio.run(drive()))
    with SessionWatch(server) as watch:
        load.start()
        until(lambda: watch.most() > 10, "under load")
        weir.settings["upstream"][0]["max_connections"] = 6
        reload(weir)
        until(lambda: 0 < weir.value("weir_upstream_budget_used", upstream="main") <= 6, "it fits")
        fits = time.monotonic()
        acquires = weir.value("weir_acquires_total", outcome="ok")
        until(lambda: weir.value("weir_acquires_total", outcome="ok") > acquires + 500, "and serves")
        assert 0 < watch.most(fits) <= 6
        weir.settings["upstream"][0]["max_connections"] = 15
        reload(weir)
        until(lambda: watch.most(fits) > 8, "it grows again")
        stop.set()
        load.join(30)
    assert watch.most(fits) <= 15
    assert weir.value("weir_upstream_budget_connections", upstream="main") == 15


# -- users


def test_a_changed_password_holds_for_new_logins(weir):
    with weir.connect() as old:
        weir.settings["user"][0]["password"] = "other-secret"
        assert reload(weir) == ["user.app.password: changed"]
        assert old.execute("SELECT 1").fetchone() == (1,)
        with pytest.raises(psycopg.OperationalError):
            weir.connect()
        with weir.connect(password="other-secret") as new:
            assert new.execute("SELECT 1").fetchone() == (1,)
    assert "other-secret" not in weir.log()


def test_users_come_and_go_and_their_clients_stay_counted(weir):
    weir.settings["user"].append({"name": "late", "password": "late-secret", "max_clients": 1})
    reload(weir)
    late = {"user": "late", "password": "late-secret"}
    with weir.connect(**late) as one:
        weir.settings["user"][1]["password"] = late["password"] = "later-secret"
        reload(weir)
        with pytest.raises(psycopg.OperationalError, match="user \"late\""):
            weir.connect(**late)
        assert one.execute("SELECT 1").fetchone() == (1,)
    until(lambda: weir.connect(**late).close() is None, "its place is free")
    weir.settings["user"].pop()
    reload(weir)
    with pytest.raises(psycopg.OperationalError, match="password"):
        weir.connect(**late)


def test_accounts_of_the_server_are_asked_for_anew(start_weir, postgres):
    postgres.execute("DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'asked') THEN"
                     " CREATE ROLE asked LOGIN PASSWORD 'asked-secret'; END IF; END $$")
    auth = {"mode": "query", "query_user": "postgres", "query_pools": ["tenants"],
            "query_tenants": ["a"]}
    weir = start_weir(postgres, pool=[dict(POOL)], auth=auth)
    asked = {"user": "asked", "password": "asked-secret"}
    with weir.connect("tenant_a", **asked) as one:
        with pytest.raises(psycopg.OperationalError):
            weir.connect("tenant_b", **asked)
        auth["query_tenants"] = ["b"]
        reload(weir)
        assert one.execute("SELECT 1").fetchone() == (1,)
    with weir.connect("tenant_b", **asked) as one:
        assert one.execute("SELECT 1").fetchone() == (1,)
    with pytest.raises(psycopg.OperationalError):
        weir.connect("tenant_a", **asked)


# -- listeners


def listens(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_a_listener_is_added_moved_and_removed(weir):
    ports = [free_port(), free_port()]
    weir.settings["listen"].append({"name": "late", "address": f"127.0.0.1:{ports[0]}", "auth": "trust"})
    reload(weir)
    with RawClient(ports[0]).login("tenant_a") as client:
        assert client.query("SELECT 1") == [["1"]]
        weir.settings["listen"][-1]["address"] = f"127.0.0.1:{ports[1]}"
        reload(weir)
        until(lambda: not listens(ports[0]), "the old address is left")
        with RawClient(ports[1]).login("tenant_a") as moved:
            assert moved.query("SELECT 1") == [["1"]]
        assert client.query("SELECT 1") == [["1"]]
        weir.settings["listen"].pop()
        reload(weir)
        until(lambda: not listens(ports[1]), "closed")
        assert client.query("SELECT 1") == [["1"]], "who is there stays"


def test_a_listener_that_is_renamed_keeps_its_address(weir):
    for listen in weir.settings["listen"]:
        listen["name"] += "-renamed"
    reload(weir)
    with login(weir) as client:
        assert client.query("SELECT 1") == [["1"]]
    assert weir.socket.exists()
    with psycopg.connect(host=str(weir.folder), port=weir.ports["postgresql"], user="app",
                         password=APP_PASSWORD, dbname="tenant_a") as over_unix:
        assert over_unix.execute("SELECT 1").fetchone() == (1,)


def test_limits_and_authentication_of_a_listener_change_in_place(weir):
    with login(weir) as one:
        weir.settings["listen"][1]["max_clients"] = 1
        reload(weir)
        with pytest.raises(Refused) as caught:
            login(weir)
        assert caught.value.code == "53300"
        weir.settings["listen"][1].update(max_clients=10, client_idle_timeout="300ms")
        reload(weir)
        assert one.error()["C"] == "57P05", "who was idle before is noticed, too"
    weir.settings["listen"][1].update(client_idle_timeout="0s", auth="users")
    reload(weir)
    with weir.connect(listener="trusted") as checked:
        assert checked.execute("SELECT 1").fetchone() == (1,)
    with pytest.raises(psycopg.OperationalError):
        weir.connect(listener="trusted", password="wrong")


def served_serial(port, authority):
    context = ssl.create_default_context(cafile=str(authority.crt))
    with socket.create_connection(("127.0.0.1", port)) as plain:
        plain.sendall(b"\0\0\0\x08\x04\xd2\x16\x2f")
        assert plain.recv(1) == b"S"
        with context.wrap_socket(plain, server_hostname="127.0.0.1") as tls:
            return tls.getpeercert()["serialNumber"]


def test_certificates_are_replaced_or_stay(weir, folder):
    authority = Authority(folder / "reload-authority")
    first, second = authority.sign("one"), authority.sign("two")
    tls = lambda pair: {"mode": "require", "cert": str(pair[0]), "key": str(pair[1])}
    weir.settings["listen"][0]["tls"] = tls(first)
    reload(weir)
    port = weir.ports["postgresql"]
    serial = served_serial(port, authority)
    with weir.connect(sslmode="require") as old:
        weir.settings["listen"][0]["tls"] = tls(second)
        reload(weir)
        assert served_serial(port, authority) != serial
        serial = served_serial(port, authority)
        bad = copy.deepcopy(weir.settings)
        bad["listen"][0]["tls"] = tls((first[0], second[1]))
        assert "listen.postgresql.tls" in refused(weir, bad)
        assert served_serial(port, authority) == serial
        assert old.execute("SELECT 1").fetchone() == (1,)
