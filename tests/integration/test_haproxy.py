"""HAProxy in front of two agents: one drains, is started again, and restarts, under load, and no client sees an error."""

import contextlib
import os
import signal
import socket

import pytest

from harness.balancer import Balancer
from harness.engines import ENGINES, EnginesWeir, connect
from harness.mariadb import MariadbServers
from harness.pooled import Application
from harness.redis import RedisServer
from harness.waiting import until

pytestmark = [pytest.mark.alone, pytest.mark.timeout(400)]

KEPT, FLEETING = 4, 1  # applications of each engine, by what they do with their connection
# Longer than HAProxy's two checks take, also when the machine is busy with something else.
AGENT = {"drain_grace": "10s", "drain_timeout": "60s"}


@pytest.fixture(scope="module")
def servers(folder, start_module_postgres):
    mariadb, cache = MariadbServers(folder), RedisServer(folder / "redis-of-haproxy")
    try:
        found = {"postgresql": start_module_postgres(["tenant_a"]), "mysql": mariadb.start(["tenant_a"]),
                 "redis": cache.start()}
        for engine in ("postgresql", "mysql"):
            for statement in ("CREATE TABLE counters (id INT PRIMARY KEY, value INT)",
                              "INSERT INTO counters VALUES " + ", ".join(f"({number}, 0)" for number in range(20))):
                found[engine].execute(statement, "tenant_a")
        found["postgresql"].execute("ALTER TABLE counters OWNER TO app", "tenant_a")
        yield found
    finally:
        mariadb.remove_all()
        cache.remove()


@pytest.fixture
def agents(folder, servers, request):
    made = []
    try:
        for number in (1, 2):
            agent = EnginesWeir(folder / f"{request.node.name}-{number}", servers, agent=AGENT)
            for listen in agent.settings["listen"]:
                listen["proxy_protocol"] = True
            made.append(agent)
            agent.start()
        yield made
    finally:
        for agent in made:
            leave(agent)


def leave(agent):
    """Without its grace, which is for those who are gone by now."""
    os.kill(agent.pid, signal.SIGTERM)
    until(lambda: "agent.draining" in agent.log(), "it drains")
    agent.stop()


@pytest.fixture
def balancer(folder, agents, request):
    balancer = Balancer(folder / f"{request.node.name}-haproxy", agents)
    try:
        yield balancer.start()
    finally:
        balancer.stop()


@pytest.fixture
def applications(balancer, servers):
    """Under way; what they kept open was opened one after the other, so that both agents have some."""
    with servers["redis"].connect(1) as server:
        server.flushdb()
    for engine in ("postgresql", "mysql"):
        servers[engine].execute("UPDATE counters SET value = 0", "tenant_a")
    made = [Application(engine, balancer.ports[engine], number, keeps=number < KEPT)
            for engine in ENGINES for number in range(KEPT + FLEETING)]
    try:
        for one in made:
            if one.keeps:
                one.open()
        for one in made:
            one.start()
        served(made)
        yield made
    finally:
        for one in made:
            one.stop()


def served(applications, times=3):
    """Waits until each of them has had so many more transactions."""
    before = [one.committed for one in applications]
    until(lambda: all(one.committed >= was + times for one, was in zip(applications, before)),
          lambda: str([(one.engine, one.committed, one.troubles[:2]) for one in applications]), timeout=60)


def acquires(agent):
    return {engine: agent.value("weir_acquires_total", pool=engine, outcome="ok") for engine in ENGINES}


def grows(agent):
    before = acquires(agent)
    until(lambda: all(now > before[engine] for engine, now in acquires(agent).items()),
          lambda: f"it gets traffic of every engine: {before} {acquires(agent)}", timeout=60)


def listens(port):
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=5):
        return True
    return False


def on_servers(servers, engine):
    """{number: value} of the counters that were ever raised."""
    if engine == "redis":
        with servers["redis"].connect(1) as server:
            return {int(key.decode().partition(":")[2]): int(server.get(key)) for key in server.keys("counter:*")}
    return dict(servers[engine].execute("SELECT id, value FROM counters WHERE value > 0", "tenant_a"))


def assert_no_client_saw_an_error(applications, servers):
    for one in applications:
        one.stop()
    assert [(one.engine, one.keeps, one.troubles) for one in applications if one.troubles] == []
    for engine in ENGINES:
        told = {one.number: one.committed for one in applications if one.engine == engine}
        assert on_servers(servers, engine) == told, engine


def test_an_agent_that_drains_and_is_started_again_is_seen_by_no_client(agents, balancer, applications, servers):
    draining, other = agents
    for agent in agents:
        grows(agent)

    inside = [Application(engine, balancer.ports[engine], KEPT + FLEETING + at, keeps=True)
              for engine in ENGINES for at in range(2)]
    for one in inside:  # each agent has one of each engine
        one.enter()
        one.client.ask(*one.work)

    draining.command("drain")
    assert draining.admin("/readyz", token=None)[0] == 503
    assert all(listens(port) for port in draining.ports.values()), "the listeners close last"
    until(lambda: balancer.down(1), "HAProxy has noticed", timeout=30)
    assert balancer.up(2)
    until(lambda: not any(listens(port) for port in draining.ports.values()), "its listeners are closed", timeout=60)
    until(lambda: {one.engine for one in applications if one.sent_away} == set(ENGINES),
          "it has told idle clients to go", timeout=60)
    served(applications)
    assert draining.program.running(), "it waits for those inside a transaction"
    for one in inside:
        one.leave()
        one.close()
    assert draining.program.process.wait(60) == 0
    served(applications)

    draining.start()
    until(lambda: balancer.up(1), "HAProxy has noticed", timeout=30)
    served(applications)
    grows(draining)
    grows(other)
    assert_no_client_saw_an_error(applications + inside, servers)


def test_an_agent_that_restarts_is_seen_by_no_client(agents, applications, servers):
    """Who has logged in to the old process has a quarter of a second to begin; on a busy machine that may be missed."""
    for one in applications:
        one.may_be_late = 1
    restarting = agents[1]
    grows(restarting)
    before = restarting.pid
    restarting.command("restart")
    until(lambda: restarting.json("/api/v1/restart")["predecessor"] == 0, lambda: restarting.log()[-3000:], timeout=90)
    assert restarting.pid != before
    served(applications)
    for agent in agents:
        grows(agent)
    assert_no_client_saw_an_error(applications, servers)


def test_an_agent_knows_its_clients_addresses_behind_haproxy(agents, balancer):
    """The header says where the client connected from; HAProxy's own connection has another port."""
    with contextlib.closing(connect("postgresql", balancer.ports["postgresql"], "a")) as client:
        with socket.socket(fileno=os.dup(client.connection.fileno())) as ours:
            here = "{}:{}".format(*ours.getsockname())
        client.hold()
        assert here in {one["address"] for agent in agents for one in agent.json("/api/v1/clients")["clients"]}
        client.let_go()
