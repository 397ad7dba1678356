#include "proxy/statement_text.h"

#include <gtest/gtest.h>

#include "wire/postgresql/messages.h"

namespace weir::proxy {
namespace {

namespace pg = wire::postgresql;
using namespace std::string_literals;

TEST(StatementText, a_query_is_shown_without_its_literals) {
    EXPECT_EQ(statement_text(pg::query("SELECT * FROM t WHERE name = 'secret' AND id = 42")),
              "SELECT * FROM t WHERE name = ? AND id = ?");
}

TEST(StatementText, a_parse_is_shown_without_its_name_and_types) {
    const std::string body = "name\0SELECT 1\0\0\0"s;
    std::string message = "P\0\0\0"s;
    message += static_cast<char>(body.size() + 4);
    EXPECT_EQ(statement_text(message + body), "SELECT ?");
}

TEST(StatementText, a_cut_off_request_shows_no_literal_either) {
    const std::string whole = pg::query("UPDATE t SET password = 'hunter2 and more'");
    EXPECT_EQ(statement_text(std::string_view(whole).substr(0, whole.size() - 8)).find("hunter"),
              std::string::npos);
}

TEST(StatementText, requests_without_a_text_show_nothing) {
    EXPECT_EQ(statement_text(pg::sync()), "");
    EXPECT_EQ(statement_text(""), "");
    EXPECT_EQ(statement_text("garbage"), "");
}

}  // namespace
}  // namespace weir::proxy
