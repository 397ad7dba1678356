#include "pool/lanes.h"

#include <gtest/gtest.h>

namespace weir::pool {
namespace {

TEST(LanesTest, a_lane_that_says_nothing_any_more_goes_when_another_comes) {
    Lanes lanes;
    (void)lanes.of(1);
    lanes.of(2).waiting = 1;
    (void)lanes.of(3);
    EXPECT_EQ(lanes.find(1), nullptr);
    EXPECT_NE(lanes.find(2), nullptr);
    EXPECT_NE(lanes.find(3), nullptr);
}

TEST(LanesTest, a_lane_that_is_refused_is_remembered) {
    Lanes lanes;
    lanes.of(1).refused(CreateFailure::auth, "28P01", "no", Instant{});
    (void)lanes.of(2);
    EXPECT_NE(lanes.find(1), nullptr);
}

TEST(LanesTest, connections_on_their_way_serve_waiters_first) {
    Lane lane;
    lane.waiting = 3;
    lane.dialing = 1;
    lane.checking = 1;
    EXPECT_EQ(lane.unserved(), 1U);
    lane.dialing = 3;
    EXPECT_EQ(lane.unserved(), 0U);
}

}  // namespace
}  // namespace weir::pool
