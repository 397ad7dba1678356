"""More incidents played for real: servers that are slow or full, connections that never last, a bad file."""

import contextlib

import psycopg
import pytest

from faults.proxy import FaultProxy
from harness import reloading
from harness.incidents import OF_THE_MACHINE, clients
from harness.postgres import APP_PASSWORD
from harness.waiting import until

pytestmark = [pytest.mark.incident, pytest.mark.timeout(590)]
OBSERVER = {"user": "observer", "password": "observer-secret"}


def test_a_slow_server(start_weir, postgres, watch):
    with FaultProxy(postgres.port) as proxy:
        weir = start_weir(postgres, upstream={"address": f"127.0.0.1:{proxy.port}"},
                          pool=[{"name": "shop", "match": "tenant_{tenant}", "max_size": 2}])
        watching = watch(weir)
        with clients(weir, 8, pause=0.01):
            until(lambda: weir.value("weir_queries_total", outcome="ok") > 20, "traffic")
            assert watching.prometheus.firing() <= OF_THE_MACHINE
            proxy.latency["down"] = 0.2
            watching.until_firing({"WeirPoolSaturated"})
            watching.until_told("tickets", "firing", {"WeirPoolSaturated"})
            proxy.latency["down"] = 0.0
            watching.until_quiet()
            watching.until_told("tickets", "resolved", {"WeirPoolSaturated"})
        watching.assert_only({"WeirPoolSaturated"})


def test_a_server_out_of_connections(start_weir, start_postgres, watch):
    slots = 17
    server = start_postgres(["tenant_a"], max_connections=slots + 3)  # three are the superuser's
    server.add_role("observer", "observer-secret")
    weir = start_weir(server, upstream={"max_connections": 12, "observe": {"every": "200ms", **OBSERVER}},
                      pool=[{"name": "shop", "match": "tenant_{tenant}", "acquire_timeout": "500ms"}])
    watching = watch(weir)
    expected = {"WeirServerSlotsLow", "WeirUpstreamConnectFailures", "WeirPoolExhausted", "WeirPoolSaturated"}
    with contextlib.ExitStack() as others:
        def take_until(taken):
            while server.sessions("backend_type = 'client backend' AND usename IN ('app', 'observer')") < taken:
                with contextlib.suppress(psycopg.OperationalError):
                    others.enter_context(server.connect("tenant_a", user="app", password=APP_PASSWORD))
        with clients(weir, 2):
            take_until(slots - 1)
            watching.until_firing({"WeirServerSlotsLow"})
            take_until(slots)
            with clients(weir, 8, statement="SELECT pg_sleep(0.3)"):
                watching.until_firing(expected)
                watching.until_told("pager", "firing", {"WeirPoolExhausted"})
                watching.until_told("tickets", "firing", {"WeirServerSlotsLow", "WeirUpstreamConnectFailures"})
    watching.until_quiet()
    watching.until_told("pager", "resolved", {"WeirPoolExhausted"})
    watching.assert_only(expected)


def test_connections_that_never_last(start_weir, postgres, watch):
    weir = start_weir(postgres, pool=[{"name": "shop", "match": "tenant_{tenant}", "mode": "direct"}])
    watching = watch(weir)
    expected = {"WeirConnectStorm", "WeirReapStorm", "WeirLowReuse"}
    with clients(weir, 4, statement="SELECT pg_terminate_backend(pg_backend_pid())"):
        watching.until_firing(expected)
        watching.until_told("tickets", "firing", expected)
    watching.until_quiet()
    watching.until_told("tickets", "resolved", expected)
    watching.assert_only(expected)


def test_a_bad_reload(start_weir, postgres, watch):
    weir = start_weir(postgres)
    watching = watch(weir)
    reloading.refused(weir, {**weir.settings, "agent": {"loops": "many"}})
    watching.until_told("tickets", "firing", {"WeirConfigReloadFailed"})
    reloading.reload(weir)
    watching.until_quiet()
    watching.until_told("tickets", "resolved", {"WeirConfigReloadFailed"})
    watching.assert_only({"WeirConfigReloadFailed"})
