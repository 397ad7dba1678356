"""asyncpg with its statement cache through a pooler: 30 connections with types, cursors and COPY.

Prints what each of them saw. Usage: asyncpg_many.py PORT DATABASE USER PASSWORD
"""

import asyncio
import io
import sys

import asyncpg

port, database, user, password = sys.argv[1:]


async def queries(db, number, seen):
    for round_ in range(5):
        seen.append(await db.fetchval("SELECT $1::int * $2::int", round_, number))
        seen.append(await db.fetchrow("SELECT $1::text AS words, $2::int[] AS numbers, $3::jsonb AS doc",
                                      f"word {number}", [1, round_], "{}"))
    for _ in range(2):
        try:
            await db.fetchval("SELECT 1 / $1::int", 0)
        except asyncpg.DivisionByZeroError as error:
            seen.append(error.sqlstate)
    statement = await db.prepare("SELECT generate_series(1, $1::int)")
    for last in (3, 5):
        seen.append([row[0] for row in await statement.fetch(last)])
    await db.executemany("INSERT INTO notes (words) VALUES ($1)", [(f"asyncpg {number} {row}",) for row in range(30)])


async def transactions(db, number, seen):
    async with db.transaction(isolation="repeatable_read"):
        seen.append(await db.fetchval("SHOW transaction_isolation"))
        try:
            async with db.transaction():
                await db.execute("INSERT INTO notes (id, words) VALUES (NULL, 'never')")
        except asyncpg.NotNullViolationError as error:
            seen.append(error.sqlstate)
        seen.append(sum([row[0] async for row in db.cursor("SELECT generate_series(1, 300)", prefetch=40)]))
    copied = io.BytesIO("".join(f"asyncpg {number} copied {row}\n" for row in range(200)).encode())
    seen.append(await db.copy_to_table("notes", source=copied, columns=["words"]))
    seen.append(await db.fetchval("SELECT count(*) FROM notes WHERE words LIKE $1", f"asyncpg {number} %"))


async def client(number):
    seen = []
    db = await asyncpg.connect(host="127.0.0.1", port=port, user=user, password=password, database=database, ssl=False,
                               server_settings={"timezone": ("UTC", "Asia/Tokyo")[number % 2], "jit": "off"})
    await db.execute("DELETE FROM notes WHERE words LIKE $1", f"asyncpg {number} %")
    for _ in range(2):
        seen.append(await db.fetchval("SELECT '2024-01-01 00:00+00'::timestamptz::text"))
        await queries(db, number, seen)
        await transactions(db, number, seen)
    await db.execute("DELETE FROM notes WHERE words LIKE $1", f"asyncpg {number} %")
    await db.close()
    return seen


async def main():
    for number, lines in enumerate(await asyncio.gather(*(client(number) for number in range(30)))):
        for line in lines:
            print(f"{number}: {line}")

asyncio.run(main())
