#include "proxy/redis_turns.h"

#include <gtest/gtest.h>

#include <deque>
#include <random>

namespace weir::proxy {
namespace {

TEST(RedisTurns, keep_their_order_however_they_come_and_go) {
    RedisTurns turns;
    std::deque<unsigned> expected;
    std::mt19937 random(7);
    for (unsigned i = 0; i < 100'000; ++i) {
        const bool grows = (i / 500) % 2 == 0;
        if (expected.empty() || random() % 100 < (grows ? 60U : 40U)) {
            turns.push_back({.replies = i});
            expected.push_back(i);
        } else {
            turns.pop_front();
            expected.pop_front();
        }
        ASSERT_EQ(turns.size(), expected.size());
        ASSERT_EQ(turns.empty(), expected.empty());
        if (expected.empty()) continue;
        ASSERT_EQ(turns.front().replies, expected.front());
        ASSERT_EQ(turns.back().replies, expected.back());
        ASSERT_EQ(turns[turns.size() / 2].replies, expected[expected.size() / 2]);
    }
}

TEST(RedisTurns, cleared_are_none) {
    RedisTurns turns;
    EXPECT_EQ(turns.next(), nullptr);
    for (unsigned i = 0; i < 20; ++i) turns.push_back({.replies = i});
    turns.clear();
    EXPECT_TRUE(turns.empty());
    EXPECT_EQ(turns.next(), nullptr);
    turns.push_back({.replies = 7});
    EXPECT_EQ(turns.front().replies, 7U);
}

}  // namespace
}  // namespace weir::proxy
