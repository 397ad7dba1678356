#include "proxy/console_command.h"

#include <gtest/gtest.h>

namespace weir::proxy {
namespace {

std::string refused(std::string_view text) {
    const auto command = parse_console_command(text);
    return command ? "" : command.error().message;
}

TEST(ConsoleCommand, words_are_understood_in_any_case_with_spaces_and_semicolons) {
    for (const char* text : {"SHOW POOLS", "show pools;", "  Show\n Pools ; "}) {
        const auto command = parse_console_command(text);
        ASSERT_TRUE(command) << text;
        EXPECT_EQ(command->verb, ConsoleVerb::show);
        EXPECT_EQ(command->subject, ConsoleSubject::pools);
    }
}

TEST(ConsoleCommand, a_database_may_stand_in_quotes) {
    EXPECT_EQ(parse_console_command("PAUSE tenant_a")->database, "tenant_a");
    EXPECT_EQ(parse_console_command("PAUSE \"a \"\"b\"\"\";")->database, "a \"b\"");
    EXPECT_EQ(parse_console_command("PAUSE")->database, "");
    for (const char* text : {"PAUSE \"a", "PAUSE \"\"", "PAUSE a b", "PAUSE \"a\"b", "PAUSE a;b"}) {
        EXPECT_NE(refused(text), "") << text;
    }
}

TEST(ConsoleCommand, forgetting_a_word_kills_and_refuses_nobody) {
    for (const char* text : {"KILL", "KILL ;", "DISABLE", "ENABLE"}) {
        EXPECT_EQ(refused(text), "a database is required") << text;
    }
}

TEST(ConsoleCommand, anything_else_is_told_with_the_way_to_help) {
    for (const char* text : {"SELECT 1", "SHOW", "SHOW NOTHING", "SHOW POOLS x", "RELOAD x",
                             "SHUTDOWN now", "SHOW VERSION; SHOW VERSION"}) {
        EXPECT_NE(refused(text).find("use SHOW HELP;"), std::string::npos) << text;
    }
    EXPECT_LT(refused(std::string(5000, 'x')).size(), 200U);
}

TEST(ConsoleCommand, blank_is_no_command) {
    EXPECT_TRUE(is_blank(" ;\n"));
    EXPECT_FALSE(is_blank("SHOW"));
}

}  // namespace
}  // namespace weir::proxy
