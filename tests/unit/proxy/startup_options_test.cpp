#include "proxy/startup_options.h"

#include <gtest/gtest.h>

namespace weir::proxy {
namespace {

using Options = std::vector<std::pair<std::string, std::string>>;

TEST(StartupOptions, all_three_spellings_name_a_setting) {
    const auto options = parse_startup_options("-c geqo=off -cwork_mem=4MB --search-path=a");
    ASSERT_TRUE(options);
    EXPECT_EQ(*options, (Options{{"geqo", "off"}, {"work_mem", "4MB"}, {"search_path", "a"}}));
}

TEST(StartupOptions, a_backslash_keeps_white_space_and_itself) {
    const auto options = parse_startup_options(R"(-c search_path=a,\ b -c x.y=c\\d)");
    ASSERT_TRUE(options);
    EXPECT_EQ(*options, (Options{{"search_path", "a, b"}, {"x.y", R"(c\d)"}}));
}

TEST(StartupOptions, nothing_is_said_by_white_space_alone) {
    const auto options = parse_startup_options("  \t ");
    ASSERT_TRUE(options);
    EXPECT_TRUE(options->empty());
}

TEST(StartupOptions, other_switches_are_refused_and_named) {
    for (const char* text : {"-E", "-c", "-c novalue", "--=x", "-c =x", "word"}) {
        const auto options = parse_startup_options(text);
        ASSERT_FALSE(options) << text;
        EXPECT_NE(options.error().message.find("unsupported switch"), std::string::npos) << text;
    }
}

TEST(StartupOptions, weirs_own_parameter_is_taken_out) {
    for (const char* on : {"on", "TRUE", "yes", "1"}) {
        Options options{{"work_mem", "4MB"}, {"Weir.Dedicated", on}, {"geqo", "off"}};
        const auto dedicated = take_dedicated(options);
        ASSERT_TRUE(dedicated) << on;
        EXPECT_TRUE(*dedicated) << on;
        EXPECT_EQ(options, (Options{{"work_mem", "4MB"}, {"geqo", "off"}}));
    }
    for (const char* off : {"off", "False", "no", "0"}) {
        Options options{{"weir.dedicated", off}};
        EXPECT_EQ(take_dedicated(options), false) << off;
        EXPECT_TRUE(options.empty());
    }
    Options none{{"weird.dedicated", "on"}};
    EXPECT_EQ(take_dedicated(none), false);
    EXPECT_EQ(none.size(), 1U) << "another's parameter";
}

TEST(StartupOptions, of_weirs_own_parameter_the_last_word_counts) {
    Options options{{"weir.dedicated", "on"}, {"weir.dedicated", "off"}};
    EXPECT_EQ(take_dedicated(options), false);
}

TEST(StartupOptions, what_weir_does_not_know_of_its_own_is_refused) {
    for (const auto& option : Options{{"weir.dedicate", "on"}, {"weir.dedicated", "perhaps"}}) {
        Options options{option};
        const auto dedicated = take_dedicated(options);
        ASSERT_FALSE(dedicated);
        EXPECT_NE(dedicated.error().message.find(option.first), std::string::npos);
    }
}

}  // namespace
}  // namespace weir::proxy
