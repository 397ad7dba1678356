#include "base/words.h"

#include <gtest/gtest.h>

namespace {

enum class Colour { red, green, dark_blue };

}  // namespace

template <>
struct weir::base::Words<Colour> {
    static constexpr std::array<std::string_view, 3> all{"red", "green", "dark_blue"};
};

namespace weir::base {
namespace {

TEST(Words, a_value_and_its_word_lead_to_each_other) {
    EXPECT_EQ(word_count<Colour>, 3u);
    for (const Colour colour : {Colour::red, Colour::green, Colour::dark_blue}) {
        EXPECT_EQ(from_word<Colour>(word(colour)), colour);
    }
    EXPECT_EQ(word(Colour::dark_blue), "dark_blue");
}

TEST(Words, other_text_is_no_value) {
    EXPECT_EQ(from_word<Colour>("blue"), std::nullopt);
    EXPECT_EQ(from_word<Colour>(""), std::nullopt);
    EXPECT_EQ(from_word<Colour>("Red"), std::nullopt);
    EXPECT_EQ(from_word<Colour>("red "), std::nullopt);
}

TEST(Words, an_array_by_word_begins_at_zero_and_keeps_values_apart) {
    ByWord<Colour, int> counts;
    counts[Colour::green] += 2;
    EXPECT_EQ(counts[Colour::red], 0);
    EXPECT_EQ(counts[Colour::green], 2);
    EXPECT_EQ(std::as_const(counts)[Colour::dark_blue], 0);
}

}  // namespace
}  // namespace weir::base
