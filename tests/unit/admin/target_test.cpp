#include "admin/target.h"

#include <gmock/gmock.h>

namespace weir::admin {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(Target, path_is_split_before_it_is_decoded) {
    const auto target = parse_target("/api/v1/pools/a%2Fb%20c", "");
    ASSERT_TRUE(target);
    EXPECT_THAT(target->segments, ElementsAre("api", "v1", "pools", "a/b c"));
}

TEST(Target, plus_is_a_space_only_in_the_query) {
    const auto target = parse_target("/a+b", "c+d=e+f");
    ASSERT_TRUE(target);
    EXPECT_THAT(target->segments, ElementsAre("a+b"));
    ASSERT_NE(target->parameter("c d"), nullptr);
    EXPECT_EQ(*target->parameter("c d"), "e f");
}

TEST(Target, first_of_a_repeated_parameter_counts) {
    const auto target = parse_target("/", "a=1&b&a=2&&=x");
    ASSERT_TRUE(target);
    EXPECT_THAT(target->segments, IsEmpty());
    EXPECT_EQ(*target->parameter("a"), "1");
    EXPECT_EQ(*target->parameter("b"), "");
    EXPECT_EQ(target->parameter("c"), nullptr);
    EXPECT_EQ(target->parameters.size(), 2U);
}

TEST(Target, empty_segments_are_kept) {
    EXPECT_THAT(parse_target("//a", "")->segments, ElementsAre("", "a"));
    EXPECT_THAT(parse_target("/a/", "")->segments, ElementsAre("a", ""));
}

TEST(Target, broken_escapes_and_control_characters_are_refused) {
    for (const char* path : {"", "a", "/%", "/%4", "/%zz", "/%00", "/a%0d%0ab", "/%7f"}) {
        EXPECT_FALSE(parse_target(path, "")) << path;
    }
    EXPECT_FALSE(parse_target("/", "a=%g1"));
    EXPECT_FALSE(parse_target("/", "%0a=1"));
}

}  // namespace
}  // namespace weir::admin
