#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <condition_variable>
#include <cstdlib>
#include <map>
#include <mutex>

#include "upstream/dialer.h"
#include "upstream/postgresql_server.h"
#include "upstream/silent_server.h"

namespace weir::upstream {
namespace {

using telemetry::CreateFailure;
using testing::ask;
using testing::dial_and_wait;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::PostgresqlServer;
using testing::SilentServer;
using ::testing::StartsWith;

settings::Upstream upstream_at(std::string address, std::chrono::milliseconds limit) {
    settings::Upstream upstream;
    upstream.address = std::move(address);
    upstream.connect_timeout = limit;
    return upstream;
}

// Collects the answers of many dials.
class Answers {
  public:
    std::function<void(DialResult)> taker() {
        return [this](DialResult result) {
            const std::lock_guard lock(mutex_);
            results_.push_back(std::move(result));
            changed_.notify_all();
        };
    }
    std::vector<DialResult>& wait_for(std::size_t count) {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return results_.size() >= count; });
        return results_;
    }
    std::size_t count() {
        const std::lock_guard lock(mutex_);
        return results_.size();
    }

  private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<DialResult> results_;
};

class PostgresqlDialer : public ::testing::Test {
  protected:
    DialFailure failure_of(DialRequest request) {
        const DialResult result = dial_and_wait(*dialer_, std::move(request));
        EXPECT_FALSE(result);
        return result ? DialFailure{} : result.error();
    }
    PostgresqlServer& server_ = PostgresqlServer::instance();
    std::unique_ptr<Dialer> dialer_ = make_postgresql_dialer(server_.upstream());
};

TEST_F(PostgresqlDialer, gives_a_working_connection_with_what_the_server_reported) {
    const DialResult result = dial_and_wait(*dialer_, PostgresqlServer::request());
    ASSERT_TRUE(result) << result.error().message;
    const std::map<std::string, std::string> parameters(result->parameters.begin(),
                                                        result->parameters.end());
    EXPECT_EQ(parameters.at("application_name"), "weir tests");
    EXPECT_EQ(parameters.at("session_authorization"), "app");
    EXPECT_EQ(parameters.at("is_superuser"), "off");
    EXPECT_EQ(parameters.at("server_encoding"), ask(*result, "SHOW server_encoding"));
    EXPECT_EQ(std::to_string(result->backend_pid), ask(*result, "SELECT pg_backend_pid()"));
    EXPECT_EQ(ask(*result, "SELECT current_database()"), "shop");
    EXPECT_GT(result->took.count(), 0);
    EXPECT_NE(fcntl(result->connection->fd(), F_GETFL) & O_NONBLOCK, 0);
}

TEST_F(PostgresqlDialer, dials_over_a_unix_socket_named_by_folder_or_file) {
    const std::string port = std::to_string(server_.port());
    for (const std::string& address :
         {server_.folder() + ":" + port, server_.folder() + "/.s.PGSQL." + port}) {
        const auto dialer = make_postgresql_dialer(upstream_at(address, std::chrono::seconds(30)));
        const DialResult result = dial_and_wait(*dialer, PostgresqlServer::request());
        ASSERT_TRUE(result) << address << ": " << result.error().message;
        EXPECT_EQ(ask(*result, "SELECT inet_server_addr() IS NULL"), "t");
    }
}

TEST_F(PostgresqlDialer, resolves_a_name_and_tries_each_of_its_addresses) {
    const auto dialer = make_postgresql_dialer(
        upstream_at("localhost:" + std::to_string(server_.port()), std::chrono::seconds(30)));
    const DialResult result = dial_and_wait(*dialer, PostgresqlServer::request());
    ASSERT_TRUE(result) << result.error().message;
    EXPECT_EQ(ask(*result, "SELECT 7"), "7");
}

TEST_F(PostgresqlDialer, a_wrong_password_is_an_auth_failure_in_the_servers_words) {
    DialRequest request = PostgresqlServer::request();
    request.password = settings::Secret::of("hunter2");
    const DialFailure failure = failure_of(request);
    EXPECT_EQ(failure.reason, CreateFailure::auth);
    EXPECT_EQ(failure.sqlstate, "28P01");
    EXPECT_EQ(failure.message, "password authentication failed for user \"app\"");
}

TEST_F(PostgresqlDialer, a_missing_password_is_an_auth_failure) {
    DialRequest request = PostgresqlServer::request();
    request.password = {};
    const DialFailure failure = failure_of(request);
    EXPECT_EQ(failure.reason, CreateFailure::auth);
    EXPECT_THAT(failure.message, HasSubstr("no password supplied"));
}

TEST_F(PostgresqlDialer, a_missing_database_and_a_missing_right_belong_to_the_pool) {
    DialRequest request = PostgresqlServer::request();
    request.database = "no_such_shop";
    DialFailure failure = failure_of(request);
    EXPECT_EQ(failure.reason, CreateFailure::database);
    EXPECT_EQ(failure.sqlstate, "3D000");
    EXPECT_EQ(failure.message, "database \"no_such_shop\" does not exist");
    request.database = "template1";
    failure = failure_of(request);
    EXPECT_EQ(failure.reason, CreateFailure::database);
    EXPECT_EQ(failure.sqlstate, "42501");
}

TEST_F(PostgresqlDialer, a_full_server_is_too_many) {
    Answers answers;
    constexpr std::size_t dials = PostgresqlServer::max_connections + 5;
    for (std::size_t i = 0; i < dials; ++i)
        dialer_->dial(PostgresqlServer::request(), answers.taker());
    std::size_t refused = 0;
    for (const DialResult& result : answers.wait_for(dials)) {
        if (result) continue;
        ++refused;
        EXPECT_EQ(result.error().reason, CreateFailure::too_many);
        EXPECT_EQ(result.error().sqlstate, "53300");
    }
    EXPECT_GE(refused, 5u);
}

TEST_F(PostgresqlDialer, search_path_and_options_hold_from_the_start_whatever_they_contain) {
    DialRequest request = PostgresqlServer::request();
    request.search_path = "\"Tenant One\", public";
    request.options = {{"DateStyle", "German, DMY"},
                       {"TimeZone", "Asia/Tokyo"},
                       {"client_encoding", "LATIN1"},
                       {"weir.note", "a \\ b' -c is_superuser=on"},
                       {"work_mem", "2MB"}};
    const DialResult result = dial_and_wait(*dialer_, request);
    ASSERT_TRUE(result) << result.error().message;
    EXPECT_EQ(ask(*result, "SELECT current_schema()"), "Tenant One");
    EXPECT_EQ(ask(*result, "SHOW search_path"), "\"Tenant One\", public");
    EXPECT_EQ(ask(*result, "SHOW DateStyle"), "German, DMY");
    EXPECT_EQ(ask(*result, "SHOW TimeZone"), "Asia/Tokyo");
    EXPECT_EQ(ask(*result, "SHOW client_encoding"), "LATIN1");
    EXPECT_EQ(ask(*result, "SHOW weir.note"), "a \\ b' -c is_superuser=on");
    EXPECT_EQ(ask(*result, "SHOW work_mem"), "2MB");
    // They are the session's defaults: what RESET ALL and DISCARD ALL return to.
    EXPECT_EQ(ask(*result, "RESET ALL"), "");
    EXPECT_EQ(ask(*result, "SELECT current_schema()"), "Tenant One");
}

TEST_F(PostgresqlDialer, a_refused_option_belongs_to_the_pool) {
    DialRequest request = PostgresqlServer::request();
    request.options = {{"no_such_setting", "1"}};
    const DialFailure failure = failure_of(request);
    EXPECT_EQ(failure.reason, CreateFailure::database);
    EXPECT_EQ(failure.sqlstate, "42704");
}

TEST_F(PostgresqlDialer, the_environment_does_not_interfere) {
    for (const auto& [name, value] :
         std::map<std::string, std::string>{{"PGHOST", "192.0.2.1"},
                                            {"PGHOSTADDR", "192.0.2.1"},
                                            {"PGPORT", "1"},
                                            {"PGOPTIONS", "-c no_such_setting=1"},
                                            {"PGSERVICE", "nobody"},
                                            {"PGTZ", "Asia/Tokyo"},
                                            {"PGDATESTYLE", "German"},
                                            {"PGCLIENTENCODING", "LATIN1"},
                                            {"PGAPPNAME", "stranger"},
                                            {"PGSSLMODE", "verify-full"},
                                            {"PGTARGETSESSIONATTRS", "read-only"},
                                            {"PGPASSWORD", "app's \\ secret"}}) {
        setenv(name.c_str(), value.c_str(), 1);
    }
    dialer_ = make_postgresql_dialer(server_.upstream());
    DialRequest request = PostgresqlServer::request();
    request.application_name.clear();
    const DialResult result = dial_and_wait(*dialer_, request);
    ASSERT_TRUE(result) << result.error().message;
    EXPECT_EQ(ask(*result, "SHOW application_name"), "");
    EXPECT_EQ(ask(*result, "SELECT count(*) FROM pg_settings WHERE source = 'client'"), "0");
    request.password = {};
    EXPECT_EQ(failure_of(request).reason, CreateFailure::auth);
}

TEST_F(PostgresqlDialer, a_closed_connection_leaves_the_server) {
    DialResult result = dial_and_wait(*dialer_, PostgresqlServer::request());
    DialResult watcher = dial_and_wait(*dialer_, PostgresqlServer::request());
    ASSERT_TRUE(result && watcher);
    const std::string gone =
        "SELECT count(*) FROM pg_stat_activity WHERE pid = " + std::to_string(result->backend_pid);
    EXPECT_EQ(ask(*watcher, gone), "1");
    result->connection.reset();
    // The server's view follows at its own pace; a connection that stayed open would stay for ever.
    while (ask(*watcher, gone) != "0") {
    }
}

TEST_F(PostgresqlDialer, the_address_that_answered_is_told) {
    auto upstream = server_.upstream();
    const std::string answering = upstream.address;
    upstream.address = "127.0.0.1:1, " + answering;
    const auto dialer = make_postgresql_dialer(upstream);
    const DialResult result = dial_and_wait(*dialer, PostgresqlServer::request());
    ASSERT_TRUE(result) << result.error().message;
    EXPECT_EQ(result->address, answering);
}

TEST_F(PostgresqlDialer, an_address_that_says_nothing_is_passed_over_and_tried_last_from_then_on) {
    const SilentServer silent;
    auto upstream = server_.upstream();
    const std::string answering = upstream.address;
    upstream.address = silent.address() + "," + answering;
    upstream.connect_timeout = std::chrono::seconds(2);
    const auto dialer = make_postgresql_dialer(upstream);
    const DialResult first = dial_and_wait(*dialer, PostgresqlServer::request());
    ASSERT_TRUE(first) << first.error().message;
    EXPECT_EQ(first->address, answering);
    EXPECT_TRUE(silent.somebody_waits(0)) << "it had its chance";
    const auto dialed = silent.accept();
    ASSERT_TRUE(dial_and_wait(*dialer, PostgresqlServer::request()));
    EXPECT_FALSE(silent.somebody_waits(0)) << "the other one comes first now";
}

TEST(PostgresqlDialerWithoutServer, addresses_that_all_say_nothing_share_the_limit) {
    const SilentServer one, other;
    const auto dialer = make_postgresql_dialer(
        upstream_at(one.address() + "," + other.address(), std::chrono::milliseconds(200)));
    const DialResult result = dial_and_wait(*dialer, PostgresqlServer::request());
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().reason, CreateFailure::timeout);
    EXPECT_TRUE(one.somebody_waits(0) && other.somebody_waits(0));
}

TEST(PostgresqlDialerWithoutServer, a_port_where_nobody_listens_is_refused) {
    SilentServer server;
    const std::string address = server.address();
    server.stop_listening();
    const auto dialer = make_postgresql_dialer(upstream_at(address, std::chrono::seconds(30)));
    const DialResult result = dial_and_wait(*dialer, PostgresqlServer::request());
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().reason, CreateFailure::refused);
    EXPECT_EQ(result.error().sqlstate, "");
    EXPECT_THAT(result.error().message, HasSubstr("Connection refused"));
    EXPECT_THAT(result.error().message, Not(HasSubstr("\n")));
}

TEST(PostgresqlDialerWithoutServer, a_missing_unix_socket_is_refused) {
    const auto dialer =
        make_postgresql_dialer(upstream_at("/nonexistent/.s.PGSQL.5432", std::chrono::seconds(30)));
    const DialResult result = dial_and_wait(*dialer, PostgresqlServer::request());
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().reason, CreateFailure::refused);
}

TEST(PostgresqlDialerWithoutServer, a_server_that_never_answers_times_out_at_our_deadline) {
    const SilentServer server;
    const auto limit = std::chrono::milliseconds(150);
    const auto dialer = make_postgresql_dialer(upstream_at(server.address(), limit));
    const auto begun = base::Clock::now();
    const DialResult result = dial_and_wait(*dialer, PostgresqlServer::request());
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().reason, CreateFailure::timeout);
    EXPECT_THAT(result.error().message, HasSubstr("did not answer within 0.15 s"));
    EXPECT_GE(base::Clock::now() - begun, limit);
}

TEST(PostgresqlDialerWithoutServer, a_name_that_does_not_exist_is_a_dns_failure) {
    const auto dialer =
        make_postgresql_dialer(upstream_at("no.such.host.invalid:5432", std::chrono::seconds(60)));
    const DialResult result = dial_and_wait(*dialer, PostgresqlServer::request());
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().reason, CreateFailure::dns);
    EXPECT_THAT(result.error().message, HasSubstr("no.such.host.invalid"));
}

TEST(PostgresqlDialerWithoutServer, a_peer_that_speaks_something_else_is_a_protocol_failure) {
    const SilentServer server;
    const auto dialer =
        make_postgresql_dialer(upstream_at(server.address(), std::chrono::seconds(30)));
    Answers answers;
    dialer->dial(PostgresqlServer::request(), answers.taker());
    const base::Fd peer = server.accept();
    const std::string_view greeting = "HTTP/1.1 400 Bad Request\r\n\r\n";
    ASSERT_EQ(send(peer.get(), greeting.data(), greeting.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(greeting.size()));
    const DialResult& result = answers.wait_for(1).front();
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().reason, CreateFailure::protocol);
}

TEST(PostgresqlDialerWithoutServer, an_unreadable_password_file_is_an_auth_failure_of_that_tenant) {
    const auto dialer =
        make_postgresql_dialer(upstream_at("127.0.0.1:1", std::chrono::seconds(30)));
    DialRequest request = PostgresqlServer::request();
    request.password = settings::Secret::in_file("/nonexistent/{tenant}");
    request.tenant = "acme";
    const DialResult result = dial_and_wait(*dialer, request);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().reason, CreateFailure::auth);
    EXPECT_THAT(result.error().message, HasSubstr("acme"));
}

TEST(PostgresqlDialerWithoutServer, at_most_eight_are_in_flight_and_the_rest_follow_in_order) {
    const SilentServer server;
    const auto dialer =
        make_postgresql_dialer(upstream_at(server.address(), std::chrono::seconds(60)));
    Answers answers;
    constexpr std::size_t dials = 20;
    for (std::size_t i = 0; i < dials; ++i)
        dialer->dial(PostgresqlServer::request(), answers.taker());
    std::vector<base::Fd> open;
    for (std::size_t accepted = 0; accepted < dials; ++accepted) {
        if (open.size() == 8) {
            EXPECT_FALSE(server.somebody_waits(20)) << "a ninth was dialed";
            open.erase(open.begin());  // hangs up on the oldest: the next one's turn
        }
        open.push_back(server.accept());
        ASSERT_TRUE(open.back());
    }
    open.clear();
    for (const DialResult& result : answers.wait_for(dials)) {
        ASSERT_FALSE(result);
        EXPECT_EQ(result.error().reason, CreateFailure::refused);
        EXPECT_THAT(result.error().message, HasSubstr("closed the connection unexpectedly"));
    }
}

TEST(PostgresqlDialerWithoutServer, a_dialer_that_dies_abandons_what_is_in_flight_and_queued) {
    const SilentServer server;
    Answers answers;
    auto dialer = make_postgresql_dialer(upstream_at(server.address(), std::chrono::hours(1)));
    for (int i = 0; i < 12; ++i) dialer->dial(PostgresqlServer::request(), answers.taker());
    const base::Fd peer = server.accept();
    dialer.reset();
    EXPECT_EQ(answers.count(), 0u);
    std::array<char, 4096> rest{};
    ssize_t got = 0;
    while ((got = read(peer.get(), rest.data(), rest.size())) > 0) {
    }
    EXPECT_EQ(got, 0) << "the connection was not closed";
}

TEST(PostgresqlDialerWithoutServer, a_dialer_that_is_never_used_starts_and_ends) {
    EXPECT_NE(make_postgresql_dialer(upstream_at("127.0.0.1:1", std::chrono::seconds(1))), nullptr);
}

}  // namespace
}  // namespace weir::upstream
