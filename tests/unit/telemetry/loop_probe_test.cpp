#include "telemetry/loop_probe.h"

#include <gtest/gtest.h>

namespace weir::telemetry {
namespace {

using namespace std::chrono_literals;

TEST(LoopProbe, a_tick_is_a_heartbeat_and_its_lateness_is_observed) {
    LoopProbe probe;
    probe.ticked(base::Instant(17s), 2ms);
    EXPECT_EQ(probe.heartbeat(), base::Instant(17s));
    EXPECT_EQ(base::Duration(probe.lag().sum_nanoseconds()), 2ms);
}

TEST(LoopProbe, work_adds_up) {
    LoopProbe probe;
    probe.worked(3us);
    probe.worked(4us);
    EXPECT_EQ(base::Duration(probe.busy_nanoseconds()), 7us);
}

}  // namespace
}  // namespace weir::telemetry
