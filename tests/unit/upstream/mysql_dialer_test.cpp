#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <mutex>

#include "upstream/dialer.h"
#include "upstream/mysql_capabilities.h"
#include "upstream/mysql_server.h"
#include "upstream/postgresql_server.h"
#include "upstream/silent_server.h"

namespace weir::upstream {
namespace {

using telemetry::CreateFailure;
using testing::ask_mysql;
using testing::dial_and_wait;
using ::testing::HasSubstr;
using testing::MysqlServer;
using ::testing::Not;
using testing::SilentServer;
using Capability = MysqlCapability;

class MysqlDialer : public ::testing::Test {
  protected:
    DialFailure failure_of(DialRequest request) {
        const DialResult result = dial_and_wait(*dialer_, std::move(request));
        EXPECT_FALSE(result);
        return result ? DialFailure{} : result.error();
    }
    DialResult with(std::uint32_t capabilities) {
        DialRequest request = MysqlServer::request();
        request.capabilities = capabilities;
        return dial_and_wait(*dialer_, std::move(request));
    }
    MysqlServer& server_ = MysqlServer::instance();
    std::unique_ptr<Dialer> dialer_ = make_mysql_dialer(server_.upstream());
};

// The value of a result of one row and one column.
std::string value(const Established& established, const std::string& sql) {
    const auto packets = ask_mysql(established, sql);
    const bool eof_between = (established.mysql.capabilities & Capability::deprecate_eof) == 0;
    const std::size_t row = eof_between ? 3 : 2;
    return packets.size() > row ? packets[row].substr(1) : packets.back();
}

TEST_F(MysqlDialer, gives_a_working_connection_with_what_the_server_said) {
    const DialResult result = dial_and_wait(*dialer_, MysqlServer::request());
    ASSERT_TRUE(result) << result.error().message;
    EXPECT_EQ(value(*result, "SELECT DATABASE()"), "shop");
    EXPECT_EQ(value(*result, "SELECT CONNECTION_ID()"), std::to_string(result->mysql.thread_id));
    EXPECT_EQ(static_cast<std::uint32_t>(result->backend_pid), result->mysql.thread_id);
    EXPECT_EQ(value(*result, "SELECT VERSION()"), result->mysql.version);
    EXPECT_TRUE(result->mysql.is_mariadb);
    EXPECT_EQ(value(*result, "SELECT @@character_set_client"), result->mysql.character_set);
    EXPECT_EQ(value(*result, "SELECT @@collation_connection"), "utf8mb4_general_ci");
    EXPECT_EQ(result->mysql.collation, 45);
    constexpr std::uint16_t autocommit = 2;
    EXPECT_NE(result->mysql.status & autocommit, 0);
    EXPECT_EQ(result->address, server_.upstream().address);
    EXPECT_GT(result->took.count(), 0);
}

TEST_F(MysqlDialer, every_tracker_is_on) {
    const DialResult result = dial_and_wait(*dialer_, MysqlServer::request());
    ASSERT_TRUE(result) << result.error().message;
    EXPECT_TRUE(result->mysql.tracked);
    EXPECT_NE(result->mysql.capabilities & Capability::session_track, 0U);
    EXPECT_EQ(value(*result, "SELECT @@session_track_system_variables"), "*");
    EXPECT_EQ(value(*result, "SELECT @@session_track_schema"), "1");
    EXPECT_EQ(value(*result, "SELECT @@session_track_state_change"), "1");
    EXPECT_EQ(value(*result, "SELECT @@session_track_transaction_info"), "CHARACTERISTICS");
}

// MariaDB's extended capabilities would put a field more into each column definition and a byte
// more behind the column count. This fails when an update of the library offers them again.
TEST_F(MysqlDialer, server_does_not_speak_mariadbs_extensions) {
    const DialResult result = dial_and_wait(*dialer_, MysqlServer::request());
    ASSERT_TRUE(result) << result.error().message;
    const auto packets = ask_mysql(*result, "SELECT 1 AS one");
    ASSERT_EQ(packets.size(), 5U);
    EXPECT_EQ(packets[0], "\x01");
    EXPECT_EQ(packets[1], std::string("\x03"
                                      "def\0\0\0\x03one\0\x0c\x3f\0\x01\0\0\0\x03\x81\0\0\0\0",
                                      25));
    EXPECT_EQ(result->mysql.capabilities & 1U, 1U);
}

TEST_F(MysqlDialer, connection_has_exactly_the_capabilities_that_were_asked_for) {
    for (const std::uint32_t asked :
         {0U, Capability::found_rows, Capability::local_files, Capability::ignore_space,
          Capability::multi_statements, Capability::deprecate_eof, Capability::of_the_key}) {
        const DialResult result = with(asked);
        ASSERT_TRUE(result) << result.error().message;
        EXPECT_EQ(result->mysql.capabilities & Capability::of_the_key, asked);
        // What the server makes of it, not what we believe.
        const bool ends_with_ok = ask_mysql(*result, "SELECT 1").size() == 4;
        EXPECT_EQ(ends_with_ok, (asked & Capability::deprecate_eof) != 0);
        const auto both = ask_mysql(*result, "DO 1; DO 2");
        EXPECT_EQ(both.front()[0] == '\0', (asked & Capability::multi_statements) != 0);
    }
}

TEST_F(MysqlDialer, connects_without_a_database) {
    DialRequest request = MysqlServer::request();
    request.database.clear();
    const DialResult result = dial_and_wait(*dialer_, request);
    ASSERT_TRUE(result) << result.error().message;
    EXPECT_EQ(ask_mysql(*result, "SELECT DATABASE()")[3], "\xfb");
}

TEST_F(MysqlDialer, connects_by_a_unix_socket) {
    settings::Upstream upstream = server_.upstream();
    upstream.address = "unix:" + server_.socket();
    upstream.tls.mode = settings::ServerTls::prefer;
    const auto dialer = make_mysql_dialer(upstream);
    const DialResult result = dial_and_wait(*dialer, MysqlServer::request());
    ASSERT_TRUE(result) << result.error().message;
    EXPECT_EQ(result->address, server_.socket());
    EXPECT_EQ(result->tls, nullptr);
}

TEST_F(MysqlDialer, wrong_password_belongs_to_the_account_and_is_not_told) {
    DialRequest request = MysqlServer::request();
    request.password = settings::Secret::of("guessed-wrong");
    const DialFailure failure = failure_of(request);
    EXPECT_EQ(failure.reason, CreateFailure::auth);
    EXPECT_EQ(failure.sqlstate, "28000");
    EXPECT_THAT(failure.message, HasSubstr("Access denied for user 'app'"));
    EXPECT_THAT(failure.message, Not(HasSubstr("guessed-wrong")));
}

TEST_F(MysqlDialer, missing_and_forbidden_databases_are_told_apart) {
    DialRequest request = MysqlServer::request();
    request.database = "other";
    EXPECT_EQ(failure_of(request).reason, CreateFailure::auth);
    settings::Upstream upstream = server_.upstream();
    upstream.address = "unix:" + server_.socket();
    const auto dialer = make_mysql_dialer(upstream);
    request.user = "root";
    request.password = {};
    request.database = "nowhere";
    const DialResult result = dial_and_wait(*dialer, request);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().reason, CreateFailure::database);
}

TEST_F(MysqlDialer, server_that_is_full_says_so) {
    std::vector<DialResult> held;
    for (unsigned i = 0; i < MysqlServer::max_connections; ++i) {
        held.push_back(dial_and_wait(*dialer_, MysqlServer::request()));
        if (!held.back()) break;
    }
    const DialFailure failure = failure_of(MysqlServer::request());
    EXPECT_EQ(failure.reason, CreateFailure::too_many);
    EXPECT_EQ(failure.message, "Too many connections");
    held.clear();
    DialResult again = dial_and_wait(*dialer_, MysqlServer::request());
    for (int tries = 0; tries < 500 && !again; ++tries) {
        poll(nullptr, 0, 10);
        again = dial_and_wait(*dialer_, MysqlServer::request());
    }
    EXPECT_TRUE(again);
}

TEST_F(MysqlDialer, server_without_tls_is_refused_where_tls_is_required) {
    settings::Upstream upstream = server_.upstream();
    upstream.tls.mode = settings::ServerTls::require;
    const auto dialer = make_mysql_dialer(upstream);
    const DialResult result = dial_and_wait(*dialer, MysqlServer::request());
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().reason, CreateFailure::tls);
    EXPECT_EQ(result.error().message, "the server does not support TLS");
}

TEST_F(MysqlDialer, killed_query_ends_and_its_connection_stays) {
    const DialResult result = dial_and_wait(*dialer_, MysqlServer::request());
    ASSERT_TRUE(result) << result.error().message;
    // The statement may begin after the first KILL, which then finds nothing to end.
    std::atomic<bool> killing = true;
    std::thread killer([&] {
        while (killing) {
            EXPECT_TRUE(result->cancel->cancel());
            poll(nullptr, 0, 20);
        }
    });
    const auto packets = ask_mysql(*result, "SELECT SLEEP(60)");
    killing = false;
    killer.join();
    EXPECT_NE(packets.size(), 0U);
    EXPECT_EQ(value(*result, "SELECT DATABASE()"), "shop");
}

TEST_F(MysqlDialer, killed_connection_ends) {
    const DialResult result = dial_and_wait(*dialer_, MysqlServer::request());
    ASSERT_TRUE(result) << result.error().message;
    EXPECT_TRUE(result->cancel->kill());
    EXPECT_THROW(static_cast<void>(ask_mysql(*result, "SELECT 1; SELECT 2")), std::runtime_error);
    EXPECT_TRUE(result->cancel->kill()) << "it is gone, which is what was asked for";
}

TEST_F(MysqlDialer, closed_handle_adds_nothing_to_what_was_relayed) {
    SilentServer unused;
    DialResult result = dial_and_wait(*dialer_, MysqlServer::request());
    ASSERT_TRUE(result) << result.error().message;
    const int copy = dup(result->connection->fd());
    result->connection.reset();
    // The server sees an end of file, not a COM_QUIT, and hangs up in either case.
    pollfd readable{copy, POLLIN, 0};
    EXPECT_EQ(poll(&readable, 1, 30'000), 1);
    char byte = 0;
    EXPECT_EQ(read(copy, &byte, 1), 0);
    close(copy);
}

DialResult dial_at(const std::string& address) {
    settings::Upstream upstream;
    upstream.address = address;
    upstream.connect_timeout = std::chrono::milliseconds(300);
    upstream.tls.mode = settings::ServerTls::disable;
    const auto dialer = make_mysql_dialer(upstream);
    return dial_and_wait(*dialer, MysqlServer::request());
}

TEST_F(MysqlDialer, server_that_says_nothing_is_given_up_in_time) {
    const SilentServer silent;
    const DialResult result = dial_at(silent.address());
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().reason, CreateFailure::timeout);
    EXPECT_THAT(result.error().message, HasSubstr("took the connection but did not answer"));
}

TEST_F(MysqlDialer, closed_port_refuses) {
    SilentServer closed;
    closed.stop_listening();
    const DialResult result = dial_at(closed.address());
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().reason, CreateFailure::refused);
}

TEST_F(MysqlDialer, next_address_is_tried_when_one_refuses) {
    SilentServer closed;
    closed.stop_listening();
    const DialResult result = dial_at(closed.address() + "," + server_.upstream().address);
    ASSERT_TRUE(result) << result.error().message;
    EXPECT_EQ(result->address, server_.upstream().address);
}

TEST_F(MysqlDialer, what_is_no_mysql_server_is_told_as_such) {
    SilentServer other;
    std::thread speaker([&] {
        const base::Fd client = other.accept();
        const std::string words = "HTTP/1.1 400 Bad Request\r\n\r\n";
        EXPECT_GT(send(client.get(), words.data(), words.size(), MSG_NOSIGNAL), 0);
    });
    const DialResult result = dial_at(other.address());
    speaker.join();
    ASSERT_FALSE(result);
    EXPECT_TRUE(result.error().reason == CreateFailure::protocol ||
                result.error().reason == CreateFailure::refused ||
                result.error().reason == CreateFailure::timeout)
        << result.error().message;
}

TEST_F(MysqlDialer, dialer_that_dies_abandons_what_is_in_flight) {
    const SilentServer silent;
    settings::Upstream upstream;
    upstream.address = silent.address();
    upstream.connect_timeout = std::chrono::seconds(60);
    upstream.tls.mode = settings::ServerTls::disable;
    auto dialer = make_mysql_dialer(upstream);
    bool told = false;
    for (int i = 0; i < 12; ++i) {
        dialer->dial(MysqlServer::request(), [&told](const DialResult&) { told = true; });
    }
    EXPECT_TRUE(silent.somebody_waits(30'000));
    dialer.reset();
    EXPECT_FALSE(told);
}

}  // namespace
}  // namespace weir::upstream
