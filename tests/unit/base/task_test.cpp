#include "base/task.h"

#include <gtest/gtest.h>

namespace weir::base {
namespace {

TEST(Task, calls_what_can_only_be_moved) {
    int seen = 0;
    Task task([value = std::make_unique<int>(7), &seen] { seen = *value; });
    task();
    EXPECT_EQ(seen, 7);
}

TEST(Task, is_empty_until_given_a_call_and_after_it_moved_away) {
    Task none;
    EXPECT_FALSE(none);
    Task task([] {});
    EXPECT_TRUE(task);
    const Task moved = std::move(task);
    EXPECT_TRUE(moved);
    EXPECT_FALSE(task);  // NOLINT(bugprone-use-after-move): this is what is tested
}

TEST(Task, lets_go_of_what_it_holds_when_it_dies_uncalled) {
    auto held = std::make_shared<int>(1);
    {
        const Task task([held] {});
    }
    EXPECT_EQ(held.use_count(), 1);
}

TEST(Task, a_new_call_replaces_the_old_one) {
    int calls = 0;
    Task task([&] { calls += 1; });
    task = Task([&] { calls += 10; });
    task();
    EXPECT_EQ(calls, 10);
}

}  // namespace
}  // namespace weir::base
