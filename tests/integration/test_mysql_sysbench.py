"""sysbench's clients, 30 on three connections: no error but the server's own deadlocks, nothing pinned."""

import re

import pytest

from harness.mariadb import APP_PASSWORD
from harness.processes import run
from harness.watch import MysqlSessionWatch

CONNECTIONS, THREADS, ROWS = 3, 30, 20_000

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def server(start_module_mariadb):
    server = start_module_mariadb(["tenant_a"])
    sysbench(server.port, "oltp_read_write", "prepare", threads=1)
    return server


@pytest.fixture(scope="module")
def weir(start_module_mysql_weir, server):
    return start_module_mysql_weir(server, user=[{"name": "app", "password": APP_PASSWORD}],
                                   pool=[{"name": "tenants", "match": "tenant_{tenant}", "max_size": CONNECTIONS,
                                          "acquire_timeout": "60s"}])


def sysbench(port, script, command, *options, threads=THREADS):
    return run(["sysbench", script, "--db-driver=mysql", "--mysql-host=127.0.0.1", f"--mysql-port={port}",
                "--mysql-user=app", f"--mysql-password={APP_PASSWORD}", "--mysql-db=tenant_a", "--mysql-ssl=off",
                f"--table-size={ROWS}", f"--threads={threads}", *options, command], timeout=280).stdout


def deadlocks(server):
    return int(server.execute("SHOW GLOBAL STATUS LIKE 'Innodb_deadlocks'")[0][1])


@pytest.mark.parametrize("prepares", ["auto", "disable"])
@pytest.mark.parametrize("script", ["oltp_point_select", "oltp_read_only", "oltp_read_write"])
def test_30_threads_on_3_connections(weir, server, size, script, prepares):
    before, deadlocked = weir.metrics(), deadlocks(server)
    with MysqlSessionWatch(server) as watch:
        said = sysbench(weir.ports["mysql"], script, "run", f"--db-ps-mode={prepares}", "--events=0",
                        f"--time={size(5, 60)}")
    assert 0 < watch.most() <= CONNECTIONS

    def figure(name):
        return int(re.search(rf"{name}:\s+(\d+)", said)[1])
    assert figure("transactions") > THREADS
    assert figure("reconnects") == 0
    assert figure("ignored errors") == deadlocks(server) - deadlocked
    moved = weir.since(before)
    assert moved.value("weir_pins_total") == 0
    assert moved.value("weir_protocol_desync_total") == 0
    assert moved.value("weir_transactions_total", end="commit") >= figure("transactions")
    assert moved.value("weir_acquires_total", outcome="ok") == moved.value("weir_acquires_total")
