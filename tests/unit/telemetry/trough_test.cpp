#include "telemetry/trough.h"

#include <gtest/gtest.h>

namespace weir::telemetry {
namespace {

using namespace std::chrono_literals;

base::Instant at(base::Duration since_start) { return base::Instant(1000h + since_start); }

// Ticks each 10 s from `from` up to `to` at a level that never changes.
void stay(Trough& trough, base::Duration from, base::Duration to, std::int64_t level) {
    for (auto t = from; t <= to; t += 10s) trough.ticked(at(t), level);
}

TEST(Trough, a_start_from_nothing_counts_for_an_hour) {
    Trough trough;
    stay(trough, 0s, 59min, 5);
    EXPECT_EQ(trough.least(), 0);
    stay(trough, 59min, 62min, 5);
    EXPECT_EQ(trough.least(), 5);
}

TEST(Trough, a_fall_between_two_ticks_is_seen_for_an_hour_and_then_no_more) {
    Trough trough;
    stay(trough, 0s, 2h, 5);
    trough.fell_to(2);
    stay(trough, 2h + 1s, 2h + 58min, 5);
    EXPECT_EQ(trough.least(), 2);
    stay(trough, 2h + 59min, 3h + 2min, 5);
    EXPECT_EQ(trough.least(), 5);
}

TEST(Trough, a_level_that_only_rises_raises_it_after_an_hour) {
    Trough trough;
    stay(trough, 0s, 2h, 1);
    stay(trough, 2h + 10s, 3h, 2);
    EXPECT_EQ(trough.least(), 1);
    stay(trough, 3h + 10s, 3h + 3min, 2);
    EXPECT_EQ(trough.least(), 2);
}

TEST(Trough, a_gap_between_ticks_longer_than_the_hour_forgets_what_was_before) {
    Trough trough;
    stay(trough, 0s, 5min, 0);
    trough.ticked(at(10h), 7);
    trough.ticked(at(10h + 2min), 7);
    EXPECT_EQ(trough.least(), 7);
}

}  // namespace
}  // namespace weir::telemetry
