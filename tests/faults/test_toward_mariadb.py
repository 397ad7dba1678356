"""Faults between Weir and a MariaDB server that must not change whose question is answered."""

import pytest

from faults.proxy import FaultProxy
from harness.mysql_raw import RawMysql
from harness.processes import frozen
from harness.waiting import until

pytestmark = pytest.mark.sanitized


@pytest.fixture
def proxy(mariadb):
    with FaultProxy(mariadb.port) as proxy:
        yield proxy


def test_an_execute_that_starts_anew_is_of_its_own_statement(start_mysql_weir, mariadb, proxy):
    """The connection's ids of statements are not the client's, and types were put into what it was sent."""
    weir = start_mysql_weir(mariadb, upstream={"address": f"127.0.0.1:{proxy.port}"},
                            pool=[{"name": "tenants", "match": "tenant_{tenant}", "max_size": 1}])

    def idle(count):
        until(lambda: weir.value("weir_pool_connections", state="idle") == count, f"{count} idle")

    with RawMysql(weir.ports["trusted"]) as one, RawMysql(weir.ports["trusted"]) as other:
        one.prepare("SELECT 'another', CONCAT('v', ?)")
        right = one.prepare("SELECT 'right', CONCAT('v', ?)")
        assert right.execute(5).rows == [("right", "v5")]
        idle(1)
        proxy.reset()
        idle(0)
        # Now the first of a new connection, and of other types.
        assert other.prepare("SELECT 'right', CONCAT('v', ?)").execute("x").rows == [("right", "vx")]
        idle(1)
        reaped = weir.value("weir_connections_reaped_total")
        with frozen(weir.pid):  # so that it hears of both at once, of the execute first
            right.send(7, bind=False)
            proxy.half_close("down")
            proxy.reset()
        assert one.reply(binary=True).rows == [("right", "v7")]
        assert weir.value("weir_connections_reaped_total") == reaped + 1
