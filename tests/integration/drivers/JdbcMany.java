// JDBC through a pooler: 30 threads with statements prepared on the server from the first execution,
// batches, large objects, cursors and sessions of their own. Prints what each of them saw.
// Usage: java -cp … JdbcMany PORT DATABASE USER PASSWORD

import java.sql.Array;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.postgresql.PGConnection;
import org.postgresql.largeobject.LargeObject;
import org.postgresql.largeobject.LargeObjectManager;

public class JdbcMany {
    static final int CLIENTS = 30;

    static String one(ResultSet rows) throws SQLException {
        return rows.next() ? rows.getString(1) : "none";
    }

    static void statements(Connection db, int number, List<String> seen) throws SQLException {
        try (PreparedStatement select = db.prepareStatement("SELECT ? * ?");
             PreparedStatement list = db.prepareStatement("SELECT sum(n) FROM unnest(?::int[]) AS n")) {
            for (int round = 0; round < 6; round++) {
                select.setInt(1, round);
                select.setInt(2, number);
                seen.add(one(select.executeQuery()));
                Array numbers = db.createArrayOf("integer", new Integer[] {round, number});
                list.setArray(1, numbers);
                seen.add(one(list.executeQuery()));
            }
        }
        try (Statement set = db.createStatement()) {
            set.execute("SET SESSION statement_timeout = " + (60000 + number));
            set.execute("SET application_name = 'jdbc " + number + "'");
            seen.add(one(set.executeQuery("SHOW statement_timeout")));
            seen.add(one(set.executeQuery("SHOW application_name")));
        }
        for (int round = 0; round < 2; round++) {
            try (PreparedStatement wrong = db.prepareStatement("SELECT 1 / ?")) {
                wrong.setInt(1, 0);
                wrong.executeQuery();
            } catch (SQLException error) {
                seen.add(error.getSQLState());
            }
        }
    }

    static void batches(Connection db, int number, List<String> seen) throws SQLException {
        try (PreparedStatement delete = db.prepareStatement("DELETE FROM notes WHERE words LIKE ?");
             PreparedStatement insert = db.prepareStatement("INSERT INTO notes (words) VALUES (?)",
                                                            Statement.RETURN_GENERATED_KEYS)) {
            delete.setString(1, "jdbc " + number + " %");
            delete.executeUpdate();
            db.setAutoCommit(false);
            for (int row = 0; row < 300; row++) {
                insert.setString(1, "jdbc " + number + " " + row);
                insert.addBatch();
            }
            seen.add("batch " + Arrays.stream(insert.executeBatch()).sum());
            int keys = 0;
            try (ResultSet made = insert.getGeneratedKeys()) {
                while (made.next()) keys++;
            }
            seen.add("keys " + keys);
            Savepoint before = db.setSavepoint();
            seen.add("deleted " + delete.executeUpdate());
            db.rollback(before);
            try (PreparedStatement select = db.prepareStatement("SELECT words FROM notes WHERE words LIKE ?")) {
                select.setFetchSize(40);
                select.setString(1, "jdbc " + number + " %");
                int rows = 0;
                try (ResultSet found = select.executeQuery()) {
                    while (found.next()) rows++;
                }
                seen.add("rows " + rows);
            }
            db.commit();
            db.setAutoCommit(true);
            seen.add("deleted " + delete.executeUpdate());
        }
    }

    static void largeObjects(Connection db, int number, List<String> seen) throws SQLException {
        db.setAutoCommit(false);
        LargeObjectManager objects = db.unwrap(PGConnection.class).getLargeObjectAPI();
        long id = objects.createLO(LargeObjectManager.READWRITE);
        byte[] written = new byte[50_000];
        Arrays.fill(written, (byte) number);
        LargeObject object = objects.open(id, LargeObjectManager.READWRITE);
        object.write(written);
        object.seek(0);
        seen.add("large object " + Arrays.equals(written, object.read(written.length)));
        object.close();
        objects.delete(id);
        db.commit();
        db.setAutoCommit(true);
    }

    static List<String> client(String[] words, int number) throws SQLException {
        List<String> seen = new ArrayList<>();
        String url = "jdbc:postgresql://127.0.0.1:" + words[0] + "/" + words[1] + "?sslmode=disable&prepareThreshold=1";
        try (Connection db = DriverManager.getConnection(url, words[2], words[3])) {
            for (int round = 0; round < 2; round++) {
                statements(db, number, seen);
                batches(db, number, seen);
                largeObjects(db, number, seen);
            }
            db.setTransactionIsolation(Connection.TRANSACTION_SERIALIZABLE);
            seen.add("isolation " + db.getTransactionIsolation());
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
        for (int number = 0; number < CLIENTS; number++) {
            for (String line : clients.get(number).get()) System.out.println(number + ": " + line);
        }
        threads.shutdown();
    }
}
