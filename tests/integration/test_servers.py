"""What the servers say of themselves: polls of real ones, as /metrics and /health show them."""

import contextlib
import time

import psycopg
import pymysql
import pytest
import redis

from harness.certificates import Authority
from harness.mariadb import MariadbServers
from harness.metrics import Metrics
from harness.processes import frozen
from harness.waiting import stays, until

pytestmark = pytest.mark.long

OBSERVER = {"user": "observer", "password": "observer-secret"}
FAMILIES = {
    "weir_server_max_connections": "gauge", "weir_server_connections": "gauge",
    "weir_server_poll_up": "gauge", "weir_server_poll_seconds": "gauge",
    "weir_server_aborted_connects_total": "counter", "weir_server_rejected_connections_total": "counter",
    "weir_server_max_used_connections": "gauge", "weir_server_blocked_clients": "gauge"}


def observe(every="200ms", **more):
    return {"every": every, **OBSERVER, **more}


@pytest.fixture
def observed_postgres(start_postgres):
    def start(rights="", **settings):
        server = start_postgres(["tenant_a"], **settings)
        server.add_role(OBSERVER["user"], OBSERVER["password"], rights)
        return server
    return start


@pytest.fixture
def observed_mariadb(folder):
    servers = MariadbServers(folder)

    def start(rights="", options="", **settings):
        server = servers.start(["tenant_a"], **settings)
        server.add_user(OBSERVER["user"], OBSERVER["password"], options, rights)
        return server
    yield start
    servers.remove_all()


def mysql_upstream(server, **more):
    return {"name": "shop", "engine": "mysql", "address": f"127.0.0.1:{server.port}",
            "observe": observe(), "tls": {"mode": "disable"}, **more}


def redis_upstream(server, **more):
    return {"name": "cache", "engine": "redis", "address": f"127.0.0.1:{server.port}",
            "observe": observe(), **more}


def polled(weir, upstream, up=1):
    """A scrape behind a poll that has ended so."""
    def seen():
        scrape = weir.metrics()
        series = scrape.series("weir_server_poll_up", upstream=upstream)
        return scrape if list(series.values()) == [up] else None
    return until(seen, lambda: f"a poll of {upstream}:\n{weir.log()[-2000:]}")


def connections(scrape, upstream):
    return {owner: scrape.value("weir_server_connections", upstream=upstream, owner=owner)
            for owner in ("this_agent", "others", "reserved")}


def test_families_have_help_and_type_though_nothing_is_observed(weir):
    scrape = weir.metrics()
    for name, kind in FAMILIES.items():
        assert scrape.types[name] == kind and scrape.helps[name]
        assert not scrape.series(name)


@pytest.mark.parametrize("rights", ["", "IN ROLE pg_monitor"])
def test_postgresql_tells_its_limit_and_whose_connections_are_there(observed_postgres, start_weir, rights):
    server = observed_postgres(rights, max_connections=50, superuser_reserved_connections=5)
    weir = start_weir(server, upstream={"observe": observe()})
    with server.connect(), server.connect(), weir.connect():
        with weir.connect() as ours:
            ours.execute("SELECT 1")

        # The poll's own connection is one of ours, beside the pool's.
        wanted = {"this_agent": 2, "others": 2, "reserved": 5}
        until(lambda: connections(polled(weir, "main"), "main") == wanted,
              lambda: connections(weir.metrics(), "main"))
    scrape = weir.metrics()
    assert scrape.value("weir_server_max_connections", upstream="main") == 50
    assert scrape.value("weir_server_poll_seconds", upstream="main") > 0
    assert not scrape.series("weir_server_max_used_connections")


def test_mariadb_tells_its_limit_and_what_failed_there(observed_mariadb, start_weir, postgres):
    server = observed_mariadb(max_connections=33)
    with pytest.raises(pymysql.OperationalError):
        server.connect(user="observer", password="wrong")
    weir = start_weir(postgres, more_upstreams=[mysql_upstream(server)])
    with server.connect(), server.connect():
        wanted = {"this_agent": 1, "others": 2, "reserved": 0}
        until(lambda: connections(polled(weir, "shop"), "shop") == wanted,
              lambda: connections(weir.metrics(), "shop"))
        scrape = weir.metrics()
        assert scrape.value("weir_server_max_connections", upstream="shop") == 33
        assert scrape.value("weir_server_aborted_connects_total", upstream="shop") >= 1
        assert scrape.value("weir_server_max_used_connections", upstream="shop") >= 3
        assert scrape.value("weir_server_rejected_connections_total", upstream="shop") == 0


def test_mariadb_that_is_full_tells_so_by_its_next_answer(observed_mariadb, start_weir, postgres):
    server = observed_mariadb(max_connections=10)
    weir = start_weir(postgres, more_upstreams=[mysql_upstream(server)])
    polled(weir, "shop")
    with contextlib.ExitStack() as full:
        # A poll may have the last place at first.
        def fill():
            try:
                full.enter_context(server.connect(user="app", password="app-secret"))
            except pymysql.OperationalError as error:
                return error.args[0] == 1040
        until(fill, "the server is full")
        polled(weir, "shop", up=0)
        assert "(1040)" in weir.log()
        # Only who finds the administrators' place taken, too, is counted as refused for that.
        full.enter_context(server.connect())
        until(fill, "the server is full")
    until(lambda: polled(weir, "shop").value("weir_server_rejected_connections_total", upstream="shop") >= 1,
          "refusals are told")


def test_redis_tells_its_limit_its_refusals_and_who_is_blocked(start_redis, start_redis_weir):
    server = start_redis(maxclients=12)
    with server.connect() as admin:
        admin.acl_setuser("observer", enabled=True, passwords=["+observer-secret"], commands=["+info"])
    weir = start_redis_weir(server, upstream={"observe": observe()})
    with contextlib.ExitStack() as clients:
        blocked = redis.Redis(port=server.port, password="server-secret")
        clients.callback(blocked.close)
        pubsub = blocked.connection_pool.make_connection()
        pubsub.connect()
        clients.callback(pubsub.disconnect)
        pubsub.send_command("BLPOP", "nothing", 0)
        until(lambda: polled(weir, "cache").value("weir_server_blocked_clients", upstream="cache") == 1,
              "one is blocked")
        scrape = weir.metrics()
        assert scrape.value("weir_server_max_connections", upstream="cache") == 12
        shares = connections(scrape, "cache")
        assert shares["this_agent"] >= 1 and shares["others"] >= 1 and shares["reserved"] == 0
        refused = scrape.value("weir_server_rejected_connections_total", upstream="cache")

        def fill():
            try:
                one = redis.Redis(port=server.port, password="server-secret", single_connection_client=True)
                clients.callback(one.close)
                one.ping()
            except redis.ConnectionError:
                return True
        until(fill, "the server is full")
        polled(weir, "cache", up=0)
        assert "max number of clients reached" in weir.log()
    until(lambda: polled(weir, "cache").value("weir_server_rejected_connections_total",
                                              upstream="cache") > refused, "refusals are told")


def test_redis_without_a_password_is_asked_as_default(start_redis, start_weir, postgres):
    server = start_redis()
    with server.connect() as admin:
        admin.config_set("requirepass", "")
    weir = start_weir(postgres, more_upstreams=[
        redis_upstream(server, observe={"every": "200ms", "user": "default"})])
    polled(weir, "cache")


def test_a_wrong_password_is_logged_once_and_never_told(observed_postgres, observed_mariadb, start_redis,
                                                       start_weir):
    wrong = observe(password="wrong-secret", every="50ms")
    postgres, maria, cache = observed_postgres(), observed_mariadb(), start_redis()
    weir = start_weir(postgres, upstream={"observe": wrong},
                      more_upstreams=[mysql_upstream(maria, observe=wrong),
                                      redis_upstream(cache, observe=wrong)])
    for upstream in ("main", "shop", "cache"):
        polled(weir, upstream, up=0)
        lines = lambda: [line for line in weir.log().splitlines()
                         if "server.poll_failed" in line and f"upstream={upstream}" in line]
        stays(lambda: len(lines()) == 1, f"one line of {upstream}: {lines()}", 0.5)
    assert "wrong-secret" not in weir.log()
    assert not weir.metrics().series("weir_server_connections")
    # Whoever is asked as somebody else disturbs nobody.
    assert weir.value("weir_upstream_breaker_transitions_total", upstream="main") == 0
    with weir.connect() as client:
        assert client.execute("SELECT 1").fetchone() == (1,)


def test_a_poll_without_a_token_is_skipped_and_the_pools_keep_theirs(observed_postgres, start_weir):
    server = observed_postgres()
    weir = start_weir(server, upstream={"max_connections": 2, "observe": observe()},
                      pool=[{"name": "tenants", "match": "tenant_{tenant}", "idle_timeout": "300ms"}])
    polled(weir, "main")
    with contextlib.ExitStack() as held:
        def hold():
            with contextlib.suppress(psycopg.Error):
                client = held.enter_context(weir.connect())
                client.execute("BEGIN")
        hold(), hold()
        scrape = polled(weir, "main", up=0)
        assert scrape.value("weir_upstream_budget_used", upstream="main") == 2
        assert server.sessions("usename = 'app'") == 2
        assert server.sessions("usename = 'observer'") == 0
        assert "no seat" in weir.log()
        # What was read before stays for three intervals, and no longer.
        until(lambda: not weir.metrics().series("weir_server_max_connections"), "the reading is dropped")
    polled(weir, "main")
    until(lambda: "server.poll_works_again" in weir.log(), "that is said, too")


def test_a_poll_never_takes_the_server_above_the_budget(observed_postgres, start_weir):
    server = observed_postgres()
    weir = start_weir(server, upstream={"max_connections": 3, "observe": observe(every="20ms")})
    deadline, most = time.monotonic() + 3, 0
    while time.monotonic() < deadline:
        with contextlib.ExitStack() as clients:
            for _ in range(3):
                clients.enter_context(weir.connect()).execute("SELECT 1")
            most = max(most, server.sessions("usename IN ('app', 'observer')"))
    assert 0 < most <= 3


def test_a_server_that_hangs_holds_up_neither_scrapes_nor_the_end(observed_postgres, start_weir):
    server = observed_postgres()
    weir = start_weir(server, upstream={"connect_timeout": "30s", "observe": observe()})
    polled(weir, "main")
    with frozen(server.program.pid):
        time.sleep(0.5)  # a poll is under way then
        assert weir.metrics().value("weir_server_max_connections", upstream="main") > 0
        began = time.monotonic()
        weir.stop()
        assert time.monotonic() - began < 20


def test_a_server_that_comes_back_is_asked_again(observed_postgres, start_weir):
    server = observed_postgres()
    weir = start_weir(server, upstream={"observe": observe()})
    polled(weir, "main")
    server.stop()
    polled(weir, "main", up=0)
    server.start()
    polled(weir, "main")


def test_a_reload_starts_changes_and_ends_polls(observed_postgres, start_weir):
    server = observed_postgres()
    weir = start_weir(server)
    upstream = weir.settings["upstream"][0]
    for wanted, up in ((observe(password="wrong"), 0), (observe(), 1)):
        upstream["observe"] = wanted
        weir.configure()
        weir.command("reload")
        polled(weir, "main", up)
    upstream["observe"] = {"every": "200ms"}
    weir.configure()
    weir.command("reload")
    assert not weir.metrics().series("weir_server_poll_up")
    until(lambda: server.sessions("usename = 'observer'") == 0, "its connection is gone")
    stays(lambda: not weir.metrics().series("weir_server_poll_up"), "nobody asks", 0.5)


def test_a_restart_goes_on_asking(observed_postgres, start_weir):
    server = observed_postgres()
    weir = start_weir(server, upstream={"observe": observe()})
    polled(weir, "main")
    weir.command("restart")
    polled(weir, "main")


def test_health_warns_when_the_server_runs_out_of_slots(observed_postgres, start_weir):
    server = observed_postgres(max_connections=20, superuser_reserved_connections=2)
    weir = start_weir(server, upstream={"max_connections": 5, "observe": observe()})
    with contextlib.ExitStack() as others:
        for _ in range(16):
            others.enter_context(server.connect())
        polled(weir, "main")
        issue = until(lambda: next((issue for issue in weir.json("/health")["issues"]
                                    if issue["what"] == "server slots low"), None), "a warning")
        assert issue["upstream"] == "main" and issue["limit"] == 18
    until(lambda: weir.json("/health")["status"] == "healthy", "all is well again")


@pytest.mark.parametrize("mode", ["prefer", "require", "verify-ca", "verify-full"])
def test_postgresql_is_asked_under_tls(observed_postgres, start_weir, authority, folder, mode):
    certificate, key = authority.sign(f"asked-{mode}", owner="postgres")
    server = observed_postgres(ssl="on", ssl_cert_file=certificate, ssl_key_file=key, log_connections="on")
    ca = {"ca": str(authority.crt)} if mode.startswith("verify") else {}
    weir = start_weir(server, upstream={"tls": {"mode": mode, **ca}, "observe": observe()})
    polled(weir, "main")
    assert any("user=observer" in line and "SSL enabled" in line
               for line in server.program.output().splitlines())


@pytest.mark.parametrize("mode", ["prefer", "require", "verify-ca", "verify-full"])
def test_mariadb_is_asked_under_tls(observed_mariadb, start_weir, postgres, authority, mode):
    server = observed_mariadb(tls=authority.sign(f"maria-{mode}", owner="mysql"), options="REQUIRE SSL")
    ca = {"ca": str(authority.crt)} if mode.startswith("verify") else {}
    weir = start_weir(postgres, more_upstreams=[
        mysql_upstream(server, address=f"localhost:{server.port}", tls={"mode": mode, **ca})])
    polled(weir, "shop")


@pytest.mark.parametrize("mode", ["verify-ca", "verify-full"])
def test_a_server_of_another_authority_is_not_told_a_password(observed_postgres, observed_mariadb, start_weir,
                                                              authority, folder, mode):
    other = Authority(folder / f"other-{mode}")
    tls = {"mode": mode, "ca": str(other.crt)}
    certificate, key = authority.sign(f"not-{mode}", owner="postgres")
    postgres = observed_postgres(ssl="on", ssl_cert_file=certificate, ssl_key_file=key)
    maria = observed_mariadb(tls=authority.sign(f"not-maria-{mode}", owner="mysql"))
    weir = start_weir(postgres, upstream={"tls": tls, "observe": observe()},
                      more_upstreams=[mysql_upstream(maria, tls=tls)])
    for upstream in ("main", "shop"):
        polled(weir, upstream, up=0)
        assert any("certificate" in line.lower() and f"upstream={upstream}" in line
                   for line in weir.log().splitlines()), weir.log()


def test_a_name_is_verified_in_the_mode_that_says_so(observed_mariadb, start_weir, postgres, authority):
    tls = authority.sign("elsewhere", subject="/CN=elsewhere", names="DNS:elsewhere", owner="mysql")
    server = observed_mariadb(tls=tls)
    weir = start_weir(postgres, more_upstreams=[
        mysql_upstream(server, tls={"mode": "verify-ca", "ca": str(authority.crt)}),
        {**mysql_upstream(server, tls={"mode": "verify-full", "ca": str(authority.crt)}), "name": "strict"}])
    polled(weir, "shop")
    polled(weir, "strict", up=0)


def test_tls_is_not_done_without_where_it_is_required(observed_postgres, observed_mariadb, start_weir):
    postgres, maria = observed_postgres(), observed_mariadb()
    weir = start_weir(postgres, upstream={"tls": {"mode": "require"}, "observe": observe()},
                      more_upstreams=[mysql_upstream(maria, tls={"mode": "require"})])
    polled(weir, "main", up=0)
    polled(weir, "shop", up=0)
    assert "server does not support SSL" in weir.log() and "server does not support TLS" in weir.log()


def test_mariadb_without_tls_is_asked_plainly_where_it_is_only_preferred(observed_mariadb, start_weir, postgres):
    server = observed_mariadb()
    weir = start_weir(postgres, more_upstreams=[mysql_upstream(server, tls={"mode": "prefer"})])
    polled(weir, "shop")


def test_a_standby_is_found_among_several(observed_postgres, start_postgres, start_weir):
    primary = observed_postgres()
    standby = start_postgres(primary=primary, max_connections=101)
    weir = start_weir(primary, upstream={"address": f"127.0.0.1:{primary.port}, 127.0.0.1:{standby.port}",
                                         "target": "prefer-standby", "observe": observe()})
    assert polled(weir, "main").value("weir_server_max_connections", upstream="main") == 101
    standby.stop()

    def falls_back():
        scrape = Metrics(weir.metrics().text)
        up = scrape.series("weir_server_poll_up", upstream="main")
        return 1.0 in up.values() and \
            scrape.value("weir_server_max_connections", upstream="main") == 100
    until(falls_back, lambda: weir.log())
