#include "wire/redis/reply_scanner.h"

#include <gtest/gtest.h>

#include <string>

namespace weir::wire::redis {
namespace {

using Status = ReplyScanner::Status;

struct Seen {
    char type = 0;
    std::string bytes;
    std::optional<std::int64_t> integer;
    bool operator==(const Seen&) const = default;
};

// Feeds `stream` in chunks of `size` and puts the pieces together again.
std::vector<Seen> scan(std::string_view stream, std::size_t size) {
    ReplyScanner scanner;
    std::vector<Seen> seen;
    for (std::size_t at = 0; at < stream.size(); at += size) {
        std::string_view chunk = stream.substr(at, size);
        ReplyPiece piece;
        Status status = Status::need_more;
        while ((status = scanner.next(chunk, piece)) == Status::piece) {
            if (piece.first) seen.push_back({piece.type, {}, {}});
            EXPECT_EQ(piece.type, seen.back().type);
            seen.back().bytes += piece.bytes;
            seen.back().integer = piece.integer;
            EXPECT_EQ(piece.last, scanner.between_replies());
        }
        EXPECT_EQ(status, Status::need_more);
        EXPECT_TRUE(chunk.empty());
    }
    EXPECT_TRUE(scanner.between_replies());
    return seen;
}

bool invalid(std::string_view stream) {
    ReplyScanner scanner;
    ReplyPiece piece;
    for (const char& byte : stream) {
        std::string_view chunk(&byte, 1);
        if (scanner.next(chunk, piece) == Status::invalid) {
            chunk = "+OK\r\n";
            return scanner.next(chunk, piece) == Status::invalid;
        }
    }
    return false;
}

class EveryReply : public testing::TestWithParam<std::string> {};

TEST_P(EveryReply, ends_where_it_ends_however_it_is_cut) {
    const std::string& reply = GetParam();
    const std::string stream = "+OK\r\n" + reply + ":7\r\n";
    for (std::size_t size = 1; size <= stream.size(); ++size) {
        const std::vector<Seen> seen = scan(stream, size);
        ASSERT_EQ(seen.size(), 3U) << size;
        EXPECT_EQ(seen[1].bytes, reply) << size;
        EXPECT_EQ(seen[1].type, reply.front());
        EXPECT_EQ(seen[2].integer, 7);
    }
}

INSTANTIATE_TEST_SUITE_P(
    types, EveryReply,
    testing::Values(
        "+\r\n", "-ERR no\r\n", ":-12\r\n", "$-1\r\n", "$0\r\n\r\n", "$4\r\na\r\nb\r\n", "*-1\r\n",
        "*0\r\n", "*2\r\n$1\r\na\r\n:1\r\n", "*2\r\n*0\r\n*1\r\n*1\r\n+x\r\n", "_\r\n", "#t\r\n",
        ",3.14159265358979\r\n",
        "(3492890328409238509324850943850943825024385349289032840923850932485094385094382"
        "5024385\r\n",
        "!5\r\nERR x\r\n", "=7\r\ntxt:abc\r\n", "%0\r\n",
        "%2\r\n+a\r\n:1\r\n+b\r\n*2\r\n:2\r\n:3\r\n", "~2\r\n+a\r\n+b\r\n",
        ">3\r\n+message\r\n+c\r\n$1\r\nx\r\n", "|1\r\n+ttl\r\n:3\r\n$1\r\nv\r\n",
        "*2\r\n|1\r\n+a\r\n*1\r\n:0\r\n:1\r\n|0\r\n:2\r\n",
        "$?\r\n;4\r\nab\r\n\r\n;1\r\nx\r\n;0\r\n", "*?\r\n:1\r\n*?\r\n.\r\n.\r\n",
        "%?\r\n+a\r\n$?\r\n;0\r\n.\r\n", "~?\r\n.\r\n"));

TEST(ReplyScanner, the_last_integer_of_a_confirmation_is_told) {
    const auto seen = scan("*3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:2\r\n", 5);
    EXPECT_EQ(seen[0].integer, 2);
    EXPECT_EQ(scan("*3\r\n:1\r\n:2\r\n$1\r\nx\r\n", 100)[0].integer, std::nullopt);
}

TEST(ReplyScanner, what_is_no_reply_is_invalid_for_good) {
    for (const char* stream :
         {"x\r\n", "\r\n", "$x\r\n", "$-2\r\n", "*-2\r\n", ":\r\n", ":1x\r\n", "*1\r\n.\r\n",
          ".\r\n", "$?\r\n:1\r\n", "*99999999999999\r\n", "|?\r\n", "\n"}) {
        EXPECT_TRUE(invalid(stream)) << stream;
    }
}

TEST(ReplyScanner, nesting_has_a_limit_and_length_has_none) {
    std::string deep;
    for (std::size_t i = 0; i < ReplyScanner::deepest + 1; ++i) deep += "*1\r\n";
    EXPECT_TRUE(invalid(deep));
    ReplyScanner scanner;
    ReplyPiece piece;
    std::string_view header = "$1000000000\r\n";
    ASSERT_EQ(scanner.next(header, piece), Status::piece);
    const std::string chunk(1'000'000, 'x');
    for (int i = 0; i < 1000; ++i) {
        std::string_view bytes = chunk;
        ASSERT_EQ(scanner.next(bytes, piece), Status::piece);
        EXPECT_FALSE(piece.last);
    }
    std::string_view end = "\r\n";
    ASSERT_EQ(scanner.next(end, piece), Status::piece);
    EXPECT_TRUE(piece.last);
}

}  // namespace
}  // namespace weir::wire::redis
