#include "settings/nearest.h"

#include <gtest/gtest.h>

namespace weir::settings {
namespace {

TEST(EditDistance, counts_insertions_deletions_replacements_and_swaps) {
    EXPECT_EQ(edit_distance("", ""), 0U);
    EXPECT_EQ(edit_distance("", "abc"), 3U);
    EXPECT_EQ(edit_distance("abc", ""), 3U);
    EXPECT_EQ(edit_distance("max_size", "max_size"), 0U);
    EXPECT_EQ(edit_distance("max_siz", "max_size"), 1U);
    EXPECT_EQ(edit_distance("max_sizee", "max_size"), 1U);
    EXPECT_EQ(edit_distance("max_sike", "max_size"), 1U);
    EXPECT_EQ(edit_distance("max_szie", "max_size"), 1U);
    EXPECT_EQ(edit_distance("kitten", "sitting"), 3U);
}

TEST(Nearest, finds_the_word_that_was_meant) {
    const std::vector<std::string> known{"max_size", "min_idle", "max_waiting", "match"};
    EXPECT_EQ(nearest("maxsize", known), "max_size");
    EXPECT_EQ(nearest("mach", known), "match");
    EXPECT_EQ(nearest("min_idel", known), "min_idle");
    EXPECT_EQ(nearest("unlike_all_of_them", known), "");
    EXPECT_EQ(nearest("anything", {}), "");
    EXPECT_EQ(nearest(std::string(100'000, 'x'), known), "");
}

TEST(Nearest, short_word_is_not_like_a_word_it_shares_nothing_with) {
    EXPECT_EQ(nearest("x", {"ca"}), "");
}

}  // namespace
}  // namespace weir::settings
