#include "telemetry/histogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <limits>
#include <random>

#include "telemetry/buckets.h"
#include "telemetry/loop_probe.h"

namespace weir::telemetry {
namespace {

using base::Duration;

template <const auto& bounds>
std::size_t bucket_of(std::int64_t nanoseconds) {
    Histogram<bounds> histogram;
    histogram.observe(Duration(nanoseconds));
    for (std::size_t i = 0; i < histogram.bucket_count; ++i) {
        if (histogram.bucket(i) == 1) return i;
    }
    return histogram.bucket_count;
}

template <const auto& bounds>
void expect_exact_bounds() {
    for (std::size_t i = 0; i < bounds.size(); ++i) {
        EXPECT_EQ(bucket_of<bounds>(bounds[i]), i);
        EXPECT_EQ(bucket_of<bounds>(bounds[i] - 1), i);
        EXPECT_EQ(bucket_of<bounds>(bounds[i] + 1), i + 1);
    }
    EXPECT_EQ(bucket_of<bounds>(0), 0u);
    EXPECT_EQ(bucket_of<bounds>(std::numeric_limits<std::int64_t>::max()), bounds.size());
}

TEST(Histogram, a_bound_itself_is_within_its_bucket_and_one_more_is_not) {
    expect_exact_bounds<wait_bounds>();
    expect_exact_bounds<use_bounds>();
    expect_exact_bounds<create_bounds>();
    expect_exact_bounds<age_bounds>();
    expect_exact_bounds<query_bounds>();
    expect_exact_bounds<loop_lag_bounds>();
}

TEST(Histogram, agrees_with_a_plain_search_for_values_of_every_width) {
    std::mt19937_64 random(7);
    for (int i = 0; i < 20'000; ++i) {
        const auto value = static_cast<std::int64_t>((random() >> 1) >> (random() % 63));
        std::size_t expected = 0;
        while (expected < use_bounds.size() && value > use_bounds[expected]) ++expected;
        ASSERT_EQ(bucket_of<use_bounds>(value), expected) << value;
    }
}

TEST(Histogram, bounds_ascend) {
    const auto ascend = [](const auto& bounds) {
        return std::adjacent_find(bounds.begin(), bounds.end(), std::greater_equal<>()) ==
               bounds.end();
    };
    EXPECT_TRUE(ascend(wait_bounds));
    EXPECT_TRUE(ascend(use_bounds));
    EXPECT_TRUE(ascend(create_bounds));
    EXPECT_TRUE(ascend(age_bounds));
    EXPECT_TRUE(ascend(query_bounds));
    EXPECT_TRUE(ascend(loop_lag_bounds));
}

TEST(Histogram, sums_what_it_observes_and_takes_a_negative_value_for_zero) {
    Histogram<wait_bounds> histogram;
    histogram.observe(Duration(250));
    histogram.observe(Duration(-250));
    histogram.observe(Duration(1'000'000));
    EXPECT_EQ(histogram.sum_nanoseconds(), 1'000'250u);
    EXPECT_EQ(histogram.bucket(0), 2u);
}

}  // namespace
}  // namespace weir::telemetry
