"""The drivers that applications use, unchanged, each doing what its applications do."""

import asyncio
import os
from pathlib import Path

import asyncpg
import psycopg
import pytest

from harness.postgres import programs
from harness.processes import run
from harness.weir import PASSWORD

DRIVERS = Path(__file__).parent / "drivers"


def address(weir, database="tenant_b"):
    return [weir.ports["postgresql"], database, "app", PASSWORD]


def test_psycopg(weir):
    with weir.connect("tenant_b") as connection:
        assert connection.execute("SELECT 1, NULL").fetchone() == (1, None)
        row = connection.execute("SELECT %s::int + 1, %s::text, %s::bytea",
                                 [41, "häßlich ☃", b"\0\xff"]).fetchone()
        assert row == (42, "häßlich ☃", b"\0\xff")
        with pytest.raises(psycopg.errors.DivisionByZero):
            connection.execute("SELECT 1/0")
        with pytest.raises(ZeroDivisionError), connection.transaction():
            connection.execute("INSERT INTO notes (words) VALUES ('psycopg')")
            raise ZeroDivisionError
        assert connection.execute("SELECT count(*) FROM notes WHERE words = 'psycopg'").fetchone() == (0,)
        with connection.cursor() as cursor:
            cursor.executemany("SELECT %s::int", [(number,) for number in range(50)], returning=True)


def test_psycopg_in_pipelines(weir):
    with weir.connect("tenant_b") as connection, connection.pipeline() as pipeline:
        cursors = [connection.execute("SELECT %s::int", [number]) for number in range(100)]
        pipeline.sync()
        cursors += [connection.execute("SELECT %s::int", [number]) for number in range(100, 200)]
        assert [cursor.fetchone()[0] for cursor in cursors] == list(range(200))


def test_psycopg_naming_its_statements(weir):
    before = weir.metrics()
    with weir.connect("tenant_b", prepare_threshold=0) as connection:
        for number in range(20):
            assert connection.execute("SELECT %s::int * 2", [number]).fetchone() == (number * 2,)
    grown = weir.since(before)
    assert grown.value("weir_pins_total") == 0
    assert grown.value("weir_prepared_statement_requests_total") >= 20


async def with_asyncpg(weir, **options):
    host, port = "127.0.0.1", weir.ports["postgresql"]
    pool = await asyncpg.create_pool(host=host, port=port, user="app", password=PASSWORD, ssl=False,
                                     database="tenant_b", min_size=5, max_size=10, **options)
    async with pool:
        answers = await asyncio.gather(*(
            pool.fetchval("SELECT $1::int + length(repeat('x', 1000))", number) for number in range(300)))
        assert answers == [number + 1000 for number in range(300)]
        async with pool.acquire() as connection:
            with pytest.raises(asyncpg.UndefinedTableError):
                await connection.fetch("SELECT * FROM missing")
            transaction = connection.transaction()
            await transaction.start()
            await connection.execute("INSERT INTO notes (words) VALUES ($1)", "asyncpg")
            assert await connection.fetchval("SELECT count(*) FROM notes WHERE words = $1", "asyncpg") == 1
            await transaction.rollback()
            assert await connection.fetchval("SELECT count(*) FROM notes WHERE words = $1", "asyncpg") == 0
            async with connection.transaction():
                seen = [row[0] async for row in connection.cursor("SELECT generate_series(1, 500)")]
            assert seen == list(range(1, 501))
            with pytest.raises(asyncio.TimeoutError):
                await connection.fetchval("SELECT pg_sleep(30)", timeout=0.2)
            assert await connection.fetchval("SELECT 7") == 7


def test_asyncpg_without_a_statement_cache(weir):
    """Its Parse to the unnamed statement and the Bind to it come in different batches."""
    asyncio.run(with_asyncpg(weir, statement_cache_size=0))


def test_asyncpg_with_its_statement_cache(weir):
    asyncio.run(with_asyncpg(weir))


def test_node_postgres(weir):
    dsn = f"postgres://app:{PASSWORD}@127.0.0.1:{weir.ports['postgresql']}/tenant_b"
    assert run(["node", DRIVERS / "node.js", dsn],
               env={**os.environ, "NODE_PATH": str(DRIVERS.parent / "node_modules")}).stdout == "node done\n"


def test_php_pdo(weir):
    assert run(["php", DRIVERS / "pdo.php", *address(weir)]).stdout == "php done\n"


def test_jdbc(weir, folder):
    library = "/usr/share/java/postgresql.jar"
    run(["javac", "-cp", library, "-d", folder / "jdbc", DRIVERS / "Jdbc.java"])
    done = run(["java", "-XX:TieredStopAtLevel=1", "-cp", f"{library}:{folder / 'jdbc'}", "Jdbc",
                *address(weir)])
    assert done.stdout == "jdbc done\n"


def test_psql(weir, folder):
    script = folder / "script.sql"
    script.write_text("\\set ON_ERROR_STOP on\nBEGIN;\nCREATE TABLE of_psql (n int);\n"
                      "\\copy of_psql FROM PROGRAM 'seq 1 1000'\nSELECT sum(n) FROM of_psql;\n"
                      "\\copy of_psql TO STDOUT\nROLLBACK;\nSELECT 1; SELECT 2\\; SELECT 3;\n")
    done = run([programs() / "psql", "-X", "-q", "-A", "-t", "-h", "127.0.0.1", "-p",
                weir.ports["postgresql"], "-U", "app", "-f", script, "tenant_b"],
               env={**os.environ, "PGPASSWORD": PASSWORD, "PGSSLMODE": "prefer"})
    lines = done.stdout.split()
    assert lines[0] == "500500" and lines[1:1001] == [str(n) for n in range(1, 1001)]
    assert lines[1001:] == ["1", "2", "3"]
