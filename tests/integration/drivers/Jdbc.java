// JDBC through a pooler: auto-commit, transactions, batches, cursors, COPY and large objects, with
// server-side prepared statements from the first execution and without any.
// Usage: java -cp … Jdbc PORT DATABASE USER PASSWORD

import java.io.StringReader;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Arrays;
import org.postgresql.PGConnection;
import org.postgresql.copy.CopyManager;
import org.postgresql.largeobject.LargeObject;
import org.postgresql.largeobject.LargeObjectManager;

public class Jdbc {
    static void check(boolean holds, String what) {
        if (!holds) throw new AssertionError(what);
    }

    static void queries(Connection db) throws SQLException {
        try (PreparedStatement select = db.prepareStatement("SELECT ? + 1, ?::text")) {
            for (int round = 0; round < 8; round++) {
                select.setInt(1, round);
                select.setString(2, "words ☃ " + round);
                ResultSet rows = select.executeQuery();
                check(rows.next() && rows.getInt(1) == round + 1, "sum");
                check(rows.getString(2).equals("words ☃ " + round), "words");
            }
        }
        try (Statement statement = db.createStatement()) {
            statement.executeQuery("SELECT 1/0");
            throw new AssertionError("no error");
        } catch (SQLException error) {
            check("22012".equals(error.getSQLState()), "division: " + error.getSQLState());
        }
    }

    static void transactions(Connection db) throws SQLException {
        db.setAutoCommit(false);
        try (PreparedStatement insert = db.prepareStatement("INSERT INTO notes (words) VALUES (?)")) {
            for (int row = 0; row < 500; row++) {
                insert.setString(1, "jdbc");
                insert.addBatch();
            }
            check(Arrays.stream(insert.executeBatch()).sum() == 500, "batch");
        }
        try (Statement statement = db.createStatement()) {
            statement.setFetchSize(50);  // a portal that is read in several batches
            ResultSet rows = statement.executeQuery("SELECT words FROM notes WHERE words = 'jdbc'");
            int count = 0;
            while (rows.next()) count++;
            check(count == 500, "rows through a cursor: " + count);
        }
        db.rollback();
        db.setAutoCommit(true);
    }

    static void copy(Connection db) throws Exception {
        CopyManager copies = db.unwrap(PGConnection.class).getCopyAPI();
        db.setAutoCommit(false);
        check(copies.copyIn("COPY notes (words) FROM STDIN", new StringReader("one\ntwo\n")) == 2, "copy in");
        db.rollback();
        db.setAutoCommit(true);
        long copied = copies.copyOut("COPY (SELECT generate_series(1, 1000)) TO STDOUT", new java.io.StringWriter());
        check(copied == 1000, "copy out");
    }

    static void largeObjects(Connection db) throws SQLException {
        db.setAutoCommit(false);
        LargeObjectManager objects = db.unwrap(PGConnection.class).getLargeObjectAPI();
        long id = objects.createLO(LargeObjectManager.READWRITE);
        byte[] written = new byte[300_000];
        for (int index = 0; index < written.length; index++) written[index] = (byte) (index * 7);
        LargeObject object = objects.open(id, LargeObjectManager.READWRITE);
        object.write(written);
        object.seek(0);
        check(Arrays.equals(written, object.read(written.length)), "large object");
        object.close();
        objects.delete(id);
        db.commit();
        db.setAutoCommit(true);
    }

    public static void main(String[] words) throws Exception {
        for (String option : new String[] {"prepareThreshold=0", "prepareThreshold=1",
                                           "preferQueryMode=simple"}) {
            String url = "jdbc:postgresql://127.0.0.1:" + words[0] + "/" + words[1] + "?sslmode=disable&" + option;
            try (Connection db = DriverManager.getConnection(url, words[2], words[3])) {
                queries(db);
                transactions(db);
                copy(db);
                if (!option.contains("simple")) largeObjects(db);
            }
        }
        System.out.println("jdbc done");
    }
}
