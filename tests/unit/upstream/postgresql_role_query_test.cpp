#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <future>

#include "upstream/postgresql_server.h"
#include "upstream/role_query.h"
#include "upstream/silent_server.h"

namespace weir::upstream {
namespace {

using ::testing::HasSubstr;
using testing::PostgresqlServer;

struct Seats final : Seat {
    explicit Seats(int seats) : free(seats) {}
    bool take() override {
        if (free == 0) return false;
        --free;
        return true;
    }
    void connected(base::Duration) override { ++connections; }
    void not_connected(bool) override { free = 1; }
    void rest(bool resting) override { rests = resting; }
    bool wanted_back() override { return wanted; }
    void closing() override {
        --connections;
        connections.notify_all();
    }
    void closed() override { ++free; }
    std::atomic<int> free, connections{0};
    std::atomic<bool> rests{false}, wanted{false};
};

settings::Auth asking(const std::string& query) {
    settings::Auth auth;
    auth.query = query;
    auth.query_user = "app";
    auth.query_password = PostgresqlServer::request().password;
    auth.query_database = "shop";
    return auth;
}

const std::string roles =
    "SELECT name, verifier FROM (VALUES ('ann', 'of ann'), ('bob', NULL)) AS t (name, verifier) "
    "WHERE name = $1";

struct RoleQueryTest : ::testing::Test {
    RoleAnswer ask(const std::string& name) {
        std::promise<RoleAnswer> promise;
        auto future = promise.get_future();
        query->ask(name, [&promise](RoleAnswer answer) { promise.set_value(std::move(answer)); });
        return future.get();
    }
    void query_with(const std::string& sql) {
        query.reset();
        auth = asking(sql);
        query = make_postgresql_role_query(upstream, auth, seats);
    }

    settings::Upstream upstream = PostgresqlServer::instance().upstream();
    settings::Auth auth;
    Seats seats{1};
    std::unique_ptr<RoleQuery> query;
};

TEST_F(RoleQueryTest, role_is_told_with_its_verifier) {
    query_with(roles);
    const auto ann = ask("ann");
    ASSERT_TRUE(ann) << ann.error().message;
    EXPECT_EQ(ann->verifier.reveal(), "of ann");
    EXPECT_FALSE(ann->unknown_by_md5);
    EXPECT_EQ(ann->unknown_iterations, 4096U);
}

TEST_F(RoleQueryTest, no_row_and_no_verifier_are_no_role) {
    query_with(roles);
    for (const char* name : {"bob", "nobody", "' OR true --", "\xff"}) {
        const auto role = ask(name);
        ASSERT_TRUE(role) << role.error().message;
        EXPECT_TRUE(role->verifier.empty()) << name;
    }
}

TEST_F(RoleQueryTest, row_of_another_name_is_no_answer) {
    query_with("SELECT $1::text || 'x', 'verifier'");
    const auto role = ask("ann");
    ASSERT_TRUE(role);
    EXPECT_TRUE(role->verifier.empty());
}

TEST_F(RoleQueryTest, query_that_fails_says_why_and_can_be_asked_again) {
    query_with("SELECT $1::text, (1 / (length($1) - 3))::text");
    const auto by_zero = ask("ann");
    ASSERT_FALSE(by_zero);
    EXPECT_THAT(by_zero.error().message, HasSubstr("division by zero"));
    EXPECT_TRUE(ask("four"));
    query_with("SELECT rolname, rolpassword FROM pg_authid WHERE rolname = $1");
    const auto refused = ask("ann");
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().message, HasSubstr("permission denied"));
    query_with("SELECT $1::text");
    const auto narrow = ask("ann");
    ASSERT_FALSE(narrow);
    EXPECT_THAT(narrow.error().message, HasSubstr("two columns"));
}

TEST_F(RoleQueryTest, connection_has_a_seat_until_it_is_gone) {
    query_with(roles);
    EXPECT_EQ(seats.free, 1);
    EXPECT_TRUE(ask("ann"));
    EXPECT_EQ(seats.free, 0);
    EXPECT_EQ(seats.connections, 1);
    query.reset();
    EXPECT_EQ(seats.free, 1);
    EXPECT_EQ(seats.connections, 0);
}

TEST_F(RoleQueryTest, seat_wanted_back_is_given_up_at_rest_and_taken_again) {
    query_with(roles);
    EXPECT_TRUE(ask("ann"));
    EXPECT_FALSE(seats.rests);
    seats.wanted = true;
    seats.connections.wait(1);
    EXPECT_TRUE(seats.rests);
    seats.wanted = false;
    EXPECT_TRUE(ask("ann"));
    EXPECT_EQ(seats.connections, 1);
}

TEST_F(RoleQueryTest, without_a_seat_nothing_is_dialed) {
    seats.free = 0;  // until it is no longer asked for
    upstream.connect_timeout = std::chrono::seconds(2);
    query_with(roles);
    const auto answer = ask("ann");
    ASSERT_FALSE(answer);
    EXPECT_THAT(answer.error().message, HasSubstr("max_connections"));
    EXPECT_TRUE(ask("ann"));
}

TEST_F(RoleQueryTest, seat_is_given_back_when_the_server_refuses) {
    auth = asking(roles);
    auth.query_password = settings::Secret::of("wrong");
    query = make_postgresql_role_query(upstream, auth, seats);
    const auto answer = ask("ann");
    ASSERT_FALSE(answer);
    EXPECT_THAT(answer.error().message, HasSubstr("password authentication failed"));
    EXPECT_EQ(seats.free, 1);
}

TEST_F(RoleQueryTest, query_that_does_not_end_is_ended) {
    upstream.connect_timeout = std::chrono::seconds(3);
    query_with("SELECT $1::text, pg_sleep(60)::text");
    const auto answer = ask("ann");
    ASSERT_FALSE(answer);
    EXPECT_THAT(answer.error().message, HasSubstr("timeout"));
}

TEST_F(RoleQueryTest, dies_while_a_silent_server_is_dialed) {
    const testing::SilentServer silent;
    upstream.address = silent.address();
    query_with(roles);
    std::atomic<bool> told = false;
    query->ask("ann", [&told](const RoleAnswer&) { told = true; });
    query.reset();
    EXPECT_FALSE(told);
    EXPECT_EQ(seats.free, 1);
}

}  // namespace
}  // namespace weir::upstream
