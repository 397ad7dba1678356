"""The commands as people and programs see them."""

import json
import re
import threading

import psycopg
import pytest

from harness import toml
from harness.processes import Program, run
from harness.raw import RawClient
from harness.waiting import free_port, until
from harness.weir import PASSWORD, binary, clean_environment

pytestmark = pytest.mark.sanitized


def client(weir, database="tenant_c", **options):
    return RawClient(weir.ports["trusted"]).login(database, **options)


def command(*words, check=True, **environment):
    return run([binary(), *words], check=check, env={**clean_environment(), **environment})


def test_status_has_one_row_a_pool(weir):
    with client(weir) as one:
        one.query("BEGIN")
        table = weir.command("status").stdout
        assert re.search(r"\btenants\b", table) and re.search(r"\bmain\b", table)
        assert "\x1b" not in table, "colours are for terminals"
        row = next(row for row in json.loads(weir.command("status", "--json").stdout)["pools"]
                   if row["pool"] == "tenants")
        assert row["used"] == 1 and row["max"] == 20 and row["waiting"] == 0
        assert row["breaker"] == "closed"


def test_detailed_status_names_holder_and_statement_without_literals(weir):
    with client(weir, application_name="shop") as one:
        one.query("BEGIN")
        one.query("SELECT 'private words', 987654321")
        details = weir.command("status", "--detailed").stdout
        assert "shop" in details and "SELECT" in details and "used" in details
        assert "private words" not in details and "987654321" not in details


def test_tenants_can_be_sorted_and_limited(weir):
    for database in ("tenant_a", "tenant_b"):
        with client(weir, database) as one:
            one.query("SELECT 1")
    rows = json.loads(weir.command("tenants", "--sort", "used", "--limit", "1", "--json").stdout)["tenants"]
    assert len(rows) == 1
    table = weir.command("tenants").stdout
    assert re.search(r"^\S*\s*a\b|\ba\b", table, re.M)


def test_health_tells_by_its_exit_code(start_weir, postgres):
    weir = start_weir(postgres, pool=[{"name": "tiny", "match": "*", "max_size": 1, "acquire_timeout": "5s"}])
    assert weir.command("health").returncode == 0
    assert json.loads(weir.command("health", "--json").stdout)["status"] == "healthy"
    with client(weir) as holder, client(weir) as waiter:
        holder.query("BEGIN")
        warned = weir.command("health", check=False)
        assert warned.returncode == 1 and "tiny" in warned.stdout
        waiter.send(b"Q\0\0\0\x0dSELECT 1\0")
        until(lambda: weir.value("weir_pool_pending_acquires") == 1, "waits")
        exhausted = weir.command("health", check=False)
        assert exhausted.returncode == 2
        holder.query("COMMIT")
        waiter.until_ready()


def test_a_command_without_an_agent_fails_with_one_clear_line():
    done = command("status", check=False, WEIR_ADMIN=f"http://127.0.0.1:{free_port()}")
    assert done.returncode != 0 and done.stdout == ""
    assert done.stderr.startswith("weir: ") and done.stderr.count("\n") == 1


def test_weir_test_drives_traffic_through_the_listener(weir):
    done = weir.command("test", "--config", weir.config, "--pool", "tenants", "--tenant", "a", "--clients", "5",
                        "--seconds", "5", "--json")
    report = json.loads(done.stdout)
    assert report["errors"] == 0 and report["transactions"] > 10
    assert report["reuse_rate"] > 0.9


def test_check_reports_every_error_with_its_place(tmp_path):
    path = tmp_path / "wrong.toml"
    path.write_text('[agent]\nlops = 2\n\n[[pool]]\nname = "p"\nupstream = "nowhere"\nmatch = "*"\n'
                    'max_size = "many"\nacquire_timeout = "10"\n')
    done = command("check", "--config", path, check=False)
    assert done.returncode == 1
    report = done.stdout + done.stderr
    for line, words in ((2, "loops"), (6, "nowhere"), (8, "max_size"), (9, "acquire_timeout")):
        assert re.search(rf"wrong\.toml:{line}:\d+.*{words}", report), report


def test_check_accepts_the_running_configuration_and_dials(weir, tmp_path):
    assert command("check", "--config", weir.config).returncode == 0
    assert command("check", "--connect", "--config", weir.config).returncode == 0
    elsewhere = {**weir.settings, "upstream": [{**weir.settings["upstream"][0],
                                                "address": f"127.0.0.1:{free_port()}"}]}
    path = tmp_path / "elsewhere.toml"
    path.write_text(toml.written(elsewhere))
    done = command("check", "--connect", "--config", path, check=False)
    assert done.returncode == 1 and "refused" in (done.stdout + done.stderr)


def test_the_environment_overrides_the_file(start_weir, postgres):
    weir = start_weir(postgres, environment={"WEIR_POOL_TENANTS_MAX_SIZE": "7"})
    row = next(row for row in weir.json("/api/v1/pools")["pools"] if row["pool"] == "tenants")
    assert weir.json("/api/v1/config")["pool"][0]["max_size"] == 7, row


def test_serve_needs_no_file_but_urls(postgres, folder):
    """A listener on the usual port; both ports are moved here, since somebody may use the usual ones."""
    listen, admin = free_port(), free_port()
    program = Program([binary(), "serve", f"postgres://app:{PASSWORD}@127.0.0.1:{postgres.port}/"],
                      folder / "urls.log", environment={
                          **clean_environment(), "WEIR_ADMIN_LISTEN": f"127.0.0.1:{admin}",
                          "WEIR_ADMIN_TOKEN": "url-token",
                          "WEIR_LISTEN_POSTGRESQL_ADDRESS": f"127.0.0.1:{listen}"})
    try:
        def answers():
            assert program.running(), program.output()
            try:
                return psycopg.connect(host="127.0.0.1", port=listen, user="app", password=PASSWORD,
                                       dbname="tenant_b", sslmode="disable")
            except psycopg.OperationalError as error:
                assert "refused" in str(error), error
                return None

        with until(answers, lambda: program.output()) as connection:
            assert connection.execute("SELECT current_database()").fetchone() == ("tenant_b",)
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(host="127.0.0.1", port=listen, user="app", password="wrong", dbname="tenant_b")
    finally:
        program.stop()
    assert PASSWORD not in program.output()


def test_advice_is_what_was_measured_and_the_numbers_behind_it(start_weir, postgres):
    weir = start_weir(postgres)
    assert "--processes" in weir.command("advise", "--seconds", "1").stdout, "nothing to measure"
    stop = threading.Event()

    def ask(database):
        with client(weir, database) as one:
            while not stop.is_set():
                one.query("SELECT pg_sleep(0.05)")
    threads = [threading.Thread(target=ask, args=[database]) for database in ["tenant_a"] * 4 + ["tenant_b"]]
    for thread in threads:
        thread.start()
    try:
        advice = json.loads(weir.command("advise", "--seconds", "3", "--json").stdout)
        words = weir.command("advise", "--seconds", "1").stdout
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    (pool,), (upstream,) = advice["pools"], advice["upstreams"]
    assert pool["tenant"] == "a" and pool["max_size"] == 20, "the neediest"
    assert pool["arrivals_per_second"] > 1 and pool["peak_arrivals_per_second"] >= pool["arrivals_per_second"]
    assert pool["hold_mean_seconds"] >= 0.05
    assert 1 < pool["busy_mean"] <= 4
    assert 5 <= pool["suggested_max_size"] <= 12, "four at a time, and a margin"
    assert upstream["upstream"] == "main" and upstream["max_connections"] == 40
    assert pool["suggested_max_size"] <= upstream["needed"] <= 14
    assert "SUGGESTED" in words and "max_connections allows 40" in words


def test_before_there_is_traffic_advice_goes_by_the_usual_formulas():
    plan = ["advise", "--processes", "8", "--threads", "5", "--jobs", "10", "--databases", "3"]
    assert json.loads(command(*plan, "--json").stdout) == {
        "web": 40, "buffer": 4, "jobs": 12, "each": 56, "databases": 3, "total": 168}
    assert re.search(r"total +168", command(*plan).stdout)
    refused = command("advise", "--threads", "5", check=False)
    assert refused.returncode == 2 and "--processes" in refused.stderr


def test_help_and_version():
    assert "serve" in command("--help").stdout
    assert re.match(r"weir \d+\.\d+\.\d+", command("--version").stdout)
    assert command("no-such-command", check=False).returncode not in (0, 1)
