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

}  // namespace
}  // namespace weir::proxy
