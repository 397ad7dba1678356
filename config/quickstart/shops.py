"""What a shop does in each engine: its clients, a visit, a moment of work, and what a forgetful report leaves open.

Asking raises Refused when the server or Weir says no, and Lost when the connection is gone.
"""

import asyncio
import random

from harness import messages, swarm
from harness.raw import Refused
from harness.swarm import Lost

from .servers import ORDERS
from .stage import PASSWORD

WORK = 0.1  # seconds for which a client in a rush holds a connection


def an_order():
    return random.randrange(1, ORDERS + 1)


class PostgresqlShop:
    @classmethod
    async def open(cls, port, database, name):
        shop = cls()
        shop.client = await swarm.Client.open(port, database, "demo", PASSWORD, application_name=name)
        return shop

    async def visit(self):
        order = an_order()
        await self.client.ask(messages.extended("SELECT item, price FROM orders WHERE id = $1", order))
        if random.random() < 0.2:
            await self.client.query(f"BEGIN; UPDATE orders SET price = price + 1 WHERE id = {order};"
                                    " SELECT count(*) FROM orders WHERE price > 500; COMMIT")

    async def work(self):
        await self.client.query(f"SELECT pg_sleep({WORK})")

    async def forget(self):
        await self.client.query("BEGIN")
        await self.client.query("SELECT * FROM orders WHERE price > 10 LIMIT 5")

    async def close(self):
        self.client.abort()


class MysqlShop:
    """PyMySQL blocks, so that it has threads; a client's statements follow each other."""

    @classmethod
    async def open(cls, port, database, name):
        import pymysql

        shop = cls()
        shop.driver = pymysql
        shop.connection = await shop._threaded(
            pymysql.connect, host="127.0.0.1", port=port, user="demo", password=PASSWORD, database=database,
            autocommit=True, program_name=name, connect_timeout=10, read_timeout=20)
        return shop

    async def visit(self):
        order = an_order()
        await self._ask(f"SELECT item, price FROM orders WHERE id = {order}")
        if random.random() < 0.2:
            await self._ask("BEGIN", f"UPDATE orders SET price = price + 1 WHERE id = {order}",
                            "SELECT count(*) FROM orders WHERE price > 500", "COMMIT")

    async def work(self):
        await self._ask(f"SELECT SLEEP({WORK})")

    async def forget(self):
        await self._ask("BEGIN", "SELECT * FROM orders WHERE price > 10 LIMIT 5")

    async def close(self):
        await self._threaded(self.connection.close)

    async def _ask(self, *statements):
        def all_of_them():
            with self.connection.cursor() as cursor:
                for statement in statements:
                    cursor.execute(statement)
        await self._threaded(all_of_them)

    async def _threaded(self, call, **arguments):
        try:
            return await asyncio.to_thread(call, **arguments)
        except (self.driver.err.InterfaceError, self.driver.err.InternalError, OSError) as error:
            raise Lost(str(error)) from error
        except self.driver.MySQLError as error:
            raise _refused(error) from error


class RedisShop:
    @classmethod
    async def open(cls, port, database, name):
        import redis.asyncio

        shop = cls()
        shop.driver = redis
        shop.connection = redis.asyncio.Connection(
            port=port, db=int(database), username="demo", password=PASSWORD, client_name=name, socket_timeout=20)
        await shop._translated(shop.connection.connect())
        return shop

    async def visit(self):
        order = f"order:{an_order()}"
        await self._ask("HGETALL", order)
        if random.random() < 0.2:
            for words in (["MULTI"], ["HINCRBY", order, "price", 1], ["HGET", order, "price"], ["EXEC"]):
                await self._ask(*words)

    async def work(self):
        """A blocking command has a server connection to itself until it is answered."""
        await self._ask("BLPOP", "nothing", WORK)

    async def forget(self):
        await self._ask("WATCH", "order:1")

    async def close(self):
        await self._translated(self.connection.disconnect())

    async def _ask(self, *words):
        await self._translated(self.connection.send_command(*words))
        await self._translated(self.connection.read_response())

    async def _translated(self, answer):
        try:
            return await answer
        except (self.driver.ConnectionError, self.driver.TimeoutError, OSError) as error:
            raise Lost(str(error)) from error
        except self.driver.RedisError as error:
            raise _refused(error) from error


def _refused(error):
    return Refused({"C": type(error).__name__, "M": str(error)})


SHOPS = {"postgresql": PostgresqlShop, "mysql": MysqlShop, "redis": RedisShop}
