#include "base/intrusive_list.h"

#include <gtest/gtest.h>

#include <array>
#include <random>
#include <vector>

namespace weir::base {
namespace {

struct OneTag;
struct OtherTag;

struct Item : ListHook<OneTag>, ListHook<OtherTag> {
    explicit Item(int n = 0) : number(n) {}
    int number;
};
using One = List<Item, OneTag>;
using Other = List<Item, OtherTag>;

template <class L>
std::vector<int> numbers(const L& list) {
    std::vector<int> all;
    for (Item* item = list.first(); item != nullptr; item = list.next(*item)) {
        all.push_back(item->number);
    }
    return all;
}

template <class L>
void clear(L& list) {
    while (list.pop_front() != nullptr) continue;
}

TEST(IntrusiveList, keeps_the_order_of_both_ends) {
    Item a(1), b(2), c(3);
    One list;
    list.push_back(b);
    list.push_back(c);
    list.push_front(a);
    EXPECT_EQ(numbers(list), (std::vector{1, 2, 3}));
    EXPECT_EQ(&list.front(), &a);
    EXPECT_EQ(&list.back(), &c);
    EXPECT_EQ(list.last(), &c);
    EXPECT_EQ(list.size(), 3u);
    clear(list);
}

TEST(IntrusiveList, a_member_leaves_from_the_middle_and_may_come_back) {
    Item a(1), b(2), c(3);
    One list;
    for (Item* item : {&a, &b, &c}) list.push_back(*item);
    list.erase(b);
    EXPECT_FALSE(static_cast<ListHook<OneTag>&>(b).linked());
    EXPECT_EQ(numbers(list), (std::vector{1, 3}));
    list.push_back(b);
    EXPECT_EQ(numbers(list), (std::vector{1, 3, 2}));
    clear(list);
}

TEST(IntrusiveList, empties_from_the_front_and_then_has_nothing) {
    Item a(1), b(2);
    One list;
    list.push_back(a);
    list.push_back(b);
    EXPECT_EQ(list.pop_front(), &a);
    EXPECT_EQ(list.pop_front(), &b);
    EXPECT_EQ(list.pop_front(), nullptr);
    EXPECT_TRUE(list.empty());
    EXPECT_EQ(list.first(), nullptr);
    EXPECT_EQ(list.last(), nullptr);
    EXPECT_EQ(list.size(), 0u);
}

TEST(IntrusiveList, a_member_is_in_several_lists_at_once) {
    Item a(1), b(2);
    One one;
    Other other;
    one.push_back(a);
    one.push_back(b);
    other.push_back(b);
    other.push_back(a);
    one.erase(a);
    EXPECT_EQ(numbers(one), (std::vector{2}));
    EXPECT_EQ(numbers(other), (std::vector{2, 1}));
    clear(one);
    clear(other);
}

TEST(IntrusiveList, agrees_with_a_vector_over_random_moves) {
    std::mt19937 random(42);
    std::array<Item, 16> items;
    for (int i = 0; i < 16; ++i) items[static_cast<std::size_t>(i)].number = i;
    One list;
    std::vector<int> model;
    for (int step = 0; step < 5'000; ++step) {
        Item& item = items[random() % items.size()];
        if (static_cast<ListHook<OneTag>&>(item).linked()) {
            list.erase(item);
            std::erase(model, item.number);
        } else if (random() % 2 == 0) {
            list.push_back(item);
            model.push_back(item.number);
        } else {
            list.push_front(item);
            model.insert(model.begin(), item.number);
        }
        ASSERT_EQ(numbers(list), model);
        ASSERT_EQ(list.size(), model.size());
    }
    clear(list);
}

TEST(IntrusiveListDeathTest, a_member_that_dies_in_a_list_is_noticed) {
    EXPECT_DEATH(
        {
            One list;
            Item item;
            list.push_back(item);
        },
        "linked");
}

TEST(IntrusiveListDeathTest, joining_twice_is_noticed) {
    Item item;
    One list;
    list.push_back(item);
    EXPECT_DEATH(list.push_back(item), "linked");
    clear(list);
}

}  // namespace
}  // namespace weir::base
