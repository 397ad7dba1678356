#include "upstream/postgresql_failure.h"

#include <gtest/gtest.h>

namespace weir::upstream {
namespace {

using telemetry::CreateFailure;

CreateFailure reason_of_sqlstate(const std::string& sqlstate) {
    return classify_postgresql_failure(
               "connection to server at \"127.0.0.1\", port 5432 failed: FATAL:  " + sqlstate +
               ": words\nLOCATION:  f, f.c:1\n")
        .reason;
}

TEST(PostgresqlFailure, the_servers_sqlstate_and_words_are_found_in_any_language) {
    const DialFailure failure = classify_postgresql_failure(
        "connection to server at \"127.0.0.1\", port 5432 failed: FATAL:  28P01: "
        "Passwort-Authentifizierung für Benutzer »app« fehlgeschlagen\nORT:  auth_failed, "
        "auth.c:334\n");
    EXPECT_EQ(failure.reason, CreateFailure::auth);
    EXPECT_EQ(failure.sqlstate, "28P01");
    EXPECT_EQ(failure.message, "Passwort-Authentifizierung für Benutzer »app« fehlgeschlagen");
}

TEST(PostgresqlFailure, the_last_host_tried_is_the_reason) {
    const DialFailure failure = classify_postgresql_failure(
        "connection to server at \"db\" (::1), port 5432 failed: Connection refused\n"
        "\tIs the server running on that host and accepting TCP/IP connections?\n"
        "connection to server at \"db\" (127.0.0.1), port 5432 failed: FATAL:  3D000: database "
        "\"x\" "
        "does not exist\n");
    EXPECT_EQ(failure.reason, CreateFailure::database);
    EXPECT_EQ(failure.message, "database \"x\" does not exist");
}

TEST(PostgresqlFailure, what_hinders_tls_is_told_from_an_answer_that_is_none) {
    const auto reason = [](const std::string& words) {
        return classify_postgresql_failure(
                   "connection to server at \"h\", port 1 failed: " + words + "\n")
            .reason;
    };
    for (const char* words : {"SSL error: certificate verify failed",
                              "server does not support SSL, but SSL was required",
                              "server certificate for \"a\" does not match host name \"b\"",
                              "private key file \"k\" has group or world access; permissions must "
                              "be u=rw (0600) or less",
                              "could not load private key file \"k\": bad password read"}) {
        EXPECT_EQ(reason(words), CreateFailure::tls) << words;
    }
    EXPECT_EQ(reason("received invalid response to SSL negotiation: H"), CreateFailure::protocol);
}

TEST(PostgresqlFailure, text_that_looks_like_a_code_elsewhere_is_no_sqlstate) {
    const DialFailure failure = classify_postgresql_failure(
        "connection to server on socket \"/tmp:  28P01/.s.PGSQL.5432\" failed: No such file or "
        "directory\n");
    EXPECT_EQ(failure.sqlstate, "");
    EXPECT_EQ(failure.reason, CreateFailure::refused);
}

TEST(PostgresqlFailure, what_the_server_says_of_itself_counts_against_the_upstream) {
    for (const char* state : {"57P03", "57P01", "53200", "58030"}) {
        EXPECT_EQ(reason_of_sqlstate(state), CreateFailure::refused) << state;
    }
    EXPECT_EQ(reason_of_sqlstate("08P01"), CreateFailure::protocol);
    EXPECT_EQ(reason_of_sqlstate("53300"), CreateFailure::too_many);
}

TEST(PostgresqlFailure, what_it_says_of_an_account_a_database_or_a_setting_belongs_to_the_pool) {
    EXPECT_EQ(reason_of_sqlstate("28000"), CreateFailure::auth);
    for (const char* state : {"3D000", "42501", "42704", "22023", "55000", "57P04"}) {
        EXPECT_EQ(reason_of_sqlstate(state), CreateFailure::database) << state;
    }
}

TEST(PostgresqlFailure, an_empty_text_is_still_a_failure_with_words) {
    EXPECT_FALSE(classify_postgresql_failure("").message.empty());
}

}  // namespace
}  // namespace weir::upstream
