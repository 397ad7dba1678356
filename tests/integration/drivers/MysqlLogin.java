import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;

/** MariaDB's JDBC driver through a pooler. Usage: java MysqlLogin PORT DATABASE USER PASSWORD [CA] */
public final class MysqlLogin {
    private static String parameters;

    private static Connection connect(String port, String database, String user, String password)
            throws SQLException {
        return DriverManager.getConnection(
                "jdbc:mariadb://127.0.0.1:" + port + "/" + database + "?" + parameters, user, password);
    }

    private static void same(Object expected, Object found) {
        if (!expected.equals(found)) {
            throw new IllegalStateException("expected " + expected + " got " + found);
        }
    }

    private static void refused(int code, String port, String database, String user, String password) {
        try (Connection connection = connect(port, database, user, password)) {
            throw new IllegalStateException("let in");
        } catch (SQLException error) {
            same(code, error.getErrorCode());
        }
    }

    public static void main(String[] words) throws SQLException {
        String tls = words.length > 4 ? "&useSsl=true&serverSslCert=" + words[4] : "";
        for (String prepares : new String[] {"false", "true"}) {
            parameters = "useServerPrepStmts=" + prepares + tls;
            try (Connection connection = connect(words[0], words[1], words[2], words[3])) {
                same(words[1], connection.getCatalog());
                try (PreparedStatement statement = connection.prepareStatement("SELECT ? + 1, ?")) {
                    for (int number = 0; number < 5; number++) {
                        statement.setInt(1, number);
                        statement.setString(2, "o'clock \u2603");
                        try (ResultSet rows = statement.executeQuery()) {
                            rows.next();
                            same(number + 1, rows.getInt(1));
                            same("o'clock \u2603", rows.getString(2));
                        }
                    }
                }
                connection.setAutoCommit(false);
                try (Statement statement = connection.createStatement()) {
                    statement.executeUpdate("INSERT INTO notes (words) VALUES ('jdbc')",
                            Statement.RETURN_GENERATED_KEYS);
                    try (ResultSet keys = statement.getGeneratedKeys()) {
                        keys.next();
                        same(true, keys.getInt(1) > 0);
                    }
                }
                connection.rollback();
                connection.setAutoCommit(true);
            }
            refused(1045, words[0], words[1], words[2], "wrong");
            refused(1049, words[0], "elsewhere", words[2], words[3]);
        }
        System.out.println("jdbc done");
    }
}
