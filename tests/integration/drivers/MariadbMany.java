// MariaDB's JDBC driver through a pooler: 30 threads with statements prepared by the driver or the server,
// batches, generated keys, streamed results, procedures and transactions. Prints what each of them saw.
// Usage: java -cp … MariadbMany PORT DATABASE USER PASSWORD OPTIONS

import java.io.ByteArrayInputStream;
import java.math.BigDecimal;
import java.sql.CallableStatement;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.SQLWarning;
import java.sql.Savepoint;
import java.sql.Statement;
import java.sql.Timestamp;
import java.sql.Types;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

public class MariadbMany {
    static final int CLIENTS = 30;

    static void rows(ResultSet rows, List<String> seen) throws SQLException {
        ResultSetMetaData about = rows.getMetaData();
        StringBuilder line = new StringBuilder();
        for (int column = 1; column <= about.getColumnCount(); column++) {
            line.append(about.getColumnLabel(column)).append(' ').append(about.getColumnTypeName(column)).append(' ');
        }
        while (rows.next()) {
            line.append('|');
            for (int column = 1; column <= about.getColumnCount(); column++) {
                String value = rows.getString(column);
                line.append(value != null && value.length() > 200 ? "long " + value.hashCode() : value).append(' ');
            }
        }
        seen.add(line.toString());
    }

    interface Work {
        void run() throws SQLException;
    }

    static void failing(List<String> seen, Work work) {
        try {
            work.run();
            seen.add("no error");
        } catch (SQLException error) {
            seen.add(error.getErrorCode() + " " + error.getSQLState() + " " + error.getClass().getSimpleName());
        }
    }

    static void types(Connection db, String table, List<String> seen) throws SQLException {
        try (PreparedStatement insert = db.prepareStatement("INSERT INTO " + table
                 + " (moment, money, large, raw, doc, words) VALUES (?, ?, ?, ?, ?, ?)",
                 Statement.RETURN_GENERATED_KEYS);
             PreparedStatement select = db.prepareStatement("SELECT * FROM " + table + " WHERE id >= ?")) {
            for (int round = 0; round < 4; round++) {
                insert.setTimestamp(1, Timestamp.valueOf("2024-02-29 01:02:03.000004"));
                insert.setBigDecimal(2, new BigDecimal("-1234567890.0123"));
                insert.setString(3, "18446744073709551615");
                if (round % 2 == 0) {
                    insert.setBinaryStream(4, new ByteArrayInputStream(new byte[30_000 * round]));
                } else {
                    insert.setNull(4, Types.BLOB);
                }
                insert.setString(5, "{\"a\": \"☃\"}");
                insert.setString(6, "zażółć 🦆 '\"\\");
                seen.add("inserted " + insert.executeUpdate());
                long key;
                try (ResultSet keys = insert.getGeneratedKeys()) {
                    keys.next();
                    key = keys.getLong(1);
                }
                seen.add("key " + key);
                select.setLong(1, key);
                rows(select.executeQuery(), seen);
            }
        }
    }

    static void batches(Connection db, String table, List<String> seen) throws SQLException {
        db.setAutoCommit(false);
        try (PreparedStatement insert = db.prepareStatement("INSERT INTO " + table + " (words) VALUES (?)",
                                                            Statement.RETURN_GENERATED_KEYS);
             Statement any = db.createStatement()) {
            for (int row = 0; row < 200; row++) {
                insert.setString(1, "batch " + row);
                insert.addBatch();
            }
            seen.add("batch " + insert.executeBatch().length);
            int keys = 0;
            try (ResultSet made = insert.getGeneratedKeys()) {
                while (made.next()) keys++;
            }
            seen.add("keys " + keys);
            Savepoint before = db.setSavepoint();
            seen.add("deleted " + any.executeUpdate("DELETE FROM " + table));
            db.rollback(before);
            failing(seen, () -> any.executeUpdate("INSERT INTO " + table + " (id) VALUES (1), (1)"));
            any.addBatch("UPDATE " + table + " SET words = 'x' WHERE words LIKE 'batch 1%'");
            any.addBatch("DELETE FROM " + table + " WHERE words = 'batch 2'");
            seen.add("batch " + Arrays.toString(any.executeBatch()));
            db.commit();
            any.executeUpdate("DELETE FROM " + table);
            db.rollback();
            rows(any.executeQuery("SELECT COUNT(*) FROM " + table), seen);
        } finally {
            db.setAutoCommit(true);
        }
    }

    static void results(Connection db, int number, List<String> seen) throws SQLException {
        try (Statement streaming = db.createStatement()) {
            streaming.setFetchSize(10);
            long sum = 0;
            try (ResultSet found = streaming.executeQuery("SELECT seq, REPEAT('x', 400) FROM seq_1_to_2000")) {
                while (found.next()) sum += found.getLong(1) + found.getString(2).length();
            }
            seen.add("streamed " + sum);
            boolean more = streaming.execute("SELECT 1; DO 0; SELECT " + number + ", NULL");
            while (more || streaming.getUpdateCount() != -1) {
                if (more) {
                    rows(streaming.getResultSet(), seen);
                } else {
                    seen.add("count " + streaming.getUpdateCount());
                }
                more = streaming.getMoreResults();
            }
        }
        try (CallableStatement call = db.prepareCall("{CALL several(?)}")) {
            call.setInt(1, number);
            boolean more = call.execute();
            while (more) {
                rows(call.getResultSet(), seen);
                more = call.getMoreResults();
            }
        }
        try (CallableStatement call = db.prepareCall("{CALL doubled(?, ?)}")) {
            call.setInt(1, number);
            call.registerOutParameter(2, Types.INTEGER);
            call.execute();
            seen.add("out " + call.getInt(2));
        }
        try (Statement any = db.createStatement()) {
            rows(any.executeQuery("SELECT CAST('1x' AS INT)"), seen);
            for (SQLWarning warning = any.getWarnings(); warning != null; warning = warning.getNextWarning()) {
                seen.add("warning " + warning.getMessage());
            }
        }
        failing(seen, () -> {
            try (PreparedStatement wrong = db.prepareStatement("SELECT * FROM missing WHERE id = ?")) {
                wrong.setInt(1, number);
                wrong.executeQuery();
            }
        });
        failing(seen, () -> db.createStatement().execute("SELEC 1"));
        failing(seen, () -> db.createStatement().execute("SIGNAL SQLSTATE '45001'"));
    }

    static List<String> client(String[] words, int number) throws SQLException {
        List<String> seen = new ArrayList<>();
        String table = "of_jdbc_" + number;
        String url = "jdbc:mariadb://127.0.0.1:" + words[0] + "/" + words[1] + "?" + words[4];
        try (Connection db = DriverManager.getConnection(url, words[2], words[3]); Statement any = db.createStatement()) {
            for (int round = 0; round < 2; round++) {
                any.execute("DROP TABLE IF EXISTS " + table);
                any.execute("CREATE TABLE " + table + " (id INT AUTO_INCREMENT PRIMARY KEY, moment DATETIME(6),"
                            + " money DECIMAL(20,4), large BIGINT UNSIGNED, raw LONGBLOB, doc JSON, words TEXT)");
                types(db, table, seen);
                batches(db, table, seen);
                results(db, number, seen);
                db.setTransactionIsolation(round == 0 ? Connection.TRANSACTION_SERIALIZABLE
                                                      : Connection.TRANSACTION_READ_COMMITTED);
                seen.add("isolation " + db.getTransactionIsolation() + " " + db.isValid(5) + " " + db.getCatalog());
                rows(any.executeQuery("SELECT @@tx_isolation"), seen);
            }
            any.execute("DROP TABLE " + table);
        }
        return seen;
    }

    public static void main(String[] words) throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(CLIENTS);
        List<Future<List<String>>> clients = new ArrayList<>();
        for (int index = 0; index < CLIENTS; index++) {
            int number = index;
            clients.add(threads.submit(() -> client(words, number)));
        }
        try {
            for (int number = 0; number < CLIENTS; number++) {
                for (String line : clients.get(number).get()) System.out.println(number + ": " + line);
            }
        } finally {
            threads.shutdownNow();
        }
    }
}
