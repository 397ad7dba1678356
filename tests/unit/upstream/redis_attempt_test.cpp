#include "upstream/redis_attempt.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>

#include "upstream/silent_server.h"

namespace weir::upstream {
namespace {

using telemetry::CreateFailure;
using ::testing::HasSubstr;

DialResult dial(const std::string& address, const std::string& password = {}, bool resp3 = false) {
    settings::Upstream upstream;
    upstream.address = address;
    upstream.connect_timeout = std::chrono::milliseconds(300);
    DialRequest request;
    request.database = "3";
    request.user = "app";
    request.resp3 = resp3;
    request.password = settings::Secret::of(password);
    std::promise<DialResult> told;
    auto answer = told.get_future();
    const auto dialer = make_redis_dialer(upstream);
    dialer->dial(std::move(request),
                 [&told](DialResult result) { told.set_value(std::move(result)); });
    return answer.get();
}

// What a server says that sends `answer` to whatever it is asked, and hangs up.
DialResult dial_one_that_says(const std::string& answer) {
    testing::SilentServer server;
    auto result =
        std::async(std::launch::async, [&] { return dial(server.address(), "app-secret"); });
    {
        const base::Fd client = server.accept();
        std::array<char, 1024> asked{};
        EXPECT_GT(recv(client.get(), asked.data(), asked.size(), 0), 0);
        EXPECT_EQ(std::string_view(asked.data()),
                  "*3\r\n$4\r\nAUTH\r\n$3\r\napp\r\n$10\r\napp-secret\r\n"
                  "*2\r\n$6\r\nSELECT\r\n$1\r\n3\r\n*1\r\n$4\r\nPING\r\n");
        EXPECT_EQ(send(client.get(), answer.data(), answer.size(), MSG_NOSIGNAL),
                  static_cast<ssize_t>(answer.size()));
    }
    return result.get();
}

TEST(RedisAttempt, the_servers_words_tell_the_reason) {
    using Pair = std::pair<const char*, CreateFailure>;
    for (const auto& [text, reason] :
         {Pair{"ERR max number of clients reached", CreateFailure::too_many},
          Pair{"WRONGPASS invalid username-password pair", CreateFailure::auth},
          Pair{"NOAUTH Authentication required.", CreateFailure::auth},
          Pair{"ERR invalid password", CreateFailure::auth},
          Pair{"ERR DB index is out of range", CreateFailure::database},
          Pair{"LOADING Redis is loading the dataset in memory", CreateFailure::refused},
          Pair{"ERR something else", CreateFailure::protocol}}) {
        EXPECT_EQ(classify_redis_failure(text), reason) << text;
    }
}

TEST(RedisAttempt, a_login_that_is_answered_well_is_a_connection) {
    const DialResult result = dial_one_that_says("+OK\r\n+OK\r\n+PONG\r\n");
    ASSERT_TRUE(result) << result.error().message;
    EXPECT_GE(result->connection->fd(), 0);
    EXPECT_EQ(result->cancel, nullptr);
}

// What a server answers to HELLO 3, and to the PING behind it.
DialResult dial_one_that_greets(const std::string& answer) {
    testing::SilentServer server;
    auto result = std::async(std::launch::async, [&] { return dial(server.address(), {}, true); });
    {
        const base::Fd client = server.accept();
        std::array<char, 1024> asked{};
        for (const std::string& part : {std::string("+OK\r\n+PONG\r\n"), answer}) {
            EXPECT_GT(recv(client.get(), asked.data(), asked.size(), 0), 0);
            for (const char byte : part) EXPECT_EQ(send(client.get(), &byte, 1, MSG_NOSIGNAL), 1);
        }
        EXPECT_EQ(std::string_view(asked.data(), 10), "*2\r\n$5\r\nHE");
    }
    return result.get();
}

TEST(RedisAttempt, a_server_shows_by_its_greeting_whether_it_speaks_resp3) {
    const DialResult speaks = dial_one_that_greets(
        "%2\r\n$5\r\nproto\r\n:3\r\n$7\r\nmodules\r\n*1\r\n%1\r\n$1\r\na\r\n$1\r\nb\r\n+PONG\r\n");
    ASSERT_TRUE(speaks) << speaks.error().message;
    EXPECT_TRUE(speaks->resp3);
    const DialResult speaks_not = dial_one_that_greets("-ERR unknown command `HELLO`\r\n+PONG\r\n");
    ASSERT_TRUE(speaks_not) << speaks_not.error().message;
    EXPECT_FALSE(speaks_not->resp3);
    const DialResult odd = dial_one_that_greets("*0\r\n+PONG\r\n");
    ASSERT_FALSE(odd);
    EXPECT_EQ(odd.error().reason, CreateFailure::protocol);
}

TEST(RedisAttempt, each_refusal_is_told_by_its_reason) {
    const DialResult account = dial_one_that_says("-WRONGPASS no\r\n-NOAUTH\r\n-NOAUTH\r\n");
    ASSERT_FALSE(account);
    EXPECT_EQ(account.error().reason, CreateFailure::auth);
    EXPECT_EQ(account.error().message, "WRONGPASS no");
    const DialResult database = dial_one_that_says("+OK\r\n-ERR what\r\n+PONG\r\n");
    ASSERT_FALSE(database);
    EXPECT_EQ(database.error().reason, CreateFailure::database);
    const DialResult full = dial_one_that_says("-ERR max number of clients reached\r\n");
    ASSERT_FALSE(full);
    EXPECT_EQ(full.error().reason, CreateFailure::too_many);
    const DialResult other = dial_one_that_says("HTTP/1.1 400 Bad Request\r\n");
    ASSERT_FALSE(other);
    EXPECT_EQ(other.error().reason, CreateFailure::protocol);
    const DialResult more = dial_one_that_says("+OK\r\n+OK\r\n+PONG\r\n+MORE\r\n");
    ASSERT_FALSE(more);
    EXPECT_EQ(more.error().reason, CreateFailure::protocol);
}

TEST(RedisAttempt, a_server_without_auth_does_not_bring_the_password_into_the_message) {
    const DialResult result = dial_one_that_says(
        "-ERR unknown command 'AUTH', with args beginning with: 'app' 'app-secret' \r\n");
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().reason, CreateFailure::auth);
    EXPECT_EQ(result.error().message, "ERR unknown command 'AUTH'");
}

TEST(RedisAttempt, a_server_that_says_nothing_is_given_up_in_time) {
    const testing::SilentServer server;
    const DialResult result = dial(server.address());
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().reason, CreateFailure::timeout);
    EXPECT_THAT(result.error().message, HasSubstr("took the connection but did not answer"));
}

TEST(RedisAttempt, a_closed_port_refuses) {
    testing::SilentServer server;
    const std::string address = server.address();
    server.stop_listening();
    const DialResult result = dial(address);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().reason, CreateFailure::refused);
}

}  // namespace
}  // namespace weir::upstream
