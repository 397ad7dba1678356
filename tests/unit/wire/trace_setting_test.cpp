#include "wire/trace_setting.h"

#include <gtest/gtest.h>

#include <string>

namespace weir::wire {
namespace {

std::string value(std::string_view statement) {
    const auto setting = read_trace_setting(statement);
    return !setting ? "another" : setting->resets ? "reset" : std::string(setting->value);
}

TEST(TraceSetting, is_read_in_every_way_to_set_it) {
    EXPECT_EQ(value("SET weir.traceparent = '00-a'"), "00-a");
    EXPECT_EQ(value("set Session\tweir.TraceParent='00-a' ; "), "00-a");
    EXPECT_EQ(value("SET weir.traceparent TO '00-a'"), "00-a");
    EXPECT_EQ(value("SET  weir.traceparent  =  ''"), "");
}

TEST(TraceSetting, may_be_of_one_transaction) {
    EXPECT_EQ(value("SET LOCAL weir.traceparent = '00-a'"), "00-a");
    EXPECT_TRUE(read_trace_setting("set local weir.traceparent to '00-a'")->local);
    EXPECT_TRUE(read_trace_setting("SET LOCAL weir.traceparent TO DEFAULT")->local);
    EXPECT_FALSE(read_trace_setting("SET weir.traceparent = '00-a'")->local);
    EXPECT_EQ(value("SET LOCAL SESSION weir.traceparent = '00-a'"), "another");
}

TEST(TraceSetting, is_reset_in_every_way) {
    EXPECT_EQ(value("RESET weir.traceparent;"), "reset");
    EXPECT_EQ(value("SET weir.traceparent TO DEFAULT"), "reset");
    EXPECT_EQ(value("SET weir.traceparent = default"), "reset");
}

TEST(TraceSetting, leaves_other_statements_to_the_server) {
    for (const char* const other :
         {"", "S", "SELECT 1", "SET", "SET weir.trace = 'a'", "SET weir.traceparents = 'a'",
          "SET weir.traceparent = 'a'; SELECT 1", "SET weir.traceparent = 'a",
          "SET weir.traceparent = a", "SET weir.traceparent", "RESET ALL",
          "RESET weir.traceparent; SELECT 1", "SET search_path = 'a'",
          "SET weir.traceparent TO DEFAULTS"}) {
        EXPECT_EQ(value(other), "another") << other;
    }
}

}  // namespace
}  // namespace weir::wire
