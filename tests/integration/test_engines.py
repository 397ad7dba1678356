"""One Weir with three engines: what operators see and do is the same for each."""

import json
import threading
import urllib.parse

import pytest

from harness.engines import ENGINES, EnginesWeir, connect
from harness.mariadb import APP_PASSWORD, MariadbServers
from harness.processes import Program
from harness.waiting import free_port, stays, until
from harness.weir import TOKEN, binary, clean_environment

pytestmark = pytest.mark.sanitized


@pytest.fixture(scope="module")
def servers(folder, postgres, redis_server):
    mariadb = MariadbServers(folder)
    yield {"postgresql": postgres, "mysql": mariadb.start(), "redis": redis_server}
    mariadb.remove_all()


@pytest.fixture(scope="module")
def start(folder, servers):
    made = []

    def start_one(**settings):
        made.append(EnginesWeir(folder / f"engines{len(made)}", servers, **settings))
        return made[-1].start()
    yield start_one
    for weir in made:
        weir.stop()


@pytest.fixture(scope="module")
def weir(start):
    return start(pool={"max_size": 3, "leak_after": "300ms", "acquire_timeout": "10s"})


@pytest.fixture(params=ENGINES)
def engine(request):
    return request.param


@pytest.fixture
def client(weir, engine):
    """client(letter): one that is closed after the test."""
    made = []

    def connect(letter="a"):
        made.append(weir.client(engine, letter))
        return made[-1]
    yield connect
    for one in made:
        one.close()
    until(lambda: held(weir, engine) == 0, lambda: f"all given back: {weir.json('/api/v1/servers')}")


def held(weir, engine):
    scrape = weir.metrics()
    return sum(scrape.value("weir_pool_connections", pool=engine, state=state)
               for state in ("used", "pinned", "resetting"))


def row_of(weir, engine, *command):
    return next(row for row in json.loads(weir.command(*command, "--json").stdout)["pools"]
                if row["pool"] == engine)


def test_status_has_a_row_for_each_engine(weir, engine, client):
    one = client()
    one.ask()
    row = row_of(weir, engine, "status")
    assert row["engine"] == engine and row["breaker"] == "closed"
    told = weir.command("status").stdout
    assert any(line.split()[0] == engine for line in told.splitlines() if line.strip()), told


def test_status_in_detail_names_who_holds_a_connection(weir, engine, client):
    one = client()
    one.hold()
    told = weir.command("status", "--detailed", "--pool", engine).stdout
    assert "127.0.0.1" in told and ("used" in told or "pinned" in told), told


def test_tenants_are_listed(weir, engine, client):
    client("b").ask()
    tenants = json.loads(weir.command("tenants", "--json").stdout)["tenants"]
    assert any(one["pool"] == engine and one["tenant"] == weir.tenant(engine, "b") for one in tenants), tenants


def test_a_leak_is_shown_with_its_evidence_and_killed(weir, engine, client):
    forgetful = client()
    forgetful.hold()

    def suspected():
        leaks = json.loads(weir.command("leaks", "--json").stdout)["leaks"]
        return next((leak for leak in leaks if leak["pool"] == engine), None)
    leak = until(suspected, lambda: weir.json("/api/v1/servers"))
    assert leak["tenant"] == weir.tenant(engine) and leak["client_address"].startswith("127.0.0.1")
    health = weir.command("health", "--json", check=False)
    assert health.returncode == 1
    assert any(issue["what"] == "leaks suspected" and issue["pool"] == engine
               for issue in json.loads(health.stdout)["issues"])
    weir.command("kill", "--connection", leak["server"])
    until(lambda: held(weir, engine) == 0, "taken back")
    with pytest.raises(forgetful.errors):
        forgetful.ask()


def test_an_exhausted_pool_is_an_error_until_it_is_not(weir, engine, client):
    holders = [client() for _ in range(3)]
    for one in holders:
        one.hold()
    waiter = client()
    answered = threading.Event()
    thread = threading.Thread(target=lambda: (waiter.hold(), answered.set()))
    thread.start()
    until(lambda: weir.value("weir_pool_pending_acquires", pool=engine) == 1, "somebody waits")
    health = weir.command("health", "--json", check=False)
    assert health.returncode == 2
    assert any(issue["what"] == "pool exhausted" and issue["pool"] == engine
               for issue in json.loads(health.stdout)["issues"])
    assert "wait" in weir.command("tenants", "--sort", "wait").stdout.lower()
    holders[0].let_go()
    thread.join(20)
    assert answered.is_set()


def test_clear_closes_idle_connections(weir, engine, client):
    one = client()
    one.ask()
    until(lambda: held(weir, engine) == 0, "given back")
    before = weir.value("weir_connections_reaped_total", pool=engine, reason="admin")
    weir.command("clear", "--pool", engine)
    until(lambda: weir.value("weir_connections_reaped_total", pool=engine, reason="admin") > before, "closed")
    assert one.ask() in ((1,), None)


def test_pause_holds_and_resume_goes_on(weir, engine, client):
    one = client()
    one.ask()
    weir.command("pause", "--pool", engine)
    answered = threading.Event()
    thread = threading.Thread(target=lambda: (one.ask(), answered.set()))
    thread.start()
    until(lambda: weir.value("weir_pool_pending_acquires", pool=engine) == 1, "held")
    stays(lambda: not answered.is_set(), "held", 0.2)
    weir.command("resume", "--pool", engine)
    thread.join(20)
    assert answered.is_set()


def test_a_disabled_tenant_is_refused_and_admitted_again(weir, engine, client):
    one = client("c")
    one.ask()
    tenant = weir.tenant(engine, "c")
    weir.command("disable", "--pool", engine, "--tenant", tenant)
    with pytest.raises(one.errors, match="disabled"):
        one.ask()
    weir.command("enable", "--pool", engine, "--tenant", tenant)
    assert client("c").ask() in ((1,), None)


def test_resize_takes_effect_at_once(weir, engine, client):
    client("b").ask()
    weir.command("resize", "--pool", engine, "--tenant", weir.tenant(engine, "b"), "--max-size", "2")
    row = next(row for row in weir.json("/api/v1/tenants")["tenants"]
               if row["pool"] == engine and row["tenant"] == weir.tenant(engine, "b"))
    assert row["max"] == 2


def test_weir_test_drives_traffic_through_the_listener(weir, engine):
    before = weir.value("weir_queries_total", pool=engine, outcome="ok")
    report = json.loads(weir.command(
        "test", "--config", weir.config, "--pool", engine, "--tenant", weir.tenant(engine),
        "--clients", "4", "--seconds", "1", "--json").stdout)
    assert report["errors"] == 0 and report["transactions"] > 10
    assert report["reuse_rate"] > 0.5
    assert weir.value("weir_queries_total", pool=engine, outcome="ok") >= before + report["transactions"]


def test_weir_test_says_what_a_listener_refuses(weir, engine):
    scheme = {"postgresql": "postgres"}.get(engine, engine)
    dsn = f"{scheme}://app:wrong-secret@127.0.0.1:{weir.ports[engine]}/{'1' if engine == 'redis' else 'tenant_a'}"
    done = weir.command("test", "--dsn", dsn, "--clients", "1", "--seconds", "1", "--json", check=False)
    report = json.loads(done.stdout)
    assert done.returncode == 1 and report["transactions"] == 0 and report["errors"] > 0
    assert report["first_error"] and "wrong-secret" not in done.stdout + done.stderr


def test_check_dials_every_upstream(weir):
    told = weir.command("check", "--connect", "--config", weir.config).stdout
    for engine in ENGINES:
        assert any(f"upstream {engine} " in line and "connected" in line or "accepted" in line
                   for line in told.splitlines()), told


def test_serve_needs_no_file_but_urls(servers, folder):
    """Three listeners on usual ports, which are moved here, since somebody may use the usual ones."""
    ports = {engine: free_port() for engine in ENGINES}
    admin = free_port()
    urls = [f"{'postgres' if engine == 'postgresql' else engine}://app:{urllib.parse.quote(APP_PASSWORD)}"
            f"@127.0.0.1:{server.port}/" for engine, server in servers.items()]
    program = Program([binary(), "serve", *urls], folder / "three-urls.log", environment={
        **clean_environment(), "WEIR_ADMIN_LISTEN": f"127.0.0.1:{admin}", "WEIR_ADMIN_TOKEN": TOKEN,
        **{f"WEIR_LISTEN_{engine.upper()}_ADDRESS": f"127.0.0.1:{port}" for engine, port in ports.items()}})

    try:
        until(lambda: "agent.started" in program.output(), lambda: program.output())
        for engine in ENGINES:
            client = connect(engine, ports[engine], EnginesWeir.tenant(engine), APP_PASSWORD)
            assert client.ask() in ((1,), None)
            client.close()
    finally:
        program.stop()
    assert APP_PASSWORD not in program.output()
