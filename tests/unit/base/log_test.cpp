#include "base/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <nlohmann/json.hpp>

namespace weir::base::log {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;

class LogTest : public testing::Test {
  protected:
    ~LogTest() override { configure(Level::info, Format::logfmt, ""); }

    static std::string logfmt(std::initializer_list<Field> fields) {
        configure(Level::info, Format::logfmt, "");
        return line(Level::warn, "pool.saturated", fields);
    }
    static nlohmann::json json(std::initializer_list<Field> fields) {
        configure(Level::info, Format::json, "");
        return nlohmann::json::parse(line(Level::warn, "pool.saturated", fields));
    }
};

TEST_F(LogTest, logfmt_leaves_plain_words_and_numbers_bare) {
    EXPECT_THAT(
        logfmt({{"pool", "app"}, {"waiting", 3}, {"ratio", 0.5}, {"full", true}}),
        EndsWith(" level=warn event=pool.saturated pool=app waiting=3 ratio=0.5 full=true\n"));
}

TEST_F(LogTest, logfmt_quotes_whatever_could_be_taken_for_something_else) {
    EXPECT_THAT(logfmt({{"a", ""}}), EndsWith(" a=\"\"\n"));
    EXPECT_THAT(logfmt({{"a", "two words"}}), EndsWith(" a=\"two words\"\n"));
    EXPECT_THAT(logfmt({{"a", "x=1"}}), EndsWith(" a=\"x=1\"\n"));
    EXPECT_THAT(logfmt({{"a", "say \"hi\""}}), EndsWith(" a=\"say \\\"hi\\\"\"\n"));
    EXPECT_THAT(logfmt({{"a", "back\\slash"}}), EndsWith(" a=\"back\\\\slash\"\n"));
}

TEST_F(LogTest, a_value_can_not_begin_a_line_of_its_own) {
    const std::string text = logfmt({{"app", "x\nlevel=error event=forged\r\x1b[31m"}});
    EXPECT_EQ(text.find('\n'), text.size() - 1);
    EXPECT_THAT(text, Not(HasSubstr("\x1b")));
    EXPECT_THAT(text, Not(HasSubstr("\r")));
    EXPECT_THAT(text, HasSubstr(R"(x\nlevel=error event=forged\u000d\u001b[31m)"));
}

TEST_F(LogTest, json_gives_back_every_text_that_was_put_in) {
    for (const std::string value :
         {"", "plain", "two words", "\"quoted\"", "back\\slash", "line\nbreak", "\t\r\x01\x1f\x7f",
          "umlaut \xc3\xbc", "\xe2\x82\xac", "\xf0\x9f\x90\x98", "\xef\xbf\xbd"}) {
        EXPECT_EQ(json({{"a", value}})["a"], value);
    }
}

TEST_F(LogTest, json_keeps_numbers_and_booleans) {
    const auto line = json({{"n", -3},
                            {"big", std::numeric_limits<std::uint64_t>::max()},
                            {"x", 1e300},
                            {"b", false}});
    EXPECT_EQ(line["n"], -3);
    EXPECT_EQ(line["big"], std::numeric_limits<std::uint64_t>::max());
    EXPECT_EQ(line["x"], 1e300);
    EXPECT_EQ(line["b"], false);
}

TEST_F(LogTest, json_stays_valid_for_numbers_it_does_not_know) {
    EXPECT_EQ(json({{"x", std::numeric_limits<double>::infinity()}})["x"], "inf");
    EXPECT_TRUE(json({{"x", std::numeric_limits<double>::quiet_NaN()}})["x"].is_string());
}

TEST_F(LogTest, json_stays_valid_for_bytes_that_are_not_utf8) {
    const std::string replacement = "\xef\xbf\xbd";
    EXPECT_EQ(json({{"a", "x\xffy"}})["a"], "x" + replacement + "y");
    EXPECT_EQ(json({{"a", "cut \xe2\x82"}})["a"], "cut " + replacement + replacement);
    EXPECT_EQ(json({{"a", "overlong \xc0\xaf"}})["a"], "overlong " + replacement + replacement);
    for (int byte = 1; byte < 256; ++byte) {
        const std::string value(1, static_cast<char>(byte));
        EXPECT_NO_THROW((void)json({{"a", value + value}})) << byte;
        EXPECT_NO_THROW((void)json({{"a", "\xed" + value + "\x80"}})) << byte;
        EXPECT_NO_THROW((void)json({{"a", "\xf4" + value + "\x80\x80"}})) << byte;
    }
}

TEST_F(LogTest, every_line_names_the_agent_once_it_is_known) {
    configure(Level::info, Format::logfmt, "blue agent");
    EXPECT_THAT(line(Level::info, "started", {}), EndsWith(" agent=\"blue agent\"\n"));
    configure(Level::info, Format::json, "blue");
    EXPECT_EQ(nlohmann::json::parse(line(Level::info, "started", {}))["agent"], "blue");
}

TEST_F(LogTest, time_is_utc_with_milliseconds) {
    const std::string time = json({})["time"];
    EXPECT_THAT(time, testing::MatchesRegex(
                          "20[0-9][0-9]-[0-1][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-6][0-9]"
                          "\\.[0-9][0-9][0-9]Z"));
}

TEST_F(LogTest, levels_below_the_threshold_are_off) {
    configure(Level::warn, Format::logfmt, "");
    EXPECT_FALSE(enabled(Level::debug));
    EXPECT_FALSE(enabled(Level::info));
    EXPECT_TRUE(enabled(Level::warn));
    EXPECT_TRUE(enabled(Level::error));
}

}  // namespace
}  // namespace weir::base::log
