#include "wire/redis/request_scanner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weir::wire::redis {
namespace request_scanner_test {

using testing::ElementsAre;
using Status = RequestScanner::Status;
using Words = std::vector<std::string>;

std::string array(const std::vector<std::string_view>& words) {
    std::string bytes;
    append_request(bytes, words);
    return bytes;
}

Words words_of(const Request& request) {
    return {request.arguments.begin(), request.arguments.end()};
}

// The requests of a stream that comes in chunks of `size`, gathered as a session does.
std::vector<Words> scan(std::string_view stream, std::size_t size) {
    RequestScanner scanner{{}};
    std::vector<Words> seen;
    std::string buffer;
    for (std::size_t at = 0; at < stream.size(); at += size) {
        buffer += stream.substr(at, size);
        Request request;
        while (scanner.next(buffer, request) == Status::request) {
            seen.push_back(words_of(request));
            buffer.erase(0, request.taken);
        }
    }
    EXPECT_EQ(buffer, "");
    EXPECT_EQ(scanner.error(), "");
    return seen;
}

std::string refused(std::string_view bytes, RequestScanner::Limits limits = {}) {
    RequestScanner scanner(limits);
    Request request;
    EXPECT_EQ(scanner.next(bytes, request), Status::invalid) << bytes;
    EXPECT_EQ(scanner.next("PING\r\n", request), Status::invalid) << "for good";
    return std::string(scanner.error());
}

TEST(RequestScanner, any_cut_of_a_stream_gives_the_same_requests) {
    const std::string stream = array({"SET", "k", std::string_view("a\r\n\0b", 5)}) +
                               "PING\r\n*0\r\n*-1\r\n\r\n" + array({"GET", ""}) +
                               "  set  'a b' \"c\\x41\\n\"\n";
    const std::vector<Words> whole = scan(stream, stream.size());
    EXPECT_THAT(whole,
                ElementsAre(Words{"SET", "k", std::string("a\r\n\0b", 5)}, Words{"PING"}, Words{},
                            Words{}, Words{}, Words{"GET", ""}, Words{"set", "a b", "cA\n"}));
    for (std::size_t size = 1; size < 9; ++size) EXPECT_EQ(scan(stream, size), whole) << size;
}

TEST(RequestScanner, a_clients_own_bytes_are_passed_on_and_inline_commands_become_arrays) {
    RequestScanner scanner{{}};
    Request request;
    const std::string sent = array({"GET", "k"});
    const std::string two = sent + "PING\r\n";
    ASSERT_EQ(scanner.next(two, request), Status::request);
    EXPECT_EQ(request.bytes, sent);
    EXPECT_EQ(request.taken, sent.size());
    ASSERT_EQ(scanner.next("get  'k'\r\n", request), Status::request);
    EXPECT_EQ(request.bytes, array({"get", "k"}));
    EXPECT_EQ(request.taken, 10U);
}

TEST(RequestScanner, inline_quotes_are_read_as_redis_reads_them) {
    EXPECT_THAT(scan("a 'it\\'s' \"\\\"\" \"\\xzz\" x\"y\"\n", 100),
                ElementsAre(Words{"a", "it's", "\"", "xzz", "xy"}));
    EXPECT_EQ(refused("a 'b\r\n"), "Protocol error: unbalanced quotes in request");
    EXPECT_EQ(refused("a \"b\"c\r\n"), "Protocol error: unbalanced quotes in request");
}

TEST(RequestScanner, numbers_that_a_server_would_refuse_are_refused_here) {
    for (const char* bytes :
         {"*01\r\n", "*-0\r\n", "*+1\r\n", "*\r\n", "*1a\r\n", "*99999999999999999999\r\n",
          "*1\n\r\n", "*1048577\r\n", "*11111111111111111111111111"}) {
        EXPECT_EQ(refused(bytes), "Protocol error: invalid multibulk length") << bytes;
    }
    for (const char* bytes : {"*1\r\n$-1\r\n", "*1\r\n$007\r\n", "*1\r\n:1\r\n", "*1\r\n$x\r\n",
                              "*1\r\n$536870913\r\n"}) {
        EXPECT_EQ(refused(bytes), "Protocol error: invalid bulk length") << bytes;
    }
    EXPECT_NE(refused("*1\r\n$1\r\nab\r\n"), "");
}

TEST(RequestScanner, a_browser_is_sent_away) {
    EXPECT_EQ(refused("POST / HTTP/1.1\r\n"), "Protocol error: this is not a web server");
    EXPECT_EQ(refused("host: here\r\n"), "Protocol error: this is not a web server");
}

TEST(RequestScanner, an_endless_line_is_refused) {
    EXPECT_EQ(refused(std::string(RequestScanner::longest_inline + 1, 'x')),
              "Protocol error: too big inline request");
}

TEST(RequestScanner, little_may_be_asked_for_before_login) {
    EXPECT_NE(refused("*11\r\n", RequestScanner::before_login), "");
    EXPECT_NE(refused("*2\r\n$4\r\nAUTH\r\n$16385\r\n", RequestScanner::before_login), "");
    const std::string most = array({"AUTH", std::string(16384, 'u'), std::string(16384, 'p')});
    RequestScanner scanner(RequestScanner::before_login);
    Request request;
    EXPECT_EQ(scanner.next(most, request), Status::request);
}

class LongRequest : public testing::TestWithParam<std::size_t> {};

TEST_P(LongRequest, is_told_by_its_first_words_and_passed_to_its_end) {
    const std::string sent =
        array({"MSET", "a", std::string(40'000, 'x'), "b", "", "c", std::string(50'000, '\n')});
    const std::string stream = sent + array({"PING"});
    RequestScanner scanner{{}};
    Request request;
    std::string buffer, passed;
    std::size_t at = 0;
    Status status = Status::need_more;
    while (status == Status::need_more) {
        ASSERT_LT(at, stream.size());
        buffer += stream.substr(at, GetParam());
        at += GetParam();
        status = scanner.next(buffer, request);
    }
    ASSERT_EQ(status, Status::long_request);
    EXPECT_THAT(words_of(request), ElementsAre("MSET", "a"));
    EXPECT_LE(request.taken, RequestScanner::Limits().gathered);
    passed = request.bytes;
    std::string rest = buffer.substr(request.taken);
    while (scanner.passing()) {
        const std::size_t taken = scanner.pass(rest);
        passed += rest.substr(0, taken);
        rest.erase(0, taken);
        if (!scanner.passing()) break;
        ASSERT_TRUE(rest.empty());
        ASSERT_LT(at, stream.size());
        rest = stream.substr(at, GetParam());
        at += GetParam();
    }
    EXPECT_TRUE(passed == sent);
    if (at < stream.size()) rest += stream.substr(at);
    ASSERT_EQ(scanner.next(rest, request), Status::request);
    EXPECT_THAT(words_of(request), ElementsAre("PING"));
}

INSTANTIATE_TEST_SUITE_P(chunks, LongRequest, testing::Values(1, 7, 4096, 1'000'000));

TEST(RequestScanner, a_long_request_is_told_again_until_it_is_passed) {
    RequestScanner scanner{{}};
    Request request;
    const std::string start = "*2\r\n$11\r\nUNSUBSCRIBE\r\n$40000\r\n";
    for (const std::string more : {"", "xxx", "xxxxxx"}) {
        const std::string buffer = start + more;
        ASSERT_EQ(scanner.next(buffer, request), Status::long_request);
        EXPECT_THAT(words_of(request), ElementsAre("UNSUBSCRIBE"));
        EXPECT_EQ(request.taken, start.size());
    }
    EXPECT_EQ(scanner.pass(std::string(40'000, 'x') + "\r\nPING"), 40'002U);
    EXPECT_FALSE(scanner.passing());
}

TEST(RequestScanner, a_broken_header_within_a_long_request_is_an_error) {
    RequestScanner scanner{{}};
    Request request;
    const std::string start = "*3\r\n$3\r\nSET\r\n$40000\r\n";
    ASSERT_EQ(scanner.next(start, request), Status::long_request);
    EXPECT_EQ(scanner.pass(std::string(40'000, 'x') + "\r\n"), 40'002U);
    (void)scanner.pass("$01\r\n");
    EXPECT_EQ(scanner.error(), "Protocol error: invalid bulk length");
    EXPECT_TRUE(scanner.passing());
}

}  // namespace request_scanner_test
}  // namespace weir::wire::redis
