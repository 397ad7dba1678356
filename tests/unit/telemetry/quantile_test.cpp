#include "telemetry/quantile.h"

#include <gtest/gtest.h>

#include "telemetry/buckets.h"

namespace weir::telemetry {
namespace {

using namespace std::chrono_literals;

inline constexpr Bounds<3> bounds{100, 200, 400};

TEST(Quantile, nothing_observed_has_no_quantile) {
    EXPECT_EQ(HistogramReading<bounds>().quantile(0.5), std::nullopt);
}

TEST(Quantile, interpolates_within_the_bucket) {
    const std::array<std::uint64_t, 4> counts{0, 10, 0, 0};
    EXPECT_EQ(estimate_quantile(counts, bounds, 0.5), 150ns);
    EXPECT_EQ(estimate_quantile(counts, bounds, 0.99), 199ns);
    EXPECT_EQ(estimate_quantile(counts, bounds, 1), 200ns);
}

TEST(Quantile, the_lowest_bucket_begins_at_zero) {
    const std::array<std::uint64_t, 4> counts{4, 0, 0, 0};
    EXPECT_EQ(estimate_quantile(counts, bounds, 0.25), 25ns);
}

TEST(Quantile, skips_empty_buckets) {
    const std::array<std::uint64_t, 4> counts{1, 0, 1, 0};
    EXPECT_EQ(estimate_quantile(counts, bounds, 0.5), 100ns);
    EXPECT_EQ(estimate_quantile(counts, bounds, 0.75), 300ns);
    EXPECT_EQ(estimate_quantile(std::array<std::uint64_t, 4>{0, 0, 5, 0}, bounds, 0), 200ns);
}

TEST(Quantile, what_is_above_all_bounds_is_told_as_the_highest_bound) {
    const std::array<std::uint64_t, 4> counts{1, 0, 0, 9};
    EXPECT_EQ(estimate_quantile(counts, bounds, 0.5), 400ns);
}

TEST(Quantile, a_reading_adds_up_histograms_and_readings) {
    Histogram<wait_bounds> one, two;
    one.observe(1ms);
    two.observe(3ms);
    two.observe(40s);
    HistogramReading<wait_bounds> reading, both;
    reading.add(one);
    both.add(reading);
    reading = {};
    reading.add(two);
    both.add(reading);
    EXPECT_EQ(both.count(), 3u);
    EXPECT_EQ(base::Duration(both.sum_nanoseconds()), 40s + 4ms);
    EXPECT_EQ(both.quantile(0.99), 30s);
}

}  // namespace
}  // namespace weir::telemetry
