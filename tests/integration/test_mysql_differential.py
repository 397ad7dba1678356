"""The same seeded statements through Weir and straight to the server: every answer must be the same.

Other clients of the pool interfere all the time, each with state of its own, so that hardly two
statements of the tested client run on the same connection.
"""

import random
import threading

import pytest

from harness import mysql_raw
from harness.mariadb import APP_PASSWORD
from harness.mysql_raw import MORE_RESULTS, RawMysql, ServerError
from test_mysql import POOL, raw, settled

pytestmark = pytest.mark.sanitized

SCHEMA = """
CREATE OR REPLACE TABLE things (id INT AUTO_INCREMENT PRIMARY KEY, word VARCHAR(20) UNIQUE, n INT);
CREATE OR REPLACE PROCEDURE adds(w VARCHAR(20)) INSERT INTO things (word) VALUES (w);
CREATE OR REPLACE PROCEDURE sets() SET time_zone = '+02:00';
CREATE OR REPLACE PROCEDURE twice() BEGIN SELECT 1; SELECT COUNT(*) FROM things; END;
CREATE OR REPLACE PROCEDURE fails() BEGIN START TRANSACTION; INSERT INTO things (n) VALUES (1); SELECT nowhere; END
"""
WORDS = ["a", "b", "c", "d", "e", "f", "g"]
# Flags that tell what the client is to know; others say how the server found its rows.
TOLD = mysql_raw.IN_TRANSACTION | mysql_raw.AUTOCOMMIT | mysql_raw.CURSOR_EXISTS | MORE_RESULTS


class Script:
    """What both clients are asked, one step after the other."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.prepared = []
        self.open = False

    def text(self):
        pick = self.random
        word, number = pick.choice(WORDS), pick.randrange(50)
        return pick.choice([
            f"INSERT INTO things (word, n) VALUES ('{word}', {number})",
            f"INSERT INTO things (n) VALUES ({number}), ({number + 1})",
            f"INSERT INTO things (id, n) VALUES ({number + 1000 + pick.randrange(10**6)}, 1)",
            f"INSERT INTO things (n) SELECT LAST_INSERT_ID() + {number}",
            f"INSERT IGNORE INTO things (word) VALUES ('{word}')",
            f"REPLACE INTO things (word, n) VALUES ('{word}', {number})",
            f"UPDATE things SET n = n + 1 WHERE n < {number}",
            f"UPDATE things SET n = LAST_INSERT_ID(n + 3) WHERE word = '{word}'",
            f"DELETE FROM things WHERE n = {number} ORDER BY id LIMIT 3",
            f"DELETE FROM things WHERE word = '{word}'",
            "SELECT COUNT(*), SUM(n) FROM things",
            f"SELECT id, word, n FROM things WHERE n > {number} ORDER BY id LIMIT 5",
            f"SELECT SQL_CALC_FOUND_ROWS id FROM things ORDER BY id LIMIT {number % 4}",
            "SELECT LAST_INSERT_ID()", "SELECT LAST_INSERT_ID() AS last, 5", "SELECT @@identity",
            "SELECT ROW_COUNT()",
            "SELECT CAST('7 dwarfs' AS INT) FROM things LIMIT 1",
            f"SELECT nonsense{number}", "SELEC 1", "INSERT INTO nowhere VALUES (1)",
            f"SET time_zone = '+0{number % 10}:00'", "SELECT @@time_zone",
            f"SET sql_mode = '{pick.choice(['', 'ANSI', 'STRICT_ALL_TABLES', 'ANSI_QUOTES'])}'",
            "SELECT @@sql_mode", 'SELECT "n" FROM things ORDER BY id LIMIT 2',
            f"SET NAMES {pick.choice(['utf8mb4', 'latin1', 'utf8mb4 COLLATE utf8mb4_bin'])}",
            "SELECT @@collation_connection, @@character_set_results, CHARSET('x'), COLLATION('x')",
            f"SET max_statement_time = {number}.5", "SELECT @@max_statement_time",
            "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED", "SELECT @@tx_isolation",
            "SET STATEMENT max_statement_time = 9 FOR SELECT @@max_statement_time",
            "SET lc_time_names = 'de_DE', sql_select_limit = 4", "SET sql_select_limit = DEFAULT",
            f"SET last_insert_id = {number}",
            f"SET @v = {number}", "SELECT @v", "SELECT @v := IFNULL(@v, 0) + 1",
            "CREATE TEMPORARY TABLE IF NOT EXISTS temp (a INT)", "SELECT COUNT(*) FROM temp",
            "INSERT INTO temp VALUES (1), (2)", "DROP TEMPORARY TABLE IF EXISTS temp",
            "BEGIN", "BEGIN", "START TRANSACTION READ ONLY", "COMMIT", "COMMIT", "ROLLBACK",
            "COMMIT AND CHAIN", "SAVEPOINT s", "ROLLBACK TO SAVEPOINT s",
            "SET autocommit = 0", "SET autocommit = 1", "SET autocommit = 1", "SELECT @@autocommit",
            "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE",
            "LOCK TABLES things WRITE", "UNLOCK TABLES", "UNLOCK TABLES",
            "PREPARE p FROM 'SELECT COUNT(*) + ? FROM things'", "SET @arg = 3",
            "EXECUTE p USING @arg", "DEALLOCATE PREPARE p",
            f"CALL adds('{word}')", "CALL sets()", "CALL twice()", "CALL fails()",
            f"SELECT 1; INSERT INTO things (n) VALUES ({number}); SELECT COUNT(*) FROM things",
            f"SET @a = 1; SELECT @a; SELECT nonsense; SELECT {number}",
            "/*!40000 SELECT 5 */", "-- nothing\nSELECT 6", "DO 1", "ANALYZE TABLE things",
            "TRUNCATE things", "FLUSH STATUS", "SHOW TABLES LIKE 'thi%'",
        ])

    def step(self):
        """A function of a client and its statements, and what it does, in words."""
        kind = self.random.randrange(20)
        if kind == 0 and len(self.prepared) < 5:
            text = self.random.choice([
                "SELECT ? + n FROM things ORDER BY id LIMIT 3",
                "INSERT INTO things (n) VALUES (?)", "SELECT CONCAT(?, '!')",
                "SELECT LAST_INSERT_ID() + ?", "UPDATE things SET n = ? WHERE n IS NULL"])
            self.prepared.append(text)
            return f"prepare {text}", lambda c: c.add(text)
        if kind in (1, 2) and self.prepared:
            which, value = self.random.randrange(len(self.prepared)), self.random.randrange(9)
            return (f"execute {self.prepared[which]}",
                    lambda c: c.run(which, value if which % 2 else str(value)))
        if kind == 3 and self.random.randrange(3) == 0:
            self.prepared.clear()
            return "reset connection", lambda c: c.renew()
        text = self.text()
        return text, lambda c: c.ask(text)


class Client:
    """Answers as something that can be compared."""

    def __init__(self, connection):
        self.connection, self.statements = connection, []

    def told(self, read):
        results = []
        try:
            while True:
                result = read()
                results.append((result.status & TOLD, result.warnings, result.columns, result.rows)
                               if result.rows is not None else
                               (result.status & TOLD, result.warnings, result.affected,
                                result.insert_id, result.info))
                if not result.status & MORE_RESULTS:
                    return results
        except ServerError as error:
            return [*results, (error.number, error.sqlstate, error.message)]

    def ask(self, text):
        self.connection.command(mysql_raw.QUERY, text.encode())
        answer = self.told(self.connection.reply)
        # What it warns of can be asked for as soon as it was told.
        number = len(answer[-1]) == 3 or answer[-1][1]
        if number and "SHOW" not in text:
            answer.append(self.told_of("SHOW WARNINGS"))
        # Defined right behind a SELECT only.
        if text.startswith(("SELECT SQL_CALC", "SELECT id")):
            answer.append(self.told_of("SELECT FOUND_ROWS()"))
        return answer

    def told_of(self, text):
        self.connection.command(mysql_raw.QUERY, text.encode())
        return self.told(self.connection.reply)

    def add(self, text):
        try:
            statement = self.connection.prepare(text)
        except ServerError as error:
            self.statements.append(None)
            return error.number
        self.statements.append(statement)
        return statement.parameters, statement.columns

    def run(self, which, value):
        if self.statements[which] is None:
            return None
        self.statements[which].send(value)
        return self.told(lambda: self.connection.reply(binary=True))

    def renew(self):
        self.statements.clear()
        return self.connection.ask(mysql_raw.RESET_CONNECTION).status & TOLD


def interfere(weir, stop, failures, seed):
    """A client of the same pool that leaves behind whatever it can."""
    script = random.Random(seed)
    try:
        with raw(weir) as client:
            while not stop.is_set():
                text = script.choice([
                    "INSERT INTO notes (words) VALUES ('other')", "SELECT CAST('8x' AS INT)",
                    "SELECT 1 UNION SELECT 2 UNION SELECT 3", "SET time_zone = '-01:00'",
                    "SET sql_mode = 'ANSI_QUOTES'", "SET sql_mode = DEFAULT", "SELECT unknown",
                    "SET NAMES latin1", "SET NAMES utf8mb4", "SET autocommit = 0", "COMMIT",
                    "SET autocommit = 1", "UPDATE notes SET words = 'changed' WHERE id < 3",
                    "SELECT SQL_CALC_FOUND_ROWS 1 FROM notes LIMIT 1", "SET last_insert_id = 123456",
                ])
                try:
                    client.query(text)
                except ServerError as error:
                    if error.number not in (1054, 1205, 1213):
                        failures.append(error)
    except Exception as error:  # shown by the test that waits for it
        failures.append(error)


@pytest.mark.timeout(900)
@pytest.mark.parametrize("capabilities", [0, mysql_raw.DEPRECATE_EOF])
def test_answers_are_those_of_a_connection_of_ones_own(mariadb, start_mysql_weir, size,
                                                       capabilities):
    mariadb.execute("CREATE DATABASE IF NOT EXISTS direct_a")
    with mariadb.connect() as connection, connection.cursor() as cursor:
        cursor.execute("GRANT ALL ON direct_a.* TO app")
    weir = start_mysql_weir(mariadb, pool=[{**POOL, "max_size": 3, "acquire_timeout": "20s"}])
    capabilities |= mysql_raw.MULTI_STATEMENTS
    failures, stop = [], threading.Event()
    others = [threading.Thread(target=interfere, args=(weir, stop, failures, i)) for i in range(3)]
    for other in others:
        other.start()
    try:
        for seed in range(size(8, 80)):
            for database in ("direct_a", "tenant_a"):
                for statement in SCHEMA.strip().split(";\n"):
                    mariadb.execute(statement, database)
            with RawMysql(mariadb.port, password=APP_PASSWORD, database="direct_a",
                          capabilities=capabilities) as direct, \
                    raw(weir, capabilities=capabilities) as pooled:
                script, clients, past = Script(seed), (Client(direct), Client(pooled)), []
                for _ in range(size(120, 400)):
                    words, step = script.step()
                    past.append(words)
                    expected, got = (step(client) for client in clients)
                    expected = eval(repr(expected).replace("direct_a", "tenant_a"))
                    assert got == expected, f"seed {seed}:\n" + "\n".join(past[-25:])
                    assert not failures, failures
    finally:
        stop.set()
        for other in others:
            other.join()
    assert not failures
    settled(weir)
    mariadb.execute("DROP DATABASE direct_a")
