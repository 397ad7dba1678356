"""Many MySQL clients and tenants on few connections: nobody sees another's rows, nobody gets 1040."""

import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pymysql
import pytest

from harness.waiting import until
from test_mysql import ask, raw, settled

pytestmark = pytest.mark.alone


@pytest.fixture(scope="module")
def tenants(start_module_mariadb, full):
    """A server of many tenants, each of which can tell its own rows."""
    count = 200 if full else 60
    server = start_module_mariadb((), max_connections=50)
    for i in range(count):
        server.execute(f"CREATE DATABASE tenant_t{i}")
        server.execute(f"CREATE TABLE own (tenant VARCHAR(20), n INT) AS SELECT 't{i}' tenant, 0 n",
                       f"tenant_t{i}")
    server.count = count
    return server


def most_used(server):
    return int(server.execute("SHOW GLOBAL STATUS LIKE 'Max_used_connections'")[0][1])


def test_every_tenant_gets_its_turn_within_the_budget_and_its_own_rows(tenants, start_mysql_weir):
    weir = start_mysql_weir(tenants, upstream={"max_connections": 40}, pool=[
        {"name": "tenants", "match": "tenant_{tenant}", "max_size": 4, "acquire_timeout": "30s"}])
    before = tenants.execute("SHOW GLOBAL STATUS LIKE 'Connection_errors_max_connections'")
    stop = time.monotonic() + 8
    counts = [0] * tenants.count

    def work(number):
        choose = random.Random(number)
        with raw(weir, f"tenant_t{number % tenants.count}") as client:
            while time.monotonic() < stop or counts[number % tenants.count] < 3:
                rows = client.query("SELECT DISTINCT tenant, DATABASE() FROM own").rows
                assert rows == [(f"t{number % tenants.count}", f"tenant_t{number % tenants.count}")]
                if choose.randrange(3) == 0:
                    client.query("BEGIN")
                    client.query("UPDATE own SET n = n + 1")
                    client.query(choose.choice(["COMMIT", "ROLLBACK"]))
                counts[number % tenants.count] += 1
        return True
    with ThreadPoolExecutor(tenants.count) as pool:
        assert all(pool.map(work, range(tenants.count)))
    assert min(counts) >= 3
    assert tenants.execute("SHOW GLOBAL STATUS LIKE 'Connection_errors_max_connections'") == before
    # The server counts a connection for a moment longer than it keeps its socket open.
    assert most_used(tenants) < 50
    settled(weir)


def test_hundreds_of_clients_fit_on_a_server_that_takes_fifty(tenants, start_mysql_weir, size):
    weir = start_mysql_weir(tenants, upstream={"max_connections": 45}, pool=[
        {"name": "tenants", "match": "tenant_{tenant}", "max_size": 45,
         "acquire_timeout": "30s"}])
    clients = [raw(weir, "tenant_t0") for _ in range(size(250, 500))]

    def work(client):
        for i in range(10):
            assert client.value(f"SELECT {client.thread_id} + {i}") == str(client.thread_id + i)
        return True
    with ThreadPoolExecutor(len(clients)) as pool:
        assert all(pool.map(work, clients))
    assert weir.metrics().value("weir_acquires_total", pool="tenants", outcome="timeout") == 0
    for client in clients:
        client.close()
    settled(weir)


def test_clients_that_vanish_at_random_leave_nothing_behind(tenants, start_mysql_weir):
    weir = start_mysql_weir(tenants, upstream={"max_connections": 10}, pool=[
        {"name": "tenants", "match": "tenant_{tenant}", "max_size": 5,
         "acquire_timeout": "30s"}])
    tenants.execute("UPDATE own SET n = 0", "tenant_t1")

    def vanish(seed):
        choose = random.Random(seed)
        for _ in range(6):
            client = raw(weir, "tenant_t1")
            for text in choose.choice([
                    ["BEGIN", "UPDATE own SET n = n + 1"], ["SET @x = 5"], ["SET autocommit = 0",
                    "UPDATE own SET n = n + 1"], ["CREATE TEMPORARY TABLE t (a INT)"],
                    ["SELECT GET_LOCK('l', 0)"], ["SET time_zone = '+01:00'"]]):
                client.query(text)
            if choose.randrange(2):
                client.command(3, b"SELECT SLEEP(0.2)")
            client.close()
        return True
    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(vanish, range(8)))
    settled(weir)
    with raw(weir, "tenant_t1") as client:
        for _ in range(10):
            assert client.query("SELECT n, @x, @@time_zone, @@autocommit, IS_FREE_LOCK('l') "
                                "FROM own").rows == [("0", None, "SYSTEM", "1", "1")]
    metrics = weir.metrics()
    assert metrics.value("weir_transactions_total", pool="tenants", end="abandoned") > 0
    assert metrics.value("weir_protocol_desync_total") == 0
