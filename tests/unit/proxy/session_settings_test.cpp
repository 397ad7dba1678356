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

TEST(ParameterSets, of_an_analysis_only_what_differs_is_told) {
    using Changed = std::vector<std::pair<std::string, std::optional<std::string>>>;
    ParameterSets sets;
    const auto reported = sets.obtain({{"DateStyle", "ISO"}, {"work_mem", "1"}});
    const std::string plain = analysis(*reported, *sets.empty());
    const std::string other = analysis(*sets.obtain({{"DateStyle", ""}}),
                                       *sets.obtain({{"search_path", "a"}, {"work_mem", "2"}}));
    EXPECT_EQ(changed_settings(plain, plain), Changed{});
    EXPECT_EQ(changed_settings(plain, other), (Changed{{"datestyle", ""}, {"search_path", "a"}}));
    EXPECT_EQ(changed_settings(other, plain),
              (Changed{{"datestyle", "ISO"}, {"search_path", std::nullopt}}));
    EXPECT_FALSE(same_search_path(plain, other));
    EXPECT_TRUE(same_search_path(plain, analysis(*sets.empty(), *sets.empty())));
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
