#include "proxy/redis_relay.h"

#include <gtest/gtest.h>

#include <string>

namespace weir::proxy {
namespace {

constexpr std::string_view mark = "0123456789abcdef";
constexpr std::string_view answer = "$16\r\n0123456789abcdef\r\n";

// What a client is passed of `stream`, which comes in pieces of `size`.
struct Passed {
    std::string text;
    unsigned answers = 0;
};
Passed pass(RedisRelay& relay, std::string_view stream, std::size_t size) {
    wire::redis::ReplyScanner scanner;
    wire::redis::ReplyPiece piece;
    Passed passed;
    for (std::size_t at = 0; at < stream.size(); at += size) {
        std::string_view chunk = stream.substr(at, size);
        while (scanner.next(chunk, piece) == wire::redis::ReplyScanner::Status::piece) {
            switch (relay.see(piece)) {
                case RedisRelay::Seen::was_not:
                    passed.text += relay.kept();
                    [[fallthrough]];
                case RedisRelay::Seen::passes:
                    passed.text += piece.bytes;
                    break;
                case RedisRelay::Seen::ours:
                    ++passed.answers;
                    break;
                case RedisRelay::Seen::may_be_ours:
                    break;
            }
        }
    }
    return passed;
}

TEST(RedisRelay, passes_everything_but_the_answer_to_its_own_question) {
    const std::string before =
        "+OK\r\n$16\r\n0123456789abcdeX\r\n$16\r\nx\r\n3456789abcdef\r\n*2\r\n$4\r\npong\r\n$"
        "0\r\n\r\n";
    const std::string after = "*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$1\r\nb\r\n" + std::string(answer);
    for (const std::string& form :
         {std::string(answer), "*2\r\n$4\r\npong\r\n" + std::string(answer)}) {
        const std::string stream = before + form + after;
        for (std::size_t size = 1; size <= stream.size(); ++size) {
            RedisRelay relay;
            relay.begin(false);
            EXPECT_NE(relay.ask(mark).find(answer), std::string::npos);
            EXPECT_TRUE(relay.asked());
            const Passed passed = pass(relay, stream, size);
            EXPECT_EQ(passed.text, before + after) << size;
            EXPECT_EQ(passed.answers, 1U) << size;
            EXPECT_FALSE(relay.asked());
        }
    }
}

TEST(RedisRelay, counts_what_is_subscribed) {
    RedisRelay relay;
    relay.begin(false);
    (void)pass(
        relay,
        "*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n*3\r\n$10\r\npsubscribe\r\n$1\r\nb\r\n:2\r\n",
        5);
    EXPECT_EQ(relay.subscriptions(), 2);
    (void)pass(relay, "*3\r\n$10\r\nssubscribe\r\n$1\r\ns\r\n:1\r\n", 5);
    EXPECT_EQ(relay.subscriptions(), 3);
    (void)pass(relay,
               "*3\r\n$12\r\npunsubscribe\r\n$1\r\nb\r\n:1\r\n*3\r\n$11\r\nunsubscribe\r\n$"
               "1\r\na\r\n:0\r\n",
               7);
    EXPECT_EQ(relay.subscriptions(), 1);
    (void)pass(relay, "*3\r\n$12\r\nsunsubscribe\r\n$-1\r\n:0\r\n", 3);
    EXPECT_EQ(relay.subscriptions(), 0);
}

TEST(RedisRelay, believes_only_pushes_where_there_are_any) {
    RedisRelay relay;
    relay.begin(true);
    (void)pass(relay, ">3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n", 100);
    EXPECT_EQ(relay.subscriptions(), 1);
    (void)pass(relay, "*3\r\n$11\r\nunsubscribe\r\n$1\r\na\r\n:0\r\n", 100);
    EXPECT_EQ(relay.subscriptions(), 1) << "a script may answer anything";
    (void)pass(relay, ">3\r\n$7\r\nmessage\r\n$1\r\na\r\n:0\r\n", 100);
    EXPECT_EQ(relay.subscriptions(), 1);
}

}  // namespace
}  // namespace weir::proxy
