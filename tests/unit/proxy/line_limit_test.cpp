#include "proxy/line_limit.h"

#include <gtest/gtest.h>

namespace weir::proxy {
namespace {

using namespace std::chrono_literals;

TEST(LineLimit, a_storm_writes_a_line_a_second_and_every_event_is_accounted_for) {
    LineLimit limit;
    base::Instant now{1h};
    std::uint64_t lines = 0, left_out = 0;
    for (int i = 0; i < 1000; ++i, now += 10ms) {
        if (const auto before = limit.admit(now)) {
            ++lines;
            left_out += *before;
        }
    }
    EXPECT_EQ(lines, 10U);
    left_out += limit.overdue(now + 1s);
    EXPECT_EQ(lines + left_out, 1000U);
}

TEST(LineLimit, what_was_left_out_last_is_told_though_nothing_follows) {
    LineLimit limit;
    const base::Instant now{1h};
    EXPECT_EQ(limit.overdue(now), 0U);
    EXPECT_EQ(limit.admit(now), std::uint64_t{0});
    EXPECT_FALSE(limit.admit(now + 1ms));
    EXPECT_EQ(limit.overdue(now + 10ms), 0U);
    EXPECT_EQ(limit.overdue(now + 1s), 1U);
    EXPECT_EQ(limit.overdue(now + 2s), 0U);
    EXPECT_EQ(limit.admit(now + 2s), std::uint64_t{0});
}

}  // namespace
}  // namespace weir::proxy
