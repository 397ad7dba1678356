#include "wire/mysql/own_question.h"

#include <gtest/gtest.h>

namespace weir::wire::mysql {
namespace {

TEST(OwnQuestion, is_known_however_it_is_written) {
    const struct {
        const char* text;
        Asked asked;
        const char* column;
    } cases[] = {
        {"SELECT CONNECTION_ID()", Asked::connection_id, "CONNECTION_ID()"},
        {"select found_rows ( )", Asked::found_rows, "found_rows ( )"},
        {" /* app */ SELECT -- x\n ROW_COUNT() ; # end", Asked::row_count, "ROW_COUNT()"},
        {"SELECT LAST_INSERT_ID() AS id", Asked::last_insert_id, "id"},
        {"SELECT LAST_INSERT_ID() id;", Asked::last_insert_id, "id"},
        {"SELECT LAST_INSERT_ID() AS `the id`", Asked::last_insert_id, "the id"},
        {"SELECT LAST_INSERT_ID()'id'", Asked::last_insert_id, "id"},
        {"SELECT CONNECTION_ID() as \"c\"", Asked::connection_id, "c"},
    };
    for (const auto& each : cases) {
        const auto question = own_question(each.text);
        ASSERT_TRUE(question) << each.text;
        EXPECT_EQ(question->asked, each.asked) << each.text;
        EXPECT_EQ(question->column, each.column) << each.text;
    }
}

TEST(OwnQuestion, is_not_seen_in_anything_else) {
    for (const char* const text : {"",
                                   "SELECT",
                                   "SELECT 1",
                                   "SELECT CONNECTION_ID",
                                   "SELECT CONNECTION_ID(",
                                   "SELECT f()",
                                   "SELECT CONNECTION_ID() + 1",
                                   "SELECT CONNECTION_ID(), 1",
                                   "SELECT LAST_INSERT_ID(5)",
                                   "SELECT CONNECTION_ID() FROM t",
                                   "SELECT CONNECTION_ID() FROM",
                                   "SELECT ROW_COUNT() LIMIT 1",
                                   "SELECT ROW_COUNT() INTO @x",
                                   "SELECT ROW_COUNT(); SELECT 1",
                                   "SELECT ROW_COUNT() AS",
                                   "SELECT ROW_COUNT() AS a b",
                                   "SELECT ROW_COUNT() 'a''b'",
                                   "SELECT ROW_COUNT() 'a\\'b'",
                                   "SELECT ROW_COUNT() 1",
                                   "SELECT /*! 1, */ ROW_COUNT()",
                                   "SELECT /*M! 1, */ ROW_COUNT()",
                                   "SELECT ROW_COUNT(/* x */)",
                                   "(SELECT ROW_COUNT())",
                                   "SELECT DISTINCT ROW_COUNT()",
                                   "SELECT d.ROW_COUNT()",
                                   "SELECT ROW_COUNT() /*",
                                   "SELECT ROW_COUNT() --1"}) {
        EXPECT_EQ(own_question(text).has_value(), std::string_view(text).ends_with("/*")) << text;
    }
}

}  // namespace
}  // namespace weir::wire::mysql
