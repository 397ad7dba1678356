"""The console: what PgBouncer's admins and exporters ask, answered as PgBouncer answers."""

import asyncio
import os
import socket
import threading

import asyncpg
import psycopg
import pytest

from harness import messages as m
from harness.peers import PgBouncer
from harness.postgres import APP_PASSWORD
from harness.raw import RawClient
from harness.waiting import stays, until

ADMIN = {"name": "root", "password": "root-secret", "admin": True}
APP = {"name": "app", "password": APP_PASSWORD}
TABLES = ["POOLS", "STATS", "STATS_TOTALS", "STATS_AVERAGES", "DATABASES", "CLIENTS", "SERVERS", "LISTS",
          "CONFIG", "VERSION", "USERS", "MEM"]


@pytest.fixture
def weir(start_weir, postgres):
    return start_weir(postgres, user=[APP, ADMIN],
                      pool=[{"name": "tenants", "match": "tenant_{tenant}", "max_size": 3},
                            {"name": "named", "match": "literal", "database": "tenant_b", "max_size": 2},
                            {"name": "own", "match": "own", "database": "tenant_c", "user": "",
                             "password": ""}])


@pytest.fixture
def console(weir):
    with open_console(weir) as connection:
        yield connection


def open_console(weir, database="pgbouncer", **options):
    return psycopg.connect(**{**weir.parameters(database, user="root", password="root-secret"),
                              "autocommit": True, "prepare_threshold": None,
                              "cursor_factory": psycopg.ClientCursor, **options})


def shown(console, what):
    """[{column: value}] of a table."""
    cursor = console.execute(f"SHOW {what}")
    names = [column.name for column in cursor.description]
    return [dict(zip(names, row)) for row in cursor.fetchall()]


def row(console, what, **wanted):
    rows = [r for r in shown(console, what) if wanted.items() <= r.items()]
    assert len(rows) == 1, rows
    return rows[0]


def client(weir, database="tenant_a"):
    return RawClient(weir.ports["trusted"]).login(database)


def columns(console, what):
    return [(column.name, column.type_code) for column in console.execute(f"SHOW {what}").description]


def test_tables_have_the_columns_and_types_of_a_real_pgbouncer(console, folder, postgres):
    bouncer = PgBouncer(folder / "beside", postgres, auth="plain", users={"root": "root-secret"})
    config = bouncer.folder / "pgbouncer.ini"
    config.write_text(config.read_text() + "admin_users = root\n")
    bouncer.start()
    try:
        with psycopg.connect(host="127.0.0.1", port=bouncer.port, user="root", password="root-secret",
                             dbname="pgbouncer", sslmode="disable", autocommit=True,
                             cursor_factory=psycopg.ClientCursor) as real:
            for what in TABLES:
                more = [("total_requests", 1700)] if what == "STATS" else []
                assert columns(console, what) == columns(real, what) + more, what
            ours = [r["list"] for r in shown(console, "LISTS")]
            assert ours == [r["list"] for r in shown(real, "LISTS")]
            for name in ("server_version", "client_encoding", "DateStyle", "standard_conforming_strings"):
                assert console.info.parameter_status(name) == real.info.parameter_status(name)
    finally:
        bouncer.stop()


def test_pools_and_servers_and_clients_tell_who_holds_what(weir, console):
    with client(weir) as holder, client(weir) as idle:
        idle.query("SELECT 1")
        holder.query("BEGIN")
        pool = row(console, "POOLS", database="tenant_a")
        assert (pool["user"], pool["pool_mode"]) == ("app", "transaction")
        assert (pool["cl_active"], pool["cl_waiting"], pool["sv_active"]) == (2, 0, 1)
        server = row(console, "SERVERS", database="tenant_a", state="active")
        held = row(console, "CLIENTS", database="tenant_a", link=server["ptr"])
        assert server["link"] == held["ptr"]
        assert held["addr"] == "127.0.0.1" and held["local_port"] == weir.ports["trusted"]
        assert server["remote_pid"] == int(holder.query("SELECT pg_backend_pid()")[0][0])
        lists = {r["list"]: r["items"] for r in shown(console, "LISTS")}
        assert lists["used_clients"] == 2 and lists["used_servers"] == len(shown(console, "SERVERS"))


def test_waiting_clients_and_their_longest_wait_are_told(weir, console):
    holders = [client(weir, "literal") for _ in range(2)]
    for one in holders:
        one.query("BEGIN")
    with client(weir, "literal") as waiter:
        waiter.send(m.query("SELECT 1"))
        until(lambda: row(console, "POOLS", database="literal")["cl_waiting"] == 1, "waits")
        assert row(console, "CLIENTS", database="literal", state="waiting")["link"] == ""
        until(lambda: row(console, "POOLS", database="literal")["maxwait_us"] > 0, "waits")
        holders[0].query("COMMIT")
        waiter.until_ready()
    for one in holders:
        one.close()


def test_stats_count_transactions_queries_bytes_and_times(weir, console):
    with client(weir) as one:
        for _ in range(5):
            one.query("SELECT pg_sleep(0.01)")
        one.query("BEGIN")
        one.query("SELECT 1")
        one.query("COMMIT")
    stats = row(console, "STATS", database="tenant_a")
    assert (stats["total_xact_count"], stats["total_query_count"]) == (6, 8)
    assert stats["total_requests"] == 8
    assert stats["total_query_time"] >= 50_000 and stats["total_xact_time"] >= stats["total_query_time"]
    metrics = weir.metrics()
    for column, direction in (("total_received", "in"), ("total_sent", "out")):
        assert stats[column] == metrics.value("weir_network_bytes_total", pool="tenants", side="client",
                                              direction=direction)
    totals = row(console, "STATS_TOTALS", database="tenant_a")
    assert totals["xact_count"] == 6 and totals["bytes_sent"] == stats["total_sent"]
    assert row(console, "STATS_AVERAGES", database="tenant_a").keys() == totals.keys()


def test_databases_are_those_served_and_those_the_configuration_names(weir, console, postgres):
    assert {r["name"] for r in shown(console, "DATABASES")} == {"literal", "own"}
    with client(weir) as one:
        one.query("SELECT 1")
        served = row(console, "DATABASES", name="tenant_a")
        assert (served["host"], served["port"]) == ("127.0.0.1", postgres.port)
        assert (served["force_user"], served["pool_size"], served["current_connections"]) == ("app", 3, 1)
    literal = row(console, "DATABASES", name="literal")
    assert (literal["database"], literal["pool_size"]) == ("tenant_b", 2)
    assert row(console, "DATABASES", name="own")["force_user"] is None


def test_the_configuration_is_shown_without_its_secrets(console):
    rows = shown(console, "CONFIG")
    values = {r["key"]: (r["value"], r["default"]) for r in rows}
    assert values["pool.tenants.max_size"] == ("3", "20")
    assert not [r for r in rows if "secret" in str(r["value"])]


def test_pause_waits_for_busy_connections_and_resume_goes_on(weir, console):
    with client(weir) as one, client(weir) as other:
        one.query("BEGIN")
        paused = threading.Thread(target=console.execute, args=("PAUSE tenant_a",))
        paused.start()
        with open_console(weir) as second:
            until(lambda: row(second, "DATABASES", name="tenant_a")["paused"] == 1, "paused")
            stays(paused.is_alive, "held by a transaction", 2.5)
            one.query("COMMIT")
            paused.join(10)
            assert not paused.is_alive()
            other.send(m.query("SELECT 'held'"))
            until(lambda: row(second, "POOLS", database="tenant_a")["cl_waiting"] == 1, "held back")
            until(lambda: not [s for s in shown(second, "SERVERS") if s["database"] == "tenant_a"],
                  "its connections are closed")
            assert second.execute("RESUME tenant_a").statusmessage == "RESUME"
        assert m.data_row(other.until_ready()[1][1]) == ["held"]
    until(lambda: 'action=pause' in weir.log(), "the audit line")
    line = next(line for line in weir.log().splitlines() if "action=pause" in line)
    assert "admin.action" in line and "root@127.0.0.1" in line and "tenant=a" in line


def test_reconnect_renews_connections_and_wait_close_waits_for_the_old(weir, console):
    with client(weir) as one:
        one.query("BEGIN")
        old = one.query("SELECT pg_backend_pid()")[0][0]
        console.execute("RECONNECT tenant_a")
        waiting = threading.Thread(target=console.execute, args=("WAIT_CLOSE tenant_a",))
        waiting.start()
        stays(waiting.is_alive, "the old one is held", 0.5)
        one.query("COMMIT")
        waiting.join(10)
        assert not waiting.is_alive()
        assert one.query("SELECT pg_backend_pid()")[0][0] != old


def test_kill_ends_what_runs_and_holds_back_what_comes(weir, console):
    with client(weir) as one, client(weir, "literal") as elsewhere:
        one.query("BEGIN")
        elsewhere.query("BEGIN")
        console.execute("KILL tenant_a")
        assert one.error()["C"] == "57P01"
        assert elsewhere.query("SELECT 1") == [["1"]], "another database goes on"
        with client(weir) as late:
            late.send(m.query("SELECT 1"))
            until(lambda: row(console, "POOLS", database="tenant_a")["cl_waiting"] == 1, "held back")
            console.execute("RESUME tenant_a")
            late.until_ready()


def test_disable_refuses_a_database_and_enable_admits_it(weir, console):
    with client(weir) as one:
        one.query("SELECT 1")
        console.execute("DISABLE tenant_a")
        assert row(console, "DATABASES", name="tenant_a")["disabled"] == 1
        console.execute("ENABLE tenant_a")
        assert one.query("SELECT 1") == [["1"]]


@pytest.mark.parametrize("command, sqlstate, words", [
    ("KILL", "42601", "database is required"),
    ("PAUSE nowhere", "3D000", "no such database"), ("SELECT 1", "42601", "SHOW HELP"),
    ("SHOW NOTHING", "42601", "SHOW HELP"), ("SHOW VERSION; SHOW VERSION", "42601", "SHOW HELP")])
def test_what_can_not_be_done_is_said_and_the_console_goes_on(console, command, sqlstate, words):
    with pytest.raises(psycopg.Error) as refused:
        console.execute(command)
    assert refused.value.sqlstate == sqlstate and words in str(refused.value)
    assert shown(console, "version ; ")[0]["version"].startswith("PgBouncer 1.18.0")


def test_help_is_a_notice(console):
    notices = []
    console.add_notice_handler(lambda notice: notices.append((notice.message_primary, notice.message_detail)))
    assert console.execute("SHOW HELP").statusmessage == "SHOW"
    assert notices[0][0] == "Console usage" and "SHOW STATS" in notices[0][1]


def test_shutdown_drains_the_agent_and_tells_the_console(weir):
    console = open_console(weir, "weir")
    assert console.execute("SHUTDOWN").statusmessage == "SHUTDOWN"

    def told():
        try:
            console.execute("SHOW VERSION")
        except psycopg.Error as error:
            return error.sqlstate == "57P01" or console.broken
        return False
    until(told, "the console is sent away")
    until(lambda: not weir.program.running(), "the agent ends")
    assert "action=drain" in weir.log()


def test_only_admins_with_a_password_come_in(weir):
    for options, words in (({"user": "app", "password": APP_PASSWORD}, "admin = true"),
                           ({"user": "root", "password": "wrong"}, "password"),
                           ({"port": weir.ports["trusted"]}, "trust")):
        for database in ("weir", "pgbouncer"):
            with pytest.raises(psycopg.OperationalError) as refused:
                open_console(weir, database, **options)
            assert words in str(refused.value)


def test_a_driver_that_knows_only_the_extended_protocol_reads_every_table(weir, console):
    with client(weir) as one:
        one.query("SELECT 1")
        asyncio.run(read_with_asyncpg(weir))


async def read_with_asyncpg(weir):
    connection = await asyncpg.connect(host="127.0.0.1", port=weir.ports["postgresql"], user="root",
                                       password="root-secret", database="weir", ssl=False,
                                       statement_cache_size=0)
    try:
        for what in TABLES:
            await connection.fetch(f"SHOW {what}")
        pools = await connection.fetch("SHOW POOLS")
        assert pools[0]["database"] == "tenant_a" and pools[0]["cl_active"] == 1
        stats = await connection.fetch("SHOW STATS")
        assert stats[0]["total_query_count"] == 1
        with pytest.raises(asyncpg.PostgresError):
            await connection.fetch("SHOW NOTHING")
        await connection.fetch("SHOW POOLS")
    finally:
        # asyncpg's own close() first sends a statement that resets a server's session.
        connection.terminate()


@pytest.mark.parametrize("garbage", [b"Q\xff\xff\xff\xff", b"Q\0\0\0\1", b"B\0\0\0\5x", b"P\0\0\0\5x",
                                     b"z\0\0\0\4", b"Q\0\0\0\6ab"])
def test_garbage_ends_its_own_console_and_nothing_else(weir, console, garbage):
    other = open_console(weir)
    with socket.socket(fileno=os.dup(other.pgconn.socket)) as wire:
        wire.setblocking(True)
        wire.settimeout(10)
        wire.sendall(garbage)
        answer = wire.recv(1 << 16)
    assert answer[:1] == b"E" and (b"08P01" in answer or b"42601" in answer)
    other.close()
    assert shown(console, "VERSION")
