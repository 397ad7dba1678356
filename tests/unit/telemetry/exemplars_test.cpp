#include "telemetry/exemplars.h"

#include <gtest/gtest.h>

#include <thread>

namespace weir::telemetry {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

constexpr std::int64_t second = 1'000'000'000;
const SpanContext context{{1, 2}, 3, true};

TEST(Exemplars, stand_in_the_bucket_of_their_value) {
    PoolExemplars exemplars;
    exemplars.wait_ok.write(milliseconds(3), context, 5 * second);
    for (std::size_t i = 0; i < Histogram<wait_bounds>::bucket_count; ++i) {
        const auto found = exemplars.wait_ok.read(i);
        EXPECT_EQ(found.has_value(), i == Histogram<wait_bounds>::bucket_of(milliseconds(3)));
        if (!found) continue;
        EXPECT_GT(wait_bounds[i], found->value.count());
        EXPECT_LT(wait_bounds[i - 1], found->value.count());
        EXPECT_EQ(found->trace, context.trace);
        EXPECT_EQ(found->span, context.span);
        EXPECT_EQ(found->unix_ns, 5 * second);
    }
}

TEST(Exemplars, of_a_bucket_are_replaced_once_a_second_at_most) {
    PoolExemplars exemplars;
    const std::size_t bucket = Histogram<use_bounds>::bucket_of(microseconds(1));
    exemplars.use.write(microseconds(1), context, 5 * second);
    exemplars.use.write(microseconds(2), context, 6 * second - 1);
    EXPECT_EQ(exemplars.use.read(bucket)->value, microseconds(1));
    exemplars.use.write(microseconds(2), context, 6 * second);
    EXPECT_EQ(exemplars.use.read(bucket)->value, microseconds(2));
}

TEST(Exemplars, beyond_the_last_bound_have_a_bucket_too) {
    PoolExemplars exemplars;
    exemplars.query_time.write(std::chrono::hours(1), context, second);
    EXPECT_TRUE(exemplars.query_time.read(query_bounds.size()).has_value());
    exemplars.query_time.write(milliseconds(-1), context, second);
    EXPECT_EQ(exemplars.query_time.read(0)->value.count(), 0);
}

TEST(Exemplars, are_read_whole_or_not_at_all) {
    PoolExemplars exemplars;
    constexpr std::uint64_t last = 20'000;
    std::thread writer([&] {
        for (std::uint64_t i = 1; i <= last; ++i) {
            exemplars.use.write(base::Duration(static_cast<std::int64_t>(i)), {{i, i}, i, true},
                                static_cast<std::int64_t>(i) * second);
        }
    });
    std::uint64_t seen = 0;
    while (seen < last) {
        const auto found = exemplars.use.read(0);
        if (!found) continue;
        EXPECT_EQ(found->trace.low, found->trace.high);
        EXPECT_EQ(found->span, found->trace.high);
        EXPECT_EQ(found->value.count(), static_cast<std::int64_t>(found->span));
        EXPECT_GE(found->span, seen);
        seen = found->span;
    }
    writer.join();
}

}  // namespace
}  // namespace weir::telemetry
