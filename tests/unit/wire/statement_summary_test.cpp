#include "wire/statement_summary.h"

#include <gtest/gtest.h>

namespace weir::wire {
namespace {

TEST(StatementSummary, is_verb_and_table) {
    EXPECT_EQ(summarize("select * from orders where id = ?").text(), "SELECT orders");
    EXPECT_EQ(summarize("SELECT a, (b) FROM shop.orders o JOIN items").text(),
              "SELECT shop.orders");
    EXPECT_EQ(summarize("insert into notes (words) values (?)").text(), "INSERT notes");
    EXPECT_EQ(summarize("UPDATE ONLY \"Order Lines\" SET a = ?").text(), "UPDATE \"Order Lines\"");
    EXPECT_EQ(summarize("DELETE FROM `my`.`orders`").text(), "DELETE `my`.`orders`");
    EXPECT_EQ(summarize("CREATE TABLE IF NOT EXISTS t (id int)").text(), "CREATE t");
    EXPECT_EQ(summarize("TRUNCATE t").text(), "TRUNCATE t");
}

TEST(StatementSummary, of_what_names_no_table_is_the_verb) {
    EXPECT_EQ(summarize("BEGIN").text(), "BEGIN");
    EXPECT_EQ(summarize("SELECT ?").text(), "SELECT");
    EXPECT_EQ(summarize("COMMIT; SELECT a FROM b").text(), "COMMIT");
    EXPECT_EQ(summarize("SELECT a FROM (SELECT b FROM inner_table) x").text(),
              "SELECT inner_table");
}

TEST(StatementSummary, never_shows_what_is_no_name) {
    EXPECT_EQ(summarize("").text(), "");
    EXPECT_EQ(summarize("? ?").text(), "");
    EXPECT_EQ(summarize("SELECT * FROM ?").text(), "SELECT");
    EXPECT_EQ(summarize("SELECT * FROM \"never closed").text(), "SELECT");
    EXPECT_LE(summarize("SELECT * FROM " + std::string(5000, 'a')).text().size(), 200u);
}

}  // namespace
}  // namespace weir::wire
