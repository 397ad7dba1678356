"""psycopg 3 through a pooler: 30 threads with pipelines, prepared statements, cursors, COPY and NOTIFY.

Prints what each of them saw. Usage: psycopg_many.py PORT DATABASE USER PASSWORD
"""

import sys
from concurrent.futures import ThreadPoolExecutor

import psycopg

port, database, user, password = sys.argv[1:]


def connect(number, **options):
    return psycopg.connect(host="127.0.0.1", port=port, dbname=database, user=user, password=password,
                           sslmode="disable", application_name=f"psycopg {number}", prepare_threshold=1, **options)


def prepared(db, number, seen):
    for round_ in range(6):
        seen.append(db.execute("SELECT %s::int * %s::int", [round_, number]).fetchone())
        db.commit()
    for _ in range(4):
        seen.append(db.execute("SELECT '01/02/2024'::date, %s::date", ["03/04/2024"]).fetchone())
        db.commit()
    for _ in range(3):
        try:
            db.execute("SELECT 1 / %s::int", [0])
        except psycopg.errors.DivisionByZero as error:
            seen.append(error.sqlstate)
        db.rollback()


def pipelines(db, number, seen):
    with db.pipeline() as pipeline:
        cursors = [db.execute("SELECT %s::int + %s::int", [row, number]) for row in range(30)]
        pipeline.sync()
        cursors += [db.execute("SELECT %s::text", [f"word {row}"]) for row in range(30)]
        seen.append([cursor.fetchone()[0] for cursor in cursors])
    db.commit()
    try:
        with db.pipeline():
            db.execute("SELECT 1")
            db.execute("SELECT * FROM missing")
            db.execute("SELECT 2")
    except psycopg.errors.UndefinedTable as error:
        seen.append(error.sqlstate)
    db.rollback()
    with db.pipeline():
        db.cursor().executemany("INSERT INTO notes (words) VALUES (%s)",
                                [[f"psycopg {number} {row}"] for row in range(25)])
    db.commit()
    seen.append(db.execute("SELECT count(*) FROM notes WHERE words LIKE %s", [f"psycopg {number} %"]).fetchone())
    db.commit()


def cursors(db, seen):
    with db.transaction(), db.cursor(name="rows") as cursor:
        cursor.execute("SELECT n, repeat('x', 100) FROM generate_series(1, 500) AS n")
        cursor.itersize = 60
        seen.append(sum(row[0] for row in cursor))
    with db.transaction(), db.cursor(name="rows", scrollable=True) as cursor:
        cursor.execute("SELECT generate_series(1, 20)")
        cursor.scroll(10)
        seen.append(cursor.fetchmany(3))


def copies(db, number, seen):
    with db.transaction(), db.cursor() as cursor:
        with cursor.copy("COPY notes (words) FROM STDIN") as copy:
            for row in range(400):
                copy.write_row([f"psycopg {number} copied {row}"])
        with cursor.copy("COPY (SELECT words FROM notes WHERE words LIKE %s ORDER BY id) TO STDOUT",
                         [f"psycopg {number} copied %"]) as copy:
            seen.append(sum(len(row[0]) for row in copy.rows()))
    try:
        with db.transaction(), db.cursor() as cursor, cursor.copy("COPY notes (id) FROM STDIN") as copy:
            copy.write_row(["not a number"])
    except psycopg.errors.InvalidTextRepresentation as error:
        seen.append(error.sqlstate)


def client(number):
    seen = []
    with connect(number) as db:
        db.execute(f"SET DateStyle = '{('ISO, DMY', 'ISO, MDY')[number % 2]}'")
        db.execute("DELETE FROM notes WHERE words LIKE %s", [f"psycopg {number} %"])
        db.commit()
        for _ in range(2):
            prepared(db, number, seen)
            pipelines(db, number, seen)
            cursors(db, seen)
            copies(db, number, seen)
            db.execute("SELECT pg_notify(%s, %s)", [f"of_{number}", "news"])
            db.execute(f"NOTIFY of_{number}, 'more'")
            db.commit()
        db.execute("DELETE FROM notes WHERE words LIKE %s", [f"psycopg {number} %"])
    return seen


with ThreadPoolExecutor(30) as threads:
    for number, lines in enumerate(threads.map(client, range(30))):
        for line in lines:
            print(f"{number}: {line}")
