"""PyMySQL or mysqlclient through a pooler: 30 threads with types, transactions, several results, files and errors.

Prints what each of them saw. Usage: mysql_dbapi_many.py pymysql|MySQLdb PORT DATABASE USER PASSWORD
"""

import datetime
import decimal
import importlib
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

name, port, database, user, password = sys.argv[1:]
driver = importlib.import_module(name)
streaming = importlib.import_module(f"{name}.cursors").SSCursor
MULTI_STATEMENTS, FOUND_ROWS = 1 << 16, 1 << 1
TYPES = """CREATE TABLE {} (id INT AUTO_INCREMENT PRIMARY KEY, day DATE, moment DATETIME(6), span TIME(3), year YEAR,
    money DECIMAL(30,10), large BIGINT UNSIGNED, small TINYINT, ratio DOUBLE, raw LONGBLOB, doc JSON,
    words TEXT CHARACTER SET utf8mb4, bits BIT(12), kind ENUM('a', 'b'), parts SET('x', 'y', 'z'), UNIQUE (small))"""
ROW = {"day": datetime.date(2024, 2, 29), "moment": datetime.datetime(1999, 12, 31, 23, 59, 59, 123456),
       "span": datetime.timedelta(days=-3, seconds=7, milliseconds=5), "year": 2155,
       "money": decimal.Decimal("-12345678901234567890.0123456789"), "large": 2**64 - 1, "small": -128,
       "ratio": 1 / 3, "raw": bytes(range(256)), "doc": '{"a": [1, null, "☃"]}', "words": "zażółć 🦆 'quoted\" \\",
       "bits": 0b101, "kind": "b", "parts": "x,z"}


def run(cursor, statement, *values):
    changed = cursor.execute(statement, values or None)
    return changed, cursor.fetchall()


def types(db, cursor, table, seen):
    cursor.execute(f"INSERT INTO {table} ({', '.join(ROW)}) VALUES ({', '.join(['%s'] * len(ROW))})",
                   list(ROW.values()))
    seen.append(("inserted", cursor.lastrowid, cursor.rowcount))
    seen.append(run(cursor, f"SELECT * FROM {table} WHERE id = %s", cursor.lastrowid))
    seen.append([column[:2] for column in cursor.description])
    cursor.execute(f"INSERT INTO {table} (words) VALUES (NULL), (''), ('x')")
    seen.append(("inserted", cursor.lastrowid, cursor.rowcount, run(cursor, "SELECT LAST_INSERT_ID()")))
    seen.append(run(cursor, f"SELECT * FROM {table} WHERE words IS NULL"))
    cursor.executemany(f"INSERT INTO {table} (year, words) VALUES (%s, %s)", [(2000 + n, f"row {n}") for n in range(90)])
    seen.append(("many", cursor.rowcount))
    seen.append(run(cursor, f"UPDATE {table} SET words = 'x' WHERE words LIKE %s OR words = 'x'", "row 1%"))
    seen.append(run(cursor, f"DELETE FROM {table} WHERE year > 2010"))
    seen.append(run(cursor, "SELECT ROW_COUNT()"))


def transactions(db, cursor, table, seen):
    for end in (db.rollback, db.commit):
        db.begin()
        cursor.execute(f"INSERT INTO {table} (words) VALUES ('in a transaction')")
        seen.append(run(cursor, f"SELECT COUNT(*) FROM {table} WHERE words LIKE 'in a%'"))
        cursor.execute("SAVEPOINT here")
        cursor.execute(f"DELETE FROM {table}")
        cursor.execute("ROLLBACK TO SAVEPOINT here")
        end()
        seen.append(run(cursor, f"SELECT COUNT(*) FROM {table} WHERE words LIKE 'in a%'"))
    db.autocommit(False)
    cursor.execute(f"UPDATE {table} SET words = 'undone' WHERE words = 'x'")
    db.rollback()
    seen.append(run(cursor, f"SELECT COUNT(*) FROM {table} WHERE words = 'undone'"))
    db.commit()
    db.autocommit(True)
    seen.append(run(cursor, "SELECT @@autocommit"))


def results(db, cursor, number, seen):
    cursor.execute(f"SELECT 1; SELECT {number}, NULL; DO 0; SELECT 'three'")
    while True:
        seen.append((cursor.rowcount, cursor.fetchall()))
        if not cursor.nextset():
            break
    cursor.callproc("several", (number,))
    while True:
        seen.append((cursor.rowcount, cursor.fetchall()))
        if not cursor.nextset():
            break
    with db.cursor(streaming) as rows:
        rows.execute("SELECT seq, REPEAT('x', 500) FROM seq_1_to_2000")
        seen.append(sum(row[0] + len(row[1]) for row in rows))
    seen.append(run(cursor, "SELECT LENGTH(%s), MD5(%s)", "é" * 300000, b"\0'\\" * 9000))
    rows = run(cursor, "SELECT REPEAT('big', 1500000) UNION ALL SELECT 'small'")[1]
    seen.append([len(row[0]) for row in rows])


def files(cursor, table, path, seen):
    seen.append(run(cursor, f"LOAD DATA LOCAL INFILE '{path}' INTO TABLE {table} (year, words)"))
    seen.append(run(cursor, f"SELECT COUNT(*), MAX(words) FROM {table} WHERE words LIKE 'file %'"))
    try:
        cursor.execute(f"LOAD DATA LOCAL INFILE '{path}.missing' INTO TABLE {table} (year, words)")
    except driver.Error as error:
        seen.append(type(error).__name__)


def errors(cursor, table, seen):
    wrong = ["SELECT nonsense", "SELEC 1", f"INSERT INTO {table} (small) VALUES (1), (1)",
             f"INSERT INTO {table} (small) VALUES (1000)", "SELECT * FROM missing.missing", "CALL missing()",
             "SELECT 1; SELECT * FROM nowhere; SELECT 2", "SIGNAL SQLSTATE '45001' SET MESSAGE_TEXT = 'ours'"]
    for statement in wrong:
        try:
            cursor.execute(statement)
            while cursor.nextset():
                pass
        except driver.Error as error:
            seen.append((type(error).__name__, error.args))
        seen.append(run(cursor, "SHOW WARNINGS"))
    seen.append(run(cursor, "SELECT CAST('12 words' AS INT)"))
    seen.append(run(cursor, "SHOW WARNINGS"))


def session(cursor, number, seen):
    cursor.execute("SET time_zone = %s, sql_mode = %s", (f"+0{number % 10}:00", "ANSI_QUOTES" if number % 2 else ""))
    for _ in range(3):
        seen.append(run(cursor, "SELECT @@time_zone, @@sql_mode, FROM_UNIXTIME(0)"))
    seen.append(run(cursor, "SELECT DATABASE(), CURRENT_USER(), @@character_set_client"))


def client(number, path):
    seen, table = [], f"of_{name}_{number}".lower()
    db = driver.connect(host="127.0.0.1", port=int(port), user=user, password=password, database=database,
                        charset="utf8mb4", autocommit=True, local_infile=1,
                        client_flag=MULTI_STATEMENTS | (FOUND_ROWS if number % 3 == 0 else 0))
    with db.cursor() as cursor:
        for _ in range(2):
            cursor.execute(f"DROP TABLE IF EXISTS {table}")
            cursor.execute(TYPES.format(table))
            types(db, cursor, table, seen)
            transactions(db, cursor, table, seen)
            results(db, cursor, number, seen)
            files(cursor, table, path, seen)
            errors(cursor, table, seen)
            session(cursor, number, seen)
        cursor.execute(f"DROP TABLE {table}")
    db.close()
    return seen


with tempfile.NamedTemporaryFile("w", suffix=".txt") as file, ThreadPoolExecutor(30) as pool:
    file.write("".join(f"{1950 + n % 100}\tfile {n}\n" for n in range(3000)))
    file.flush()
    for number, lines in enumerate(pool.map(lambda n: client(n, file.name), range(30))):
        for line in lines:
            print(f"{number}: {line}".replace(file.name, "FILE"))
