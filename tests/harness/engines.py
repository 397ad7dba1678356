"""One Weir in front of servers of several engines, and a client of each that tests can use alike."""

import contextlib

import psycopg
import pymysql
import redis

from .mariadb import APP_PASSWORD as SERVER_PASSWORD
from .waiting import free_port
from .weir import Weir

ENGINES = ["postgresql", "mysql", "redis"]
PASSWORD = "client-secret"


class SqlClient:
    """A connection that is asked one statement at a time."""

    def __init__(self, connection, errors):
        self.connection, self.errors = connection, errors

    def ask(self, statement="SELECT 1"):
        with contextlib.closing(self.connection.cursor()) as cursor:
            cursor.execute(statement)
            return cursor.fetchone() if cursor.description else None

    def hold(self):
        """From now on it has a server connection to itself, until let_go()."""
        self.ask("BEGIN")
        self.ask()

    def let_go(self):
        self.ask("COMMIT")

    def close(self):
        self.connection.close()


class RedisClient:
    errors = (redis.RedisError, OSError)

    def __init__(self, client):
        self.client = client
        self.connection = client.connection_pool.get_connection("_")

    def ask(self, *words):
        self.connection.send_command(*(words or ("GET", "nothing")))
        return self.connection.read_response()

    def hold(self):
        self.ask("WATCH", "nothing")
        self.ask()

    def let_go(self):
        self.ask("UNWATCH")

    def close(self):
        self.connection.disconnect()


class EnginesWeir(Weir):
    """`servers`: {engine: server}. A pool an engine, named like it; its tenants are a, b and c, of redis 1, 2, 3."""

    def __init__(self, folder, servers, *, pool=None, upstream=None, **settings):
        super().__init__(folder, next(iter(servers.values())), **settings)
        self.servers = servers
        self.ports = {engine: free_port() for engine in servers}
        self.settings["listen"] = [{"engine": engine, "address": f"127.0.0.1:{port}"}
                                   for engine, port in self.ports.items()]
        self.settings["upstream"] = [
            {"name": engine, "engine": engine, "address": f"127.0.0.1:{server.port}", "max_connections": 20,
             "tls": {"mode": "disable"}, **(upstream or {})} for engine, server in servers.items()]
        self.settings["pool"] = [
            {"name": engine, "upstream": engine, "user": "app", "password": SERVER_PASSWORD,
             "match": "{tenant}" if engine == "redis" else "tenant_{tenant}", **(pool or {})}
            for engine in servers]
        self.settings["user"] = [{"name": "app", "password": PASSWORD}]

    @staticmethod
    def tenant(engine, letter="a"):
        return str("_abc".index(letter)) if engine == "redis" else letter

    def client(self, engine, letter="a"):
        return connect(engine, self.ports[engine], self.tenant(engine, letter))


def connect(engine, port, tenant, password=PASSWORD):
    if engine == "redis":
        return RedisClient(redis.Redis(port=port, db=int(tenant), username="app", password=password,
                                       socket_timeout=20))
    account = {"host": "127.0.0.1", "port": port, "user": "app", "password": password,
               "connect_timeout": 20, "autocommit": True}
    if engine == "mysql":
        return SqlClient(pymysql.connect(database=f"tenant_{tenant}", read_timeout=20, **account),
                         pymysql.MySQLError)
    return SqlClient(psycopg.connect(dbname=f"tenant_{tenant}", sslmode="disable", prepare_threshold=None,
                                     **account), psycopg.Error)
