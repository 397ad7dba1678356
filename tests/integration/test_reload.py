"""`weir reload`, SIGHUP, POST /api/v1/reload and RELOAD: all of a new file takes effect, or nothing does."""

import copy
import json
import os
import signal
import socket
import threading
import time

import psycopg
import pytest

from harness import messages as m
from harness.postgres import APP_PASSWORD
from harness.raw import Refused
from harness.reloading import login, pid, refused, reload, write
from harness.waiting import until

pytestmark = pytest.mark.sanitized

POOL = {"name": "tenants", "match": "tenant_{tenant}", "max_size": 3, "acquire_timeout": "2s"}


@pytest.fixture
def weir(start_weir, postgres):
    return start_weir(postgres, pool=[dict(POOL)])


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
    until(lambda: weir.value("weir_config_reloads_total", result="ok") == 3, "it is counted")
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
    assert "reload failed" in [issue["what"] for issue in health["issues"]]
    assert "config.reload_failed" in weir.log()
    reload(weir)
    assert "reload failed" not in [issue["what"] for issue in weir.json("/health")["issues"]]
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


# -- the log, and the agent itself


def test_the_log_and_the_drain_follow(weir):
    weir.settings["log"].update(level="debug", format="json", stats_every="200ms")
    weir.settings["agent"]["drain_timeout"] = "1s"
    reload(weir)
    until(lambda: '"event":"pool.stats"' in weir.log() or '"pool.stats"' in weir.log(), weir.log)
