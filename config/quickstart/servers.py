"""Throw-away servers, each with an account `demo` and a thousand orders of every tenant."""

ORDERS = 1000


def _postgresql(folder, tenants, password):
    from harness.postgres import PostgresServer

    server = PostgresServer(folder, max_connections=40).start()
    server.add_role("demo", password)
    databases = [f"tenant_{tenant}" for tenant in tenants]
    server.add_databases(databases, owner="demo")
    for database in databases:
        server.execute(
            "CREATE TABLE orders (id serial PRIMARY KEY, item text, price numeric);"
            "ALTER TABLE orders OWNER TO demo;"
            f"INSERT INTO orders (item, price) SELECT 'item ' || n, n FROM generate_series(1, {ORDERS}) n",
            database)
    return server


def _mysql(folder, tenants, password):
    from harness.mariadb import MariadbServer

    folder.mkdir()
    folder.chmod(0o755)
    server = MariadbServer(folder, max_connections=40).start()
    server.add_user("demo", password)
    for database in [f"tenant_{tenant}" for tenant in tenants]:
        server.execute(f"CREATE DATABASE {database}")
        server.execute("CREATE TABLE orders (id INT PRIMARY KEY, item TEXT, price DECIMAL(10, 2))", database)
        server.execute(f"INSERT INTO orders SELECT seq, CONCAT('item ', seq), seq FROM seq_1_to_{ORDERS}", database)
    return server


def _redis(folder, tenants, password):
    from harness.redis import RedisServer

    server = RedisServer(folder, maxclients=60).start()
    with server.connect() as admin:
        admin.acl_setuser("demo", enabled=True, passwords=[f"+{password}"], keys=["*"], commands=["+@all"])
    for number in range(1, len(tenants) + 1):
        with server.connect(number) as database, database.pipeline(transaction=False) as batch:
            for order in range(1, ORDERS + 1):
                batch.hset(f"order:{order}", mapping={"item": f"item {order}", "price": order})
            batch.execute()
    return server


# The modules of an engine are loaded only when it is wanted.
START = {"postgresql": _postgresql, "mysql": _mysql, "redis": _redis}
