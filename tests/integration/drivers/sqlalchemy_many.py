"""SQLAlchemy through a pooler: 30 workers with sessions, savepoints, streams and bulk inserts.

Prints what each of them saw. Usage: sqlalchemy_many.py DIALECT PORT DATABASE USER PASSWORD
"""

import asyncio
import sys
from concurrent.futures import ThreadPoolExecutor

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.orm import Session, declarative_base
from sqlalchemy.pool import NullPool

dialect, port, database, user, password = sys.argv[1:]
URL = f"postgresql+{dialect}://{user}:{password}@127.0.0.1:{port}/{database}"
CLIENTS = 30
ZONES = ("UTC", "Asia/Tokyo", "America/Lima")
Base = declarative_base()


class Note(Base):
    __tablename__ = "notes"
    id = sa.Column(sa.Integer, primary_key=True)
    words = sa.Column(sa.Text)


def told(error):
    cause = error.orig.__cause__ or error.orig
    return getattr(cause, "pgcode", None) or cause.sqlstate


def objects(session, number, seen):
    mine = Note.words.like(f"sqlalchemy {number} %")
    session.query(Note).filter(mine).delete(synchronize_session=False)
    session.commit()
    session.add_all([Note(words=f"sqlalchemy {number} {row:03}") for row in range(40)])
    session.flush()
    try:
        with session.begin_nested():
            session.execute(sa.insert(Note).values(id=sa.null(), words="never"))
    except sa.exc.IntegrityError as error:
        seen.append(told(error))
    session.commit()
    seen.append([note.words for note in session.scalars(sa.select(Note).where(mine).order_by(Note.words).limit(3))])
    session.rollback()
    one = session.scalars(sa.select(Note).where(mine).order_by(Note.words).with_for_update()).first()
    one.words += " changed"
    session.commit()
    seen.append(one.words)
    session.execute(sa.text("INSERT INTO notes (words) VALUES ('not kept')"))
    session.rollback()
    seen.append(session.scalar(sa.select(sa.func.count()).where(mine)))
    session.query(Note).filter(mine).delete(synchronize_session=False)
    session.commit()


def work(connection, number, seen):
    for round_ in range(4):
        seen.append(connection.scalar(sa.text("SELECT '2024-01-01 00:00+00'::timestamptz::text")))
        connection.commit()
        seen.append(connection.scalar(sa.text("SELECT CAST(:a AS integer) * CAST(:b AS integer)"),
                                      {"a": round_, "b": number}))
        connection.commit()
    objects(Session(connection, future=True), number, seen)
    try:
        connection.execute(sa.text("SELECT 1/0"))
    except sa.exc.DBAPIError as error:
        seen.append(told(error))
    connection.rollback()


def stream(connection, seen):
    rows = connection.execution_options(stream_results=True, yield_per=100).execute(
        sa.text("SELECT n FROM generate_series(1, 1000) AS n"))
    seen.append(sum(row.n for row in rows))
    connection.rollback()


def synchronous(number):
    seen = []
    engine = sa.create_engine(URL, future=True, poolclass=NullPool)
    with engine.connect() as connection:
        connection.execute(sa.text(f"SET TIME ZONE '{ZONES[number % 3]}'"))
        connection.commit()
        work(connection, number, seen)
        stream(connection, seen)
    with engine.connect().execution_options(isolation_level="SERIALIZABLE") as connection:
        seen.append(connection.scalar(sa.text("SHOW transaction_isolation")))
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        seen.append(connection.scalar(sa.text("SHOW transaction_isolation")))
    return seen


async def asynchronous(number):
    seen = []
    engine = create_async_engine(URL, poolclass=NullPool,
                                 connect_args={"server_settings": {"timezone": ZONES[number % 3]}})
    async with engine.connect() as connection:
        await connection.run_sync(work, number, seen)
        rows = await connection.stream(sa.text("SELECT n FROM generate_series(1, 1000) AS n"))
        seen.append(sum([row.n async for row in rows]))
        await connection.rollback()
    return seen


async def all_asynchronous():
    return await asyncio.gather(*(asynchronous(number) for number in range(CLIENTS)))


if dialect == "asyncpg":
    results = asyncio.run(all_asynchronous())
else:
    with ThreadPoolExecutor(CLIENTS) as threads:
        results = list(threads.map(synchronous, range(CLIENTS)))
for number, lines in enumerate(results):
    for line in lines:
        print(f"{number}: {line}")
