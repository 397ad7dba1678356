#include "wire/trace_parent.h"

#include <gtest/gtest.h>

namespace weir::wire {
namespace {

const std::string traced = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const TraceParent parent{0x0af7651916cd43dd, 0x8448eb211c80319c, 0xb7ad6b7169203331, true};

std::string comment(const std::string& value) { return "/*traceparent='" + value + "'*/"; }

std::optional<TraceParent> found(const std::string& statement) {
    const auto trace = find_trace(statement);
    return trace ? std::optional(trace->parent) : std::nullopt;
}

TEST(Traceparent, is_read_as_the_specification_writes_it) {
    EXPECT_EQ(read_traceparent(traced), parent);
    TraceParent unsampled = parent;
    unsampled.sampled = false;
    EXPECT_EQ(read_traceparent(traced.substr(0, 53) + "00"), unsampled);
    EXPECT_EQ(read_traceparent(traced.substr(0, 53) + "02"), unsampled);  // a flag of later levels
    EXPECT_EQ(read_traceparent(traced.substr(0, 53) + "03"), parent);
}

TEST(Traceparent, of_a_later_version_may_go_on_behind_a_dash) {
    const std::string later = "cc" + traced.substr(2);
    EXPECT_EQ(read_traceparent(later), parent);
    EXPECT_EQ(read_traceparent(later + "-what-the-future-brings"), parent);
    EXPECT_EQ(read_traceparent(later + "."), std::nullopt);
    EXPECT_EQ(read_traceparent(traced + "-more"), std::nullopt);
    EXPECT_EQ(read_traceparent("ff" + traced.substr(2)), std::nullopt);
}

TEST(Traceparent, that_is_not_exactly_one_is_none) {
    for (std::size_t size = 0; size < traced.size(); ++size) {
        EXPECT_EQ(read_traceparent(traced.substr(0, size)), std::nullopt) << size;
    }
    for (std::size_t i = 0; i < traced.size(); ++i) {
        for (const char c : {'G', 'g', 'A', ' ', '\0', '\'', '_'}) {
            std::string wrong = traced;
            wrong[i] = c;
            EXPECT_EQ(read_traceparent(wrong), std::nullopt) << i << c;
        }
    }
    EXPECT_EQ(read_traceparent("00-00000000000000000000000000000000-b7ad6b7169203331-01"),
              std::nullopt);
    EXPECT_EQ(read_traceparent("00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01"),
              std::nullopt);
    EXPECT_EQ(
        read_traceparent("00-00000000000000018448eb211c80319c-b7ad6b7169203331-01").has_value(),
        true);
}

TEST(TraceComment, is_found_at_either_end_of_a_statement) {
    EXPECT_EQ(found("SELECT 1 " + comment(traced)), parent);
    EXPECT_EQ(found("SELECT 1 " + comment(traced) + " ; \n"), parent);
    EXPECT_EQ(found("SELECT 1 " + comment(traced) + std::string(1, '\0')), parent);
    EXPECT_EQ(found(comment(traced) + " SELECT 1"), parent);
    EXPECT_EQ(found(comment(traced) + " SELECT 1 /* that is all */"), parent);
    EXPECT_EQ(found("SELECT 1 /*action='a%2Fb',route='%2Fpolls',traceparent='" + traced +
                    "',tracestate='x%3D1'*/"),
              parent);
}

TEST(TraceComment, brings_its_state_along) {
    const auto trace =
        find_trace("SELECT 1 /*traceparent='" + traced + "',tracestate='congo%3Dt61,rojo%3D00f'*/");
    ASSERT_TRUE(trace.has_value());
    EXPECT_EQ(trace->state, "congo=t61,rojo=00f");
    EXPECT_EQ(find_trace("SELECT 1 /*traceparent='" + traced + "',tracestate='a%0Ab'*/")->state,
              "");
    EXPECT_EQ(find_trace("SELECT 1 /*traceparent='" + traced + "',tracestate='" +
                         std::string(600, 'a') + "'*/")
                  ->state,
              "");
}

TEST(TraceComment, may_be_url_encoded) {
    std::string encoded = traced;
    encoded.replace(2, 1, "%2D");
    encoded.replace(encoded.size() - 3, 1, "%2d");
    EXPECT_EQ(found("SELECT 1 " + comment(encoded)), parent);
    EXPECT_EQ(found("SELECT 1 " + comment(traced + "%2")), std::nullopt);
    EXPECT_EQ(found("SELECT 1 " + comment(traced + "%zz")), std::nullopt);
}

TEST(TraceComment, in_the_middle_or_in_a_string_is_none) {
    EXPECT_EQ(found("SELECT 1 " + comment(traced) + " + 1"), std::nullopt);
    EXPECT_EQ(found("SELECT '" + comment("00") + "'"), std::nullopt);
    EXPECT_EQ(found("SELECT 'x' " + comment(traced) + "'"), std::nullopt);
}

TEST(TraceComment, that_is_broken_is_none) {
    EXPECT_EQ(found("SELECT 1 /*xtraceparent='" + traced + "'*/"), std::nullopt);
    EXPECT_EQ(found("SELECT 1 /*traceparent=" + traced + "*/"), std::nullopt);
    EXPECT_EQ(found("SELECT 1 /*traceparent='" + traced + "*/"), std::nullopt);
    EXPECT_EQ(found("SELECT 1 /*traceparent='" + traced.substr(1) + "'*/"), std::nullopt);
    EXPECT_EQ(found("*/"), std::nullopt);
    EXPECT_EQ(found("/*"), std::nullopt);
    EXPECT_EQ(found("/*/"), std::nullopt);
    EXPECT_EQ(found(""), std::nullopt);
}

TEST(TraceComment, is_looked_for_in_a_bounded_part) {
    const std::string padding(trace_comment_limit, 'x');
    EXPECT_EQ(found("SELECT 1 /*traceparent='" + traced + "',route='" + padding + "'*/"),
              std::nullopt);
    EXPECT_EQ(found("SELECT '" + padding + "' " + comment(traced)), parent);
}

TEST(TraceComment, of_a_statement_without_one_is_ruled_out_by_its_ends) {
    EXPECT_FALSE(may_trace("SELECT /* a */ 1"));
    EXPECT_FALSE(may_trace(""));
    EXPECT_TRUE(may_trace("SELECT 1 /* a */;"));
    EXPECT_TRUE(may_trace("/* a */ SELECT 1"));
}

}  // namespace
}  // namespace weir::wire
