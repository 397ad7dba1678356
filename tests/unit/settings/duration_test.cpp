#include "settings/duration.h"

#include <gtest/gtest.h>

namespace weir::settings {
namespace {

using namespace std::chrono_literals;

TEST(Duration, reads_a_number_and_a_unit) {
    EXPECT_EQ(parse_duration("250ms"), 250ms);
    EXPECT_EQ(parse_duration("10s"), 10s);
    EXPECT_EQ(parse_duration("5m"), 5min);
    EXPECT_EQ(parse_duration("1h"), 1h);
    EXPECT_EQ(parse_duration("0s"), 0s);
}

TEST(Duration, refuses_everything_else) {
    for (const auto* text : {"", "s", "10", "10 s", " 10s", "10s ", "-1s", "+1s", "1.5s", "10S",
                             "1d", "1h30m", "10sec", "99999999999999999999s", "9999999h"}) {
        EXPECT_FALSE(parse_duration(text).has_value()) << text;
    }
}

TEST(Duration, longest_is_a_hundred_years) {
    EXPECT_EQ(parse_duration("876000h"), std::chrono::hours(876000));
    EXPECT_FALSE(parse_duration("876001h").has_value());
}

TEST(Duration, text_is_the_shortest_that_reads_back) {
    EXPECT_EQ(duration_text(0s), "0s");
    EXPECT_EQ(duration_text(250ms), "250ms");
    EXPECT_EQ(duration_text(90s), "90s");
    EXPECT_EQ(duration_text(60s), "1m");
    EXPECT_EQ(duration_text(120min), "2h");
    for (const auto duration : {1ms, 999ms, 1000ms, 61000ms, 3600000ms, 5400000ms}) {
        EXPECT_EQ(parse_duration(duration_text(duration)), duration);
    }
}

}  // namespace
}  // namespace weir::settings
