#include "collectors/otlp/answer.h"

#include <gtest/gtest.h>

namespace weir::collectors::otlp {
namespace {

using settings::TraceProtocol;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr auto json = TraceProtocol::http_json;
constexpr auto protobuf = TraceProtocol::http_protobuf;

Meaning of(long status) { return meaning({status, "", "", std::nullopt}); }

TEST(Answer, only_four_statuses_and_a_lost_connection_are_tried_again) {
    for (const long status : {0L, 429L, 502L, 503L, 504L}) {
        EXPECT_EQ(of(status), Meaning::later) << status;
    }
    for (const long status : {200L, 202L, 204L}) EXPECT_EQ(of(status), Meaning::taken) << status;
    for (const long status : {400L, 401L, 404L, 408L, 413L}) {
        EXPECT_EQ(of(status), Meaning::refused) << status;
    }
    for (const long status : {302L, 307L, 500L, 501L, 505L}) {
        EXPECT_EQ(of(status), Meaning::broken_down) << status;
    }
}

TEST(Answer, rests_double_up_to_a_limit_and_are_spread) {
    EXPECT_EQ(retry_pause(1, std::nullopt, 0.5), milliseconds(500));
    EXPECT_EQ(retry_pause(2, std::nullopt, 0.5), milliseconds(1000));
    EXPECT_EQ(retry_pause(5, std::nullopt, 0.5), milliseconds(8000));
    EXPECT_EQ(retry_pause(1'000'000, std::nullopt, 0.5), milliseconds(8000));
    EXPECT_EQ(retry_pause(1, std::nullopt, 0), milliseconds(250));
    EXPECT_EQ(retry_pause(1, std::nullopt, 1), milliseconds(750));
}

TEST(Answer, rest_that_the_collector_asks_for_is_kept_within_an_hour) {
    EXPECT_EQ(retry_pause(1, seconds(7), 0.5), seconds(7));
    EXPECT_EQ(retry_pause(5, seconds(1), 0.5), milliseconds(8000));
    EXPECT_EQ(retry_pause(1, seconds(-3), 0.5), milliseconds(500));
    EXPECT_EQ(retry_pause(1, seconds(1'000'000), 0.5), seconds(3600));
}

TEST(Answer, full_success_rejects_nothing) {
    EXPECT_EQ(partial_success("", protobuf).rejected, 0U);
    EXPECT_EQ(partial_success("", json).rejected, 0U);
    EXPECT_EQ(partial_success("{}", json).rejected, 0U);
    EXPECT_EQ(partial_success(R"({"partialSuccess":{}})", json).message, "");
}

TEST(Answer, partial_success_is_read_from_json_with_a_number_or_a_text) {
    for (const char* rejected : {"3", "\"3\""}) {
        const auto found = partial_success(std::string(R"({"partialSuccess":{"rejectedSpans":)") +
                                               rejected + R"(,"errorMessage":"too old"}})",
                                           json);
        EXPECT_EQ(found.rejected, 3U);
        EXPECT_EQ(found.message, "too old");
    }
}

TEST(Answer, partial_success_is_read_from_protobuf_beside_unknown_fields) {
    using namespace std::string_literals;
    // 15: fixed64, 14: fixed32; partial_success 1 { rejected_spans 1: 300, error_message 2: "old" }
    const std::string body = "\x79"s + std::string(8, 'x') + "\x75" + std::string(4, 'x') +
                             "\x0a\x08\x08\xac\x02\x12\x03old";
    const auto found = partial_success(body, protobuf);
    EXPECT_EQ(found.rejected, 300U);
    EXPECT_EQ(found.message, "old");
}

TEST(Answer, whatever_a_collector_answers_is_read_without_harm) {
    using namespace std::string_literals;
    const std::string minus_one = "\x0a\x0b\x08"s + std::string(9, '\xff') + "\x01";
    EXPECT_EQ(partial_success(minus_one, protobuf).rejected, 0U);
    const std::string whole = "\x0a\x08\x08\xac\x02\x12\x03old";
    for (std::size_t length = 0; length < whole.size(); ++length) {
        EXPECT_EQ(partial_success(whole.substr(0, length), protobuf).rejected, 0U) << length;
    }
    EXPECT_EQ(partial_success(std::string(100, '\xff'), protobuf).rejected, 0U);
    EXPECT_EQ(partial_success("\x0b"s, protobuf).rejected, 0U);
    for (const char* body : {"<html>", "[]", "{", R"({"partialSuccess":7})",
                             R"({"partialSuccess":{"rejectedSpans":[]}})",
                             R"({"partialSuccess":{"rejectedSpans":-1}})",
                             R"({"partialSuccess":{"rejectedSpans":"x"}})"}) {
        EXPECT_EQ(partial_success(body, json).rejected, 0U) << body;
    }
}

}  // namespace
}  // namespace weir::collectors::otlp
