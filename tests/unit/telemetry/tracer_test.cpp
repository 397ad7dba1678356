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
        for (unsigned i = 0; i < roots; ++i) sampled += tracer.samples_next() ? 1U : 0U;
        return sampled;
    }
    // What decides of a trace id for everybody: its last seven bytes.
    std::uint64_t decisive(bool sampled) { return tracer.root_id(sampled) & Tracer::random_bits; }

    std::shared_ptr<SpanRing> ring = std::make_shared<SpanRing>(16);
    std::shared_ptr<SpanAllowance> allowance = std::make_shared<SpanAllowance>();
    Tracer tracer{ring, allowance, 42};
    base::Instant now{seconds(1000)};
};

TEST_F(TracerTest, all_roots_are_sampled_at_a_ratio_of_one_and_none_at_zero) {
    tracer.rule({.ratio = 1.0});
    EXPECT_EQ(sampled_of(1000), 1000u);
    EXPECT_EQ(*tracer.trace_state(), "ot=th:0");
    tracer.rule({.ratio = 0.0});
    EXPECT_EQ(sampled_of(1000), 0u);
    EXPECT_EQ(*tracer.trace_state(), "");
}

TEST_F(TracerTest, the_ratio_decides_how_many_are_sampled) {
    tracer.rule({.ratio = 0.25});
    EXPECT_NEAR(sampled_of(100'000), 25'000, 1000);
    tracer.rule({.ratio = 0.01});
    EXPECT_NEAR(sampled_of(100'000), 1'000, 200);
}

TEST_F(TracerTest, the_sampled_are_as_far_apart_as_if_each_was_decided_alone) {
    tracer.rule({.ratio = 0.25});
    unsigned runs = 0, next_too = 0;
    for (unsigned i = 0; i < 100'000; ++i) {
        if (!tracer.samples_next()) continue;
        ++runs;
        next_too += tracer.samples_next() ? 1U : 0U;
    }
    EXPECT_NEAR(static_cast<double>(next_too) / runs, 0.25, 0.02);
}

TEST_F(TracerTest, the_threshold_is_on_the_last_seven_bytes_and_told_as_such) {
    struct Case {
        double ratio;
        const char* state;
        std::uint64_t threshold;
    };
    const Case cases[] = {{0.5, "ot=th:8", 0x80000000000000},
                          {0.25, "ot=th:c", 0xc0000000000000},
                          {1.0 / 256, "ot=th:ff", 0xff000000000000}};
    for (const auto& [ratio, state, threshold] : cases) {
        tracer.rule({.ratio = ratio});
        EXPECT_EQ(*tracer.trace_state(), state);
        std::set<std::uint64_t> first_bytes;
        for (int i = 0; i < 1000; ++i) {
            EXPECT_GE(decisive(true), threshold);
            EXPECT_LT(decisive(false), threshold);
            first_bytes.insert(tracer.root_id(true) >> 56U);
        }
        EXPECT_GT(first_bytes.size(), 200u);
    }
}

TEST_F(TracerTest, ids_of_roots_are_spread_over_their_part) {
    tracer.rule({.ratio = 0.5});
    unsigned upper = 0;
    for (int i = 0; i < 10'000; ++i) upper += decisive(true) >= 0xc0000000000000 ? 1U : 0U;
    EXPECT_NEAR(upper, 5000, 300);
}

TEST_F(TracerTest, there_are_ids_for_what_a_ratio_does_not_give) {
    // Decided by the ratio before.
    tracer.rule({.ratio = 0.0});
    EXPECT_NE(tracer.root_id(true), tracer.root_id(true));
    tracer.rule({.ratio = 1.0});
    EXPECT_NE(tracer.root_id(false), tracer.root_id(false));
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
