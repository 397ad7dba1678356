#include "telemetry/upstream_probe.h"

#include <gtest/gtest.h>

namespace weir::telemetry {
namespace {

TEST(UpstreamProbe, a_breaker_begins_closed_and_its_changes_are_counted) {
    UpstreamProbe probe;
    EXPECT_EQ(probe.breaker(), BreakerState::closed);
    probe.breaker_entered(BreakerState::open);
    probe.breaker_entered(BreakerState::half_open);
    probe.breaker_entered(BreakerState::open);
    EXPECT_EQ(probe.breaker(), BreakerState::open);
    EXPECT_EQ(probe.transitions(BreakerState::open), 2u);
    EXPECT_EQ(probe.transitions(BreakerState::half_open), 1u);
    EXPECT_EQ(probe.transitions(BreakerState::closed), 0u);
}

TEST(UpstreamProbe, budget_and_reachability_are_as_last_told) {
    UpstreamProbe probe;
    probe.budget(40, 40);
    probe.budget(35, 12);
    probe.reachable(true);
    probe.reachable(false);
    probe.stole();
    EXPECT_EQ(probe.budget_connections(), 35);
    EXPECT_EQ(probe.budget_used(), 12);
    EXPECT_FALSE(probe.up());
    EXPECT_EQ(probe.steals(), 1u);
}

}  // namespace
}  // namespace weir::telemetry
