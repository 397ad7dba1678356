#include "telemetry/tracer.h"

#include <gtest/gtest.h>

#include <set>

namespace weir::telemetry {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class TracerTest : public testing::Test {
  protected:
    unsigned sampled_of(unsigned roots) {
        unsigned sampled = 0;
        for (unsigned i = 0; i < roots; ++i) sampled += tracer.samples(tracer.random()) ? 1U : 0U;
        return sampled;
    }

    std::shared_ptr<SpanRing> ring = std::make_shared<SpanRing>(16);
    std::shared_ptr<SpanAllowance> allowance = std::make_shared<SpanAllowance>();
    Tracer tracer{ring, allowance, 42};
    base::Instant now{seconds(1000)};
};

TEST_F(TracerTest, all_roots_are_sampled_at_a_ratio_of_one_and_none_at_zero) {
    tracer.rule({.ratio = 1.0});
    EXPECT_EQ(sampled_of(1000), 1000u);
    EXPECT_TRUE(tracer.samples(0));
    EXPECT_EQ(tracer.trace_state(), "ot=th:0");
    tracer.rule({.ratio = 0.0});
    EXPECT_EQ(sampled_of(1000), 0u);
    EXPECT_FALSE(tracer.samples(~std::uint64_t{0}));
    EXPECT_EQ(tracer.trace_state(), "");
}

TEST_F(TracerTest, the_ratio_decides_how_many_are_sampled) {
    tracer.rule({.ratio = 0.25});
    EXPECT_NEAR(sampled_of(100'000), 25'000, 1000);
    tracer.rule({.ratio = 0.01});
    EXPECT_NEAR(sampled_of(100'000), 1'000, 200);
}

TEST_F(TracerTest, the_threshold_is_on_the_last_seven_bytes_and_told_as_such) {
    tracer.rule({.ratio = 0.5});
    EXPECT_EQ(tracer.trace_state(), "ot=th:8");
    EXPECT_TRUE(tracer.samples(0x0080000000000000));
    EXPECT_FALSE(tracer.samples(0xff7fffffffffffff));  // the first of eight bytes says nothing
    tracer.rule({.ratio = 0.25});
    EXPECT_EQ(tracer.trace_state(), "ot=th:c");
    tracer.rule({.ratio = 1.0 / 256});
    EXPECT_EQ(tracer.trace_state(), "ot=th:ff");
}

TEST_F(TracerTest, another_agent_with_the_same_ratio_decides_alike) {
    Tracer other(ring, allowance, 7);
    tracer.rule({.ratio = 0.1});
    other.rule({.ratio = 0.1});
    for (int i = 0; i < 1000; ++i) {
        const std::uint64_t low = tracer.random();
        EXPECT_EQ(tracer.samples(low), other.samples(low));
    }
}

TEST_F(TracerTest, ids_are_never_zero_and_differ) {
    std::set<std::uint64_t> seen;
    for (int i = 0; i < 10'000; ++i) seen.insert(tracer.random());
    EXPECT_EQ(seen.size(), 10'000u);
    EXPECT_FALSE(seen.contains(0));
}

TEST_F(TracerTest, what_is_kept_besides_is_limited_over_all_loops) {
    Tracer other(ring, allowance, 7);
    tracer.rule({.slow_per_second = 3});
    other.rule({.slow_per_second = 3});
    EXPECT_TRUE(tracer.allows(now));
    EXPECT_TRUE(other.allows(now));
    EXPECT_TRUE(tracer.allows(now + milliseconds(900)));
    EXPECT_FALSE(tracer.allows(now + milliseconds(950)));
    EXPECT_FALSE(other.allows(now + milliseconds(950)));
    EXPECT_TRUE(other.would_allow(now + seconds(1)));
    EXPECT_TRUE(other.allows(now + seconds(1)));
    EXPECT_TRUE(tracer.allows(now)) << "a loop that is late takes from the second that is";
    EXPECT_TRUE(other.allows(now + seconds(1)));
    EXPECT_FALSE(tracer.would_allow(now));
    EXPECT_FALSE(tracer.allows(now));
    EXPECT_FALSE(other.allows(now + seconds(1)));
    tracer.rule({.slow_per_second = 0});
    EXPECT_FALSE(tracer.allows(now + seconds(2)));
}

TEST_F(TracerTest, slow_is_more_than_the_limit_and_nothing_without_one) {
    tracer.rule({.slow = milliseconds(250)});
    EXPECT_FALSE(tracer.slow(milliseconds(250)));
    EXPECT_TRUE(tracer.slow(milliseconds(251)));
    tracer.rule({.slow = {}});
    EXPECT_FALSE(tracer.slow(seconds(100'000)));
}

TEST_F(TracerTest, wall_time_follows_the_monotonic_clock_between_two_looks) {
    tracer.clocks(now, 1'800'000'000'000'000'000);
    EXPECT_EQ(tracer.unix_ns(now), 1'800'000'000'000'000'000);
    EXPECT_EQ(tracer.unix_ns(now + milliseconds(5)), 1'800'000'000'005'000'000);
    EXPECT_EQ(tracer.unix_ns(now - seconds(1)), 1'799'999'999'000'000'000);
}

TEST_F(TracerTest, is_off_without_a_ring) {
    EXPECT_TRUE(tracer.on());
    EXPECT_FALSE(Tracer(nullptr, allowance, 1).on());
}

}  // namespace
}  // namespace weir::telemetry
