#include "telemetry/integral.h"

#include <gtest/gtest.h>

namespace weir::telemetry {
namespace {

using namespace std::chrono_literals;

base::Instant at(base::Duration since_start) { return base::Instant(1000s + since_start); }

TEST(Integral, adds_level_times_time_at_each_change_and_tick) {
    Integral integral;
    integral.changed(2, at(0s));
    integral.changed(1, at(3s));
    integral.advanced(at(4s));
    EXPECT_EQ(integral.level(), 3);
    EXPECT_EQ(base::Duration(integral.total_nanoseconds()), 2 * 3s + 3 * 1s);
}

TEST(Integral, a_level_of_zero_adds_nothing_however_long) {
    Integral integral;
    integral.advanced(at(24h));
    integral.changed(1, at(25h));
    integral.changed(-1, at(25h));
    integral.advanced(at(99h));
    EXPECT_EQ(integral.total_nanoseconds(), 0u);
}

TEST(Integral, what_came_and_went_between_two_readings_is_in_it) {
    Integral integral;
    integral.advanced(at(0s));
    integral.changed(1, at(1s));
    integral.changed(-1, at(1s + 5us));
    integral.advanced(at(10s));
    EXPECT_EQ(base::Duration(integral.total_nanoseconds()), 5us);
    EXPECT_EQ(integral.level(), 0);
}

TEST(Integral, a_time_before_the_last_one_changes_only_the_level) {
    Integral integral;
    integral.changed(1, at(5s));
    integral.changed(1, at(4s));
    EXPECT_EQ(integral.total_nanoseconds(), 0u);
    integral.advanced(at(6s));
    EXPECT_EQ(base::Duration(integral.total_nanoseconds()), 2s);
}

}  // namespace
}  // namespace weir::telemetry
