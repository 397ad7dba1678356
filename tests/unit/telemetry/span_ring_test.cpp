#include "telemetry/span_ring.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace weir::telemetry {
namespace {

Span named(std::string name) {
    Span span;
    span.name = std::move(name);
    return span;
}

std::vector<std::string> taken_from(SpanRing& ring, std::size_t most) {
    std::vector<Span> batch;
    ring.pop_into(batch, most);
    std::vector<std::string> names;
    for (const Span& span : batch) names.push_back(span.name);
    return names;
}

using Names = std::vector<std::string>;

TEST(SpanRing, spans_come_out_in_the_order_they_went_in) {
    SpanRing ring(3);
    for (int round = 0; round < 5; ++round) {
        EXPECT_TRUE(ring.push(named("first")));
        EXPECT_TRUE(ring.push(named("second")));
        EXPECT_EQ(ring.size(), 2U);
        EXPECT_EQ(taken_from(ring, 10), (Names{"first", "second"}));
        EXPECT_EQ(taken_from(ring, 10), Names());
        EXPECT_EQ(ring.size(), 0U);
    }
}

TEST(SpanRing, a_full_ring_refuses_the_newest_leaves_it_whole_and_counts_it) {
    SpanRing ring(2);
    EXPECT_EQ(ring.capacity(), 2U);
    EXPECT_TRUE(ring.push(named("first")));
    EXPECT_TRUE(ring.push(named("second")));
    Span third = named("the third, in a string too long to be held in place");
    EXPECT_FALSE(ring.push(std::move(third)));
    EXPECT_EQ(third.name, "the third, in a string too long to be held in place");
    EXPECT_EQ(ring.dropped_queue_full(), 1U);
    EXPECT_EQ(ring.size(), 2U);
    EXPECT_EQ(taken_from(ring, 1), Names{"first"});
    EXPECT_TRUE(ring.push(std::move(third)));
    EXPECT_EQ(ring.dropped_queue_full(), 1U);
}

TEST(SpanRing, a_batch_that_is_full_takes_no_more) {
    SpanRing ring(2);
    EXPECT_TRUE(ring.push(named("first")));
    EXPECT_TRUE(ring.push(named("second")));
    std::vector<Span> batch(3);
    ring.pop_into(batch, 3);
    ring.pop_into(batch, 2);
    EXPECT_EQ(batch.size(), 3U);
    EXPECT_EQ(ring.size(), 2U);
    ring.pop_into(batch, 4);
    EXPECT_EQ(batch.back().name, "first");
    EXPECT_EQ(ring.size(), 1U);
}

TEST(SpanRing, a_ring_has_room_for_one_span_at_least) {
    SpanRing ring(0);
    EXPECT_EQ(ring.capacity(), 1U);
    EXPECT_TRUE(ring.push(named("only")));
}

TEST(SpanRing, what_nobody_sampled_is_counted) {
    SpanRing ring(1);
    ring.unsampled();
    ring.unsampled();
    EXPECT_EQ(ring.unsampled_count(), 2U);
    EXPECT_EQ(ring.size(), 0U);
}

TEST(SpanContext, all_zero_is_none) {
    EXPECT_FALSE(SpanContext{}.valid());
    EXPECT_FALSE((SpanContext{{0, 0}, 1, true}.valid()));
    EXPECT_FALSE((SpanContext{{0, 7}, 0, true}.valid()));
    EXPECT_TRUE((SpanContext{{0, 7}, 1, false}.valid()));
}

}  // namespace
}  // namespace weir::telemetry
