#include "telemetry/sqlstate_class.h"

#include <gtest/gtest.h>

#include <set>

namespace weir::telemetry {
namespace {

std::string_view told(std::string_view sqlstate) {
    return sqlstate_classes[sqlstate_class(sqlstate)];
}

TEST(SqlstateClass, known_classes_have_a_series_of_their_own) {
    EXPECT_EQ(told("42P01"), "42");
    EXPECT_EQ(told("0A000"), "0A");
    EXPECT_EQ(told("XX000"), "XX");
    EXPECT_EQ(told("01000"), "01");
    EXPECT_EQ(told("P0001"), "P0");
}

TEST(SqlstateClass, whatever_else_a_server_says_is_other) {
    EXPECT_EQ(told("00000"), "other");
    EXPECT_EQ(told("QQ123"), "other");
    EXPECT_EQ(told("xx000"), "other");
    EXPECT_EQ(told("42"), "other");
    EXPECT_EQ(told("42P012"), "other");
    EXPECT_EQ(told(""), "other");
    EXPECT_EQ(told("other"), "other");
}

TEST(SqlstateClass, classes_are_unique_and_other_is_last) {
    const std::set<std::string_view> unique(sqlstate_classes.begin(), sqlstate_classes.end());
    EXPECT_EQ(unique.size(), sqlstate_classes.size());
    EXPECT_EQ(sqlstate_classes.back(), "other");
}

}  // namespace
}  // namespace weir::telemetry
