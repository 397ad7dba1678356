#include "proxy/session_settings.h"

#include <gtest/gtest.h>

namespace weir::proxy {
namespace {

TEST(ParameterSets, equal_sets_are_one_object) {
    ParameterSets sets;
    const auto one = sets.obtain({{"TimeZone", "UTC"}, {"a", "1"}});
    EXPECT_EQ(one, sets.obtain({{"a", "1"}, {"timezone", "UTC"}}));
    EXPECT_NE(one, sets.obtain({{"a", "2"}, {"timezone", "UTC"}}));
    EXPECT_EQ(sets.obtain({}), sets.empty());
}

TEST(ParameterSets, of_names_that_come_twice_the_last_counts) {
    ParameterSets sets;
    EXPECT_EQ(sets.obtain({{"a", "1"}, {"A", "2"}}), sets.obtain({{"a", "2"}}));
}

TEST(ParameterSets, sets_are_changed_by_making_others) {
    ParameterSets sets;
    const auto one = sets.obtain({{"a", "1"}});
    EXPECT_EQ(*sets.with(*one, "b", "2")->find("b"), "2");
    EXPECT_EQ(sets.with(*one, "a", "1"), one);
    EXPECT_EQ(sets.without(*one, "a"), sets.empty());
    EXPECT_EQ(sets.without(*one, "b"), one);
    EXPECT_EQ(one->find("b"), nullptr);
}

TEST(ParameterSets, a_set_that_nobody_has_is_forgotten) {
    ParameterSets sets;
    { const auto one = sets.obtain({{"a", "1"}}); }
    EXPECT_EQ(sets.size(), 1U) << "the empty one";
}

TEST(ParameterSets, only_what_acts_on_analysis_is_analysed) {
    ParameterSets sets;
    const auto plain = sets.obtain({{"work_mem", "1"}});
    EXPECT_EQ(plain->analysed, sets.empty()->analysed);
    EXPECT_NE(sets.obtain({{"DateStyle", "German"}})->analysed, plain->analysed);
}

class Difference : public ::testing::Test {
  protected:
    SettingsDifference between(Parameters wanted, Parameters applied, Parameters reported = {},
                               Parameters base = {}) {
        return difference(*sets_.obtain(std::move(wanted)), *sets_.obtain(std::move(applied)),
                          *sets_.obtain(std::move(reported)), *sets_.obtain(std::move(base)));
    }
    ParameterSets sets_;
};

TEST_F(Difference, what_is_wanted_and_not_there_is_set) {
    EXPECT_EQ(between({{"a", "1"}, {"b", "2"}}, {{"a", "1"}, {"b", "3"}}).to_set,
              (Parameters{{"b", "2"}}));
    EXPECT_EQ(between({{"a", "1"}}, {}).to_set, (Parameters{{"a", "1"}}));
}

TEST_F(Difference, what_is_there_and_not_wanted_is_reset) {
    EXPECT_EQ(between({}, {{"a", "1"}}).to_reset, std::vector<std::string>{"a"});
}

TEST_F(Difference, what_the_server_reports_counts) {
    EXPECT_TRUE(between({{"timezone", "UTC"}}, {}, {{"TimeZone", "UTC"}}).empty());
    EXPECT_FALSE(
        between({{"timezone", "UTC"}}, {{"timezone", "UTC"}}, {{"TimeZone", "CET"}}).empty());
    EXPECT_TRUE(
        between({}, {{"timezone", "UTC"}}, {{"timezone", "UTC"}}, {{"timezone", "UTC"}}).empty());
}

}  // namespace
}  // namespace weir::proxy
