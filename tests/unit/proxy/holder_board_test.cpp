#include "proxy/holder_board.h"

#include <gtest/gtest.h>

namespace weir::proxy {
namespace {

using namespace std::chrono_literals;

constexpr base::Instant start{1h};

LeakStatus of(const std::string& tenant) {
    LeakStatus holder;
    holder.tenant = tenant;
    return holder;
}

TEST(HolderBoard, knows_the_longest_of_all_loops_and_templates) {
    HolderBoard board;
    board.tell({0, 0}, of("a"), start - 5s, start);
    board.tell({0, 1}, of("b"), start - 9s, start);
    board.tell({1, 0}, of("c"), start - 7s, start);
    ASSERT_TRUE(board.longest(start));
    EXPECT_EQ(board.longest(start)->tenant, "b");
    EXPECT_DOUBLE_EQ(board.longest(start + 500ms)->held_seconds, 9.5);
    board.tell_none({0, 1});
    EXPECT_EQ(board.longest(start)->tenant, "c");
    board.tell({1, 0}, of("d"), start - 1s, start);
    EXPECT_EQ(board.longest(start)->tenant, "a");
}

TEST(HolderBoard, forgets_what_was_told_long_ago) {
    HolderBoard board;
    EXPECT_FALSE(board.longest(start));
    board.tell({0, 0}, of("a"), start - 5s, start);
    EXPECT_FALSE(board.longest(start + 1s));
}

TEST(HolderBoard, wants_to_be_told_only_while_somebody_asks) {
    HolderBoard board;
    EXPECT_FALSE(board.asked(start));
    board.ask(start);
    EXPECT_TRUE(board.asked(start + 900ms));
    EXPECT_FALSE(board.asked(start + 1s));
}

}  // namespace
}  // namespace weir::proxy
