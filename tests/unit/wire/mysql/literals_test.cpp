#include "wire/mysql/literals.h"

#include <gtest/gtest.h>

namespace weir::wire::mysql {
namespace {

TEST(MysqlLiterals, are_not_shown) {
    EXPECT_EQ(without_literals("SELECT * FROM t WHERE a = 'secret' AND b = \"x\" AND c = 12.5e-3"),
              "SELECT * FROM t WHERE a = ? AND b = ? AND c = ?");
    EXPECT_EQ(without_literals("INSERT INTO t VALUES (0x41, x'41', b'01', N'a', _utf8'b', .5, -1)"),
              "INSERT INTO t VALUES (?, ?, ?, ?, _utf8?, ?, -?)");
    EXPECT_EQ(without_literals("SELECT 'it''s', 'a\\\\', \"say \"\"x\"\"\", 1"),
              "SELECT ?, ?, ?, ?");
}

TEST(MysqlLiterals, leave_names_and_words_to_be_read) {
    EXPECT_EQ(without_literals("SELECT `a b`.`c` , t1.x2, @v := 1 FROM `d`"),
              "SELECT `a b`.`c` , t1.x2, @v := ? FROM `d`");
}

TEST(MysqlLiterals, and_comments_are_left_out) {
    EXPECT_EQ(without_literals("SELECT /* secret */ 1 -- secret\n + 2 # secret\n FROM t"),
              "SELECT ? + ? FROM t");
    EXPECT_EQ(without_literals("SELECT 1--2"), "SELECT ?--?");
    EXPECT_EQ(without_literals("SELECT /*!40101 a, 'b' */ 1"), "SELECT a, ? ?");
    EXPECT_EQ(without_literals("SELECT /*M!100100 a */ 1"), "SELECT a ?");
    EXPECT_EQ(without_literals("SELECT /* no end"), "SELECT");
}

TEST(MysqlLiterals, hide_everything_behind_a_quote_in_doubt) {
    EXPECT_EQ(without_literals("SELECT 'a\\', secret, 'b'"), "SELECT ?");
    EXPECT_EQ(without_literals("SELECT 'open"), "SELECT ?");
    EXPECT_EQ(without_literals("SELECT `open"), "SELECT ?");
}

TEST(MysqlLiterals, are_shown_within_the_limit_and_in_characters) {
    EXPECT_EQ(without_literals("SELECT  \t\n a", 100), "SELECT a");
    EXPECT_EQ(without_literals("SELECT abc", 8), "SELECT a");
    EXPECT_EQ(without_literals("SELECT \xc3\xa4", 8), "SELECT");
    EXPECT_EQ(without_literals("SELECT `\xff\x01`"), "SELECT `? `");
}

}  // namespace
}  // namespace weir::wire::mysql
