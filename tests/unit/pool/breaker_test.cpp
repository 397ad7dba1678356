#include "pool/breaker.h"

#include <gtest/gtest.h>

namespace weir::pool {
namespace {

using telemetry::BreakerState;
using namespace std::chrono_literals;

class BreakerTest : public testing::Test {
  public:
    std::shared_ptr<telemetry::UpstreamProbe> probe = std::make_shared<telemetry::UpstreamProbe>();
    Breaker breaker{{3, 1s, 4s}, probe};
    base::Instant now{1h};

    void fail(int times) {
        for (int i = 0; i < times; ++i) {
            ASSERT_TRUE(breaker.permit(now));
            breaker.failed(now);
        }
    }
};

TEST_F(BreakerTest, opens_after_so_many_failures_in_a_row) {
    fail(2);
    ASSERT_TRUE(breaker.permit(now));
    breaker.reached(now);
    fail(2);
    EXPECT_EQ(breaker.state(), BreakerState::closed);
    fail(1);
    EXPECT_EQ(breaker.state(), BreakerState::open);
    EXPECT_FALSE(breaker.permit(now));
    EXPECT_FALSE(probe->up());
    EXPECT_EQ(probe->transitions(BreakerState::open), 1U);
}

TEST_F(BreakerTest, lets_one_probe_through_when_it_has_been_open_for_long_enough) {
    fail(3);
    now += 999ms;
    EXPECT_FALSE(breaker.would_permit(now));
    now += 1ms;
    EXPECT_TRUE(breaker.would_permit(now));
    EXPECT_TRUE(breaker.permit(now));
    EXPECT_EQ(breaker.state(), BreakerState::half_open);
    EXPECT_FALSE(breaker.permit(now));
}

TEST_F(BreakerTest, a_failed_probe_doubles_the_pause_up_to_its_longest) {
    fail(3);
    for (const base::Duration pause : {1s, 2s, 4s, 4s}) {
        now += pause - 1ms;
        EXPECT_FALSE(breaker.permit(now));
        now += 1ms;
        ASSERT_TRUE(breaker.permit(now));
        breaker.failed(now);
    }
}

TEST_F(BreakerTest, a_probe_that_reaches_the_server_closes_it_and_forgets) {
    fail(3);
    now += 1s;
    fail(1);
    now += 2s;
    ASSERT_TRUE(breaker.permit(now));
    breaker.reached(now);
    EXPECT_EQ(breaker.state(), BreakerState::closed);
    EXPECT_TRUE(probe->up());
    fail(3);
    now += 1s;
    EXPECT_TRUE(breaker.would_permit(now)) << "the pause is the first one again";
}

TEST_F(BreakerTest, a_probe_that_never_happened_leaves_the_next_one_due) {
    fail(3);
    now += 1s;
    ASSERT_TRUE(breaker.permit(now));
    breaker.withdrawn(now);
    EXPECT_EQ(breaker.state(), BreakerState::open);
    EXPECT_TRUE(breaker.permit(now));
}

TEST_F(BreakerTest, a_dial_that_began_before_it_opened_changes_nothing_by_failing) {
    fail(3);
    now += 500ms;
    breaker.failed(now);
    now += 500ms;
    EXPECT_TRUE(breaker.would_permit(now));
}

TEST_F(BreakerTest, zero_failures_never_opens) {
    Breaker never({0, 1s, 4s}, probe);
    for (int i = 0; i < 100; ++i) never.failed(now);
    EXPECT_EQ(never.state(), BreakerState::closed);
}

}  // namespace
}  // namespace weir::pool
