#include "cli/systemd.h"

#include <gtest/gtest.h>

#include <chrono>

namespace weir::cli {
namespace {

using namespace std::chrono_literals;

const base::Instant start{base::Duration(1h)};

TEST(Systemd, the_first_sign_of_life_is_due_at_once_and_the_next_after_half_of_the_limit) {
    Watchdog watchdog(30s);
    EXPECT_TRUE(watchdog.due(start));
    EXPECT_FALSE(watchdog.due(start + 14s));
    EXPECT_TRUE(watchdog.due(start + 15s));
    EXPECT_FALSE(watchdog.due(start + 29s));
    EXPECT_TRUE(watchdog.due(start + 40s));
}

TEST(Systemd, without_a_limit_no_sign_of_life_is_ever_due) {
    Watchdog watchdog(0s);
    EXPECT_FALSE(watchdog.due(start));
    EXPECT_FALSE(watchdog.due(start + 24h));
}

TEST(Systemd, a_reload_is_announced_with_the_time_in_microseconds) {
    EXPECT_EQ(reloading_state(base::Instant(1500ms)), "RELOADING=1\nMONOTONIC_USEC=1500000");
}

}  // namespace
}  // namespace weir::cli
