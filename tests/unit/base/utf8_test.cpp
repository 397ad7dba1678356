#include "base/utf8.h"

#include <gtest/gtest.h>

namespace weir::base {
namespace {

TEST(Utf8, takes_every_length_of_a_character) {
    EXPECT_TRUE(is_utf8(""));
    EXPECT_TRUE(is_utf8("tenant_1"));
    EXPECT_TRUE(is_utf8("m\xC3\xBCnchen \xE6\x9D\xB1\xE4\xBA\xAC \xF0\x9F\x90\x98"));
    EXPECT_TRUE(is_utf8("\xED\x9F\xBF\xEE\x80\x80\xF4\x8F\xBF\xBF"));
}

TEST(Utf8, refuses_what_is_cut_off_at_any_byte) {
    const std::string_view elephant = "\xF0\x9F\x90\x98";
    for (std::size_t i = 1; i < elephant.size(); ++i) {
        EXPECT_FALSE(is_utf8(elephant.substr(0, i))) << i;
        EXPECT_FALSE(is_utf8(elephant.substr(i))) << i;
    }
}

TEST(Utf8, refuses_overlong_forms_surrogates_and_what_is_beyond_the_last_character) {
    for (const char* text :
         {"\xC0\x80", "\xC1\xBF", "\xE0\x9F\xBF", "\xF0\x8F\xBF\xBF", "\xED\xA0\x80",
          "\xED\xBF\xBF", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFF", "m\xFCnchen"}) {
        EXPECT_FALSE(is_utf8(text)) << text;
    }
}

TEST(Utf8, every_byte_that_begins_no_character_is_replaced_and_the_rest_stays) {
    EXPECT_EQ(replaced_utf8("m\xC3\xBCnchen"), "m\xC3\xBCnchen");
    EXPECT_EQ(replaced_utf8("m\xFCnchen"), "m\xEF\xBF\xBDnchen");
    EXPECT_EQ(replaced_utf8("\xF0\x9F"), "\xEF\xBF\xBD\xEF\xBF\xBD");
    EXPECT_EQ(replaced_utf8(""), "");
}

}  // namespace
}  // namespace weir::base
