#include "wire/postgresql/literals.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <string_view>

namespace weir::wire::postgresql {
namespace {

TEST(Literals, every_kind_of_literal_becomes_a_question_mark) {
    EXPECT_EQ(
        without_literals("SELECT 'it''s', E'a\\'b', B'01', X'1F', N'n', U&'u', $$d$$, $a$x$$y$a$"),
        "SELECT ?, ?, ?, ?, ?, ?, ?, ?");
    EXPECT_EQ(without_literals("SELECT 1, 1.5, .5, 1e10, 1.5e-3, 0x1F, -2, 1_000"),
              "SELECT ?, ?, ?, ?, ?, ?, -?, ?");
    EXPECT_EQ(without_literals("ALTER USER ann PASSWORD 'secret'"), "ALTER USER ann PASSWORD ?");
}

TEST(Literals, names_and_parameters_stay) {
    EXPECT_EQ(without_literals("SELECT t1.a2, \"My Table\".x$1 FROM t WHERE id = $1 AND e = $23"),
              "SELECT t1.a2, \"My Table\".x$1 FROM t WHERE id = $1 AND e = $23");
}

TEST(Literals, comments_go_and_white_space_is_folded) {
    EXPECT_EQ(without_literals("  SELECT\t/* 'x' /* nested */ y */ a,\n-- it's\n  b \r\n "),
              "SELECT a, b");
    EXPECT_EQ(without_literals("SELECT 1-1, a - -b, 4/2"), "SELECT ?-?, a - -b, ?/?");
    EXPECT_EQ(without_literals("-- only"), "");
}

TEST(Literals, what_has_no_end_is_literal_to_the_end) {
    EXPECT_EQ(without_literals("SELECT 'secret"), "SELECT ?");
    EXPECT_EQ(without_literals("SELECT E'secret\\' more"), "SELECT ?");
    EXPECT_EQ(without_literals("SELECT $a$ secret $b$"), "SELECT ?");
    EXPECT_EQ(without_literals("SELECT \"secret"), "SELECT ?");
    EXPECT_EQ(without_literals("SELECT 1 /* secret"), "SELECT ?");
}

TEST(Literals, a_backslash_before_a_quote_leaves_all_the_rest_in_doubt) {
    EXPECT_EQ(without_literals("SELECT 'a\\', secret"), "SELECT ?");
    EXPECT_EQ(without_literals("SELECT 'a\\\\', b"), "SELECT ?, b");
    EXPECT_EQ(without_literals("SELECT E'a'\n'\\'secret'"), "SELECT ? ?");
}

TEST(Literals, the_text_is_cut_at_its_limit) {
    EXPECT_EQ(without_literals("SELECT abcdef", 10), "SELECT abc");
    EXPECT_EQ(without_literals("SELECT abc", 10), "SELECT abc");
    EXPECT_EQ(without_literals("SELECT abc", 7), "SELECT");
    EXPECT_EQ(without_literals("SELECT abc", 0), "");
    EXPECT_EQ(without_literals(std::string(1000, 'x')), std::string(200, 'x'));
}

TEST(Literals, characters_are_not_cut_in_two) {
    EXPECT_EQ(without_literals("SELECT \xc3\xa4\xc3\xb6", 10), "SELECT \xc3\xa4");
    EXPECT_EQ(without_literals("SELECT \xf0\x9f\x90\x98", 10), "SELECT");
    EXPECT_EQ(without_literals("SELECT \xf0\x9f\x90\x98", 11), "SELECT \xf0\x9f\x90\x98");
}

TEST(Literals, bytes_that_are_no_utf_8_are_replaced) {
    EXPECT_EQ(without_literals("a\xff"
                               "b"),
              "a?b");
    EXPECT_EQ(without_literals("\xc0\x80"), "??");
    EXPECT_EQ(without_literals("\xed\xa0\x80"), "???");
    EXPECT_EQ(without_literals("\xf4\x90\x80\x80"), "????");
    EXPECT_EQ(without_literals("\xe2\x82"), "??");
    EXPECT_EQ(without_literals("\"a\x01\xc3\""), "\"a ?\"");
    EXPECT_EQ(without_literals(std::string_view("a\0b\x7f", 4)), "a b");
}

TEST(Literals, nothing_of_a_literal_is_ever_shown) {
    std::mt19937 random(7);
    constexpr std::string_view around[] = {"SELECT ", "'a\\' ", "E'\\'' ",  "\"q\" ",
                                           "/* ' */", "-- '\n", "$$ ' $$ ", "x'1' ",
                                           "u&'x' ",  "''",     "$1 ",      "\\"};
    for (int round = 0; round < 2000; ++round) {
        std::string sql;
        for (auto i = random() % 6; i > 0; --i) sql += around[random() % std::size(around)];
        for (const std::string_view literal :
             {"'SECRET'", "$x$SECRET$x$", "E'SECRET'", "'SECRET"}) {
            EXPECT_EQ(without_literals(sql + std::string(literal)).find("SECRET"),
                      std::string::npos)
                << sql << literal;
        }
    }
}

}  // namespace
}  // namespace weir::wire::postgresql
