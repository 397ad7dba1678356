"""`weir reload`, SIGHUP, POST /api/v1/reload and RELOAD: all of a new file takes effect, or nothing does."""

import asyncio
import copy
import json
import os
import signal
import socket
import ssl
import threading
import time

import psycopg
import pytest

from harness import messages as m
from harness import toml
from harness.certificates import Authority
from harness.postgres import APP_PASSWORD
from harness.raw import RawClient, Refused
from harness.swarm import Client, Lost, close_all, open_many
from harness.waiting import free_port, until

pytestmark = pytest.mark.sanitized

POOL = {"name": "tenants", "match": "tenant_{tenant}", "max_size": 3, "acquire_timeout": "2s"}


@pytest.fixture
def weir(start_weir, postgres):
    return start_weir(postgres, pool=[dict(POOL)])


def write(weir, settings=None):
    weir.config.write_text(toml.written(settings or weir.settings))


def reload(weir, settings=None):
    """What the command says of its changes."""
    write(weir, settings)
    return json.loads(weir.command("reload", "--json").stdout)["changes"]


def refused(weir, settings):
    """What the command says when it fails; nothing changes by it."""
    before = weir.json("/api/v1/config")
    write(weir, settings)
    result = weir.command("reload", check=False)
    assert result.returncode == 1
    assert weir.json("/api/v1/config") == before
    return result.stderr


def login(weir, database="tenant_a", listener="trusted"):
    return RawClient(weir.ports[listener]).login(database)


def pid(client):
    return client.query("SELECT pg_backend_pid()")[0][0]


def connections(weir, state, pool="tenants"):
    return weir.value("weir_pool_connections", pool=pool, state=state)


# -- how it is asked for, and what it answers


def test_nothing_changed_is_a_reload_too(weir):
    assert reload(weir) == []
    assert weir.value("weir_config_reloads_total", result="ok") == 1


def test_every_way_to_ask_for_it_works(weir):
    pool = weir.settings["pool"][0]
    size = lambda: weir.json("/api/v1/config")["pool"][0]["max_size"]
    pool["max_size"] = 4
    write(weir)
    assert "pool.tenants.max_size: 3 -> 4" in weir.command("reload").stdout
    assert size() == 4
    pool["max_size"] = 5
    write(weir)
    status, answer = weir.admin("/api/v1/reload", "POST")
    assert (status, json.loads(answer)) == (200, {"changes": ["pool.tenants.max_size: 4 -> 5"]})
    pool["max_size"] = 6
    write(weir)
    weir.program.process.send_signal(signal.SIGHUP)
    until(lambda: size() == 6, "SIGHUP reloads")
    assert weir.value("weir_config_reloads_total", result="ok") == 3
    assert "config.reloaded" in weir.log() and "max_size: 5 -> 6" in weir.log()


def test_the_console_reloads_and_says_why_not(start_weir, postgres):
    weir = start_weir(postgres, pool=[dict(POOL)],
                      user=[{"name": "app", "password": APP_PASSWORD, "admin": True}])
    with weir.connect("pgbouncer", cursor_factory=psycopg.ClientCursor) as console:
        weir.settings["pool"][0]["max_size"] = 7
        write(weir)
        console.execute("RELOAD")
        assert weir.json("/api/v1/config")["pool"][0]["max_size"] == 7
        weir.config.write_text("[agent]\nloops = 'many'\nfast = true\n")
        with pytest.raises(psycopg.Error) as caught:
            console.execute("RELOAD")
        assert caught.value.sqlstate == "F0000"
        assert "agent.loops" in str(caught.value) and "agent.fast" in str(caught.value)


def test_a_bad_file_keeps_the_old_and_says_every_reason(weir):
    began = weir.value("weir_config_last_reload_success_timestamp_seconds")
    bad = copy.deepcopy(weir.settings)
    bad["pool"][0].update(max_size="many", wait=3)
    bad["listen"][0]["max_clients"] = 0
    with login(weir) as client:
        words = refused(weir, bad)
        for key in ("pool.tenants.max_size", "pool.tenants.wait", "listen.postgresql.max_clients"):
            assert key in words
        assert client.query("SELECT 1") == [["1"]]
    status, answer = weir.admin("/api/v1/reload", "POST")
    assert status == 422 and len(json.loads(answer)["problems"]) == 3
    assert weir.value("weir_config_reloads_total", result="failed") == 2
    assert weir.value("weir_config_last_reload_successful") == 0
    assert weir.value("weir_config_last_reload_success_timestamp_seconds") == began
    health = weir.json("/health")
    assert [issue["what"] for issue in health["issues"]] == ["reload failed"]
    assert "config.reload_failed" in weir.log()
    reload(weir)
    assert weir.json("/health")["status"] == "healthy"
    assert weir.value("weir_config_last_reload_successful") == 1


def test_what_needs_a_restart_refuses_the_whole_reload(weir):
    other = copy.deepcopy(weir.settings)
    other["agent"]["loops"] = 3
    other["pool"][0].update(mode="session", max_size=9)
    words = refused(weir, other)
    assert "agent.loops" in words and "pool.tenants.mode" in words and "weir restart" in words
    assert "max_size" not in words


def test_a_file_nested_too_deep_is_refused_like_any_other(weir):
    weir.config.write_text("a = " + "[" * 200 + "]" * 200)
    assert weir.command("reload", check=False).returncode == 1
    assert weir.admin("/livez", token=None)[0] == 200


def test_a_password_in_an_address_is_not_repeated(weir):
    settings = copy.deepcopy(weir.settings)
    settings["upstream"][0]["address"] = "postgres://app:Hunter2@127.0.0.1:5432/"
    assert "Hunter2" not in refused(weir, settings)
    assert "Hunter2" not in weir.program.output()


def test_a_file_that_is_never_read_stops_no_signal(weir):
    weir.config.unlink()
    os.mkfifo(weir.config)
    weir.program.send_signal(signal.SIGHUP)
    time.sleep(0.2)  # it reads by now, or will soon: both are right
    weir.program.send_signal(signal.SIGTERM)
    until(lambda: not weir.program.running(), "drained and gone", timeout=30)


def test_an_address_in_use_refuses_the_whole_reload(weir):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        other = copy.deepcopy(weir.settings)
        other["listen"].append({"name": "late", "address": f"127.0.0.1:{taken.getsockname()[1]}"})
        other["pool"][0]["max_size"] = 9
        assert "listen.late.address" in refused(weir, other)


# -- pools


def test_a_larger_pool_serves_who_waits(weir):
    weir.settings["pool"][0].update(max_size=1, acquire_timeout="30s")
    reload(weir)
    with login(weir) as one, login(weir) as other:
        one.query("BEGIN")
        thread = threading.Thread(target=lambda: other.query("SELECT 1"))
        thread.start()
        until(lambda: weir.value("weir_pool_pending_acquires", pool="tenants") == 1, "it waits")
        weir.settings["pool"][0]["max_size"] = 2
        reload(weir)
        thread.join(10)
        assert not thread.is_alive()


def test_a_resize_by_an_operator_stays_until_the_file_says_otherwise(weir):
    login(weir).query("SELECT 1")
    most = lambda: weir.json("/api/v1/tenants")["tenants"][0]["max"]
    weir.command("resize", "--pool", "tenants", "--max-size", "9")
    weir.settings["pool"][0]["acquire_timeout"] = "1s"
    reload(weir)
    assert most() == 9
    weir.settings["pool"][0]["max_size"] = 5
    reload(weir)
    assert most() == 5


def test_time_limits_and_waits_change_for_clients_who_are_there(weir):
    with login(weir) as one:
        weir.settings["pool"][0].update(query_timeout="200ms")
        reload(weir)
        with pytest.raises(Refused) as caught:
            one.query("SELECT pg_sleep(5)")
        assert caught.value.code == "57014"
    weir.settings["pool"][0].update(query_timeout="0s")
    reload(weir)
    with login(weir) as one:
        one.query("SELECT pg_sleep(0.5)")


def test_min_idle_is_kept_from_the_reload_on(weir):
    with login(weir) as one:
        one.query("SELECT 1")
        weir.settings["pool"][0]["min_idle"] = 3
        reload(weir)
        until(lambda: connections(weir, "idle") == 3, "three are idle")


def test_a_disabled_tenant_is_refused_and_comes_back(weir):
    weir.settings["pool"][0]["disabled_tenants"] = ["a"]
    with login(weir) as one, login(weir, "tenant_b") as other:
        reload(weir)
        with pytest.raises(Refused):
            one.query("SELECT 1")
        assert other.query("SELECT 1") == [["1"]]
        weir.settings["pool"][0]["disabled_tenants"] = []
        reload(weir)
    with login(weir) as one:
        assert one.query("SELECT 1") == [["1"]]


def test_connections_made_in_another_way_replace_those_there_are(weir):
    """Idle ones at once, held ones with the end of their transaction."""
    with login(weir) as one, login(weir) as busy:
        busy.query("BEGIN")
        held, idle = pid(busy), pid(one)
        weir.settings["pool"][0]["search_path"] = "pg_catalog"
        reload(weir)
        assert pid(one) not in (idle, held)
        assert one.query("SHOW search_path") == [["pg_catalog"]]
        assert pid(busy) == held
        busy.query("COMMIT")
        assert pid(busy) != held
        assert busy.query("SHOW search_path") == [["pg_catalog"]]
    assert weir.value("weir_connections_reaped_total", pool="tenants", reason="config") == 2


def test_a_pool_goes_to_another_database_and_account(weir, postgres):
    postgres.execute("CREATE ROLE second LOGIN PASSWORD 'second-secret'")
    weir.settings["pool"].append({**weir.settings["pool"][0], "name": "other", "match": "other"})
    weir.settings["pool"][1].update(database="tenant_a")
    reload(weir)
    with login(weir, "other") as one:
        assert one.query("SELECT current_database(), current_user") == [["tenant_a", "app"]]
        weir.settings["pool"][1].update(database="tenant_b", user="second", password="second-secret")
        reload(weir)
        assert one.query("SELECT current_database(), current_user") == [["tenant_b", "second"]]
    with login(weir, "other") as late:
        assert late.query("SELECT current_user") == [["second"]]


def test_a_wrong_password_is_put_right_by_a_reload(weir):
    weir.settings["pool"][0]["password"] = "wrong"
    reload(weir)
    with pytest.raises(Refused):
        login(weir).query("SELECT 1")
    weir.settings["pool"][0]["password"] = APP_PASSWORD
    reload(weir)
    with login(weir) as one:
        assert one.query("SELECT 1") == [["1"]]


def test_a_pool_that_is_added_serves_and_one_that_is_removed_lets_its_clients_finish(weir):
    added = {**weir.settings["pool"][0], "name": "added", "match": "extra", "database": "tenant_b",
             "min_idle": 1}
    with pytest.raises(Refused) as caught:
        login(weir, "extra")
    assert caught.value.code == "3D000"
    weir.settings["pool"].append(added)
    assert reload(weir) == ["pool.added: added"]
    until(lambda: connections(weir, "idle", "added") == 1, "it is warm")
    busy, idle, stays = login(weir, "extra"), login(weir, "extra"), login(weir)
    busy.query("BEGIN")
    stays.query("SELECT 1")
    weir.settings["pool"].pop()
    assert reload(weir) == ["pool.added: removed"]
    assert idle.error()["C"] == "57P01"
    assert busy.query("SELECT 1") == [["1"]], "a transaction goes on to its end"
    busy.query("COMMIT")
    assert "removed" in busy.error()["M"]
    assert stays.query("SELECT 1") == [["1"]]
    assert [pool["name"] for pool in weir.json("/api/v1/config")["pool"]] == ["tenants"]
    with pytest.raises(Refused):
        login(weir, "extra")
    until(lambda: sum(weir.metrics().series("weir_pool_connections", pool="added").values()) == 0,
          "its connections are gone")
    assert weir.value("weir_acquires_total", pool="added") > 0, "what was counted stays"
    weir.settings["pool"].append(added)
    reload(weir)
    with login(weir, "extra") as again:
        assert again.query("SELECT current_database()") == [["tenant_b"]]


def test_who_waits_for_a_paused_pool_is_told_of_its_removal(start_weir, postgres):
    gone = {"name": "gone", "match": "tenant_b", "acquire_timeout": "0s"}
    weir = start_weir(postgres, pool=[dict(POOL, match="tenant_a"), gone])
    with login(weir, "tenant_b") as client:
        client.query("SELECT 1")
        weir.command("pause", "--pool", "gone")
        client.send(m.query("SELECT 2"))
        until(lambda: weir.value("weir_pool_pending_acquires", pool="gone") == 1, "it waits")
        weir.settings["pool"].pop()
        reload(weir)
        assert client.error()["C"] == "57P01"
    until(lambda: weir.value("weir_pool_connections_max", pool="gone") == 0, "forgotten")


def test_another_match_holds_for_new_logins(weir):
    weir.settings["pool"][0]["database"] = "tenant_{tenant}"
    reload(weir)
    with login(weir) as old:
        weir.settings["pool"][0]["match"] = "db_{tenant}"
        reload(weir)
        assert old.query("SELECT 1") == [["1"]]
        with pytest.raises(Refused):
            login(weir)
        with login(weir, "db_a") as new:
            assert new.query("SELECT current_database()") == [["tenant_a"]]


def test_a_match_that_renames_databases_never_leads_old_clients_elsewhere(weir):
    """Without a `database` of its own the pool goes where clients ask for."""
    with login(weir) as old:
        weir.settings["pool"][0]["match"] = "{tenant}"
        reload(weir)
        assert old.error()["C"] == "57P01"
    with login(weir) as new:
        assert new.query("SELECT current_database()") == [["tenant_a"]]


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


class Watch:
    """How many sessions of Weir's the server itself has, looked at again and again."""

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
            while not self.stopped.wait(0.02):
                began = time.monotonic()
                seen = connection.execute("SELECT count(*) FROM pg_stat_activity WHERE usename = 'app'")
                self.looks.append((began, seen.fetchone()[0]))

    def most(self, since=0.0):
        return max((seen for began, seen in list(self.looks) if began >= since), default=0)


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
    with Watch(server) as watch:
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


# -- the log, and the agent itself


def test_the_log_and_the_drain_follow(weir):
    weir.settings["log"].update(level="debug", format="json", stats_every="200ms")
    weir.settings["agent"]["drain_timeout"] = "1s"
    reload(weir)
    until(lambda: '"event":"pool.stats"' in weir.log() or '"pool.stats"' in weir.log(), weir.log)


# -- many


def files(weir):
    """Configurations that differ in everything a reload may change under load."""
    base = copy.deepcopy(weir.settings)
    small, moved, fewer = (copy.deepcopy(base) for _ in range(3))
    small["pool"][0].update(max_size=4, min_idle=2, weight=3, idle_timeout="1s")
    small["upstream"][0]["max_connections"] = 12
    moved["pool"][0].update(search_path="public", reserved=2)
    moved["upstream"][0]["connect_timeout"] = "4s"
    moved["listen"].append({"name": "late", "address": f"127.0.0.1:{free_port()}"})
    moved["user"].append({"name": "late", "password": "late-secret"})
    fewer["pool"].insert(0, {**base["pool"][0], "name": "unused", "match": "unused_{tenant}"})
    fewer["upstream"][0]["tls"] = {"mode": "prefer"}
    bad = copy.deepcopy(base)
    bad["agent"]["loops"] = 7
    return [small, moved, fewer, bad, base]


@pytest.mark.timeout(600)
def test_many_reloads_under_load_lose_nothing(start_weir, postgres, size):
    weir = start_weir(postgres, upstream={"max_connections": 20},
                      pool=[{**POOL, "max_size": 10, "acquire_timeout": "60s"}])
    count, reloads = size(50, 200), size(20, 100)
    stop, failures, answered = threading.Event(), [], [0] * count

    async def one(number, client):
        asked = 0
        try:
            while not stop.is_set():
                asked += 1
                if asked % 5:
                    assert await client.query(f"SELECT {asked}") == [[str(asked)]]
                else:
                    await client.query("BEGIN")
                    first = await client.query("SELECT pg_backend_pid()")
                    assert await client.query("SELECT pg_backend_pid()") == first
                    await client.query("COMMIT")
                answered[number] += 1
                await asyncio.sleep(0.005)
        except (Lost, Refused, AssertionError) as error:
            failures.append((number, asked, repr(error)))

    async def drive():
        names = ["tenant_a", "tenant_b", "tenant_c"]
        clients = await open_many(count, lambda i: Client.open(weir.ports["trusted"], names[i % 3]))
        await asyncio.gather(*(one(number, client) for number, client in enumerate(clients)))
        close_all(clients)

    load = threading.Thread(target=lambda: asyncio.run(drive()))
    load.start()
    try:
        until(lambda: all(answered) or failures, "all are served", timeout=60)
        turns = files(weir)
        for number in range(reloads):
            write(weir, turns[number % len(turns)])
            status, answer = weir.admin("/api/v1/reload", "POST")
            assert status == (422 if number % len(turns) == 3 else 200), answer
        before = list(answered)
        until(lambda: all(now > then for now, then in zip(answered, before)) or failures,
              "all go on", timeout=60)
    finally:
        stop.set()
        load.join(60)
    assert failures == []
    assert weir.value("weir_config_reloads_total") == reloads
    assert weir.value("weir_acquires_total", outcome="timeout") == 0
    assert weir.value("weir_acquires_total", outcome="error") == 0
