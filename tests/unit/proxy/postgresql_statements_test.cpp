#include "proxy/postgresql_statements.h"

#include <gtest/gtest.h>

#include <string>

namespace weir::proxy {
namespace {

using namespace std::string_literals;
using Standing = ServerStatements::Standing;

class Statements : public ::testing::Test {
  protected:
    Statement statement(const std::string& text, const std::string& settings = "ISO") {
        return catalogue_.obtain(text + "\0\0\0"s, settings, {});
    }
    StatementCatalogue catalogue_;
    ServerStatements server_;
};

TEST_F(Statements, equal_definitions_under_equal_settings_are_one) {
    const Statement one = statement("SELECT 1");
    EXPECT_EQ(one, statement("SELECT 1"));
    EXPECT_NE(one, statement("SELECT 2"));
    EXPECT_NE(one, statement("SELECT 1", "German"));
    EXPECT_NE(one->name, statement("SELECT 1", "German")->name);
    EXPECT_EQ(one->definition, "SELECT 1\0\0\0"s);
}

TEST_F(Statements, those_who_have_changed_settings_since_share_one_of_their_own) {
    const Statement one = statement("SELECT 1");
    const auto older = [this](std::string_view now) {
        return catalogue_.obtain("SELECT 1\0\0\0"s, "ISO", {}, now);
    };
    const Statement german = older("German");
    EXPECT_NE(one, german);
    EXPECT_EQ(german, older("German"));
    EXPECT_NE(german, older("SQL"));
    EXPECT_EQ(german->used_under, "German");
    EXPECT_EQ(german->analysed_under, "ISO");
}

TEST_F(Statements, without_certain_settings_nobody_shares_one) {
    const Statement one = statement("SELECT 1", "");
    EXPECT_NE(one, statement("SELECT 1", ""));
}

TEST_F(Statements, a_statement_that_nobody_knows_is_forgotten) {
    { const Statement one = statement("SELECT 1"); }
    EXPECT_EQ(catalogue_.size(), 0U);
}

TEST_F(Statements, a_connection_has_what_it_was_given) {
    const Statement one = statement("SELECT 1");
    EXPECT_EQ(server_.use(*one), Standing::absent);
    server_.add(one);
    EXPECT_EQ(server_.use(*one), Standing::present);
    server_.remove(*one);
    EXPECT_EQ(server_.use(*one), Standing::absent);
}

TEST_F(Statements, doubt_lasts_until_it_is_added_anew) {
    const Statement one = statement("SELECT 1");
    server_.add(one);
    server_.doubt(*one);
    EXPECT_EQ(server_.use(*one), Standing::doubtful);
    server_.add(one);
    EXPECT_EQ(server_.use(*one), Standing::present);
    EXPECT_EQ(server_.size(), 1U);
}

TEST_F(Statements, the_least_recently_used_goes_first) {
    const Statement one = statement("SELECT 1");
    const Statement two = statement("SELECT 2");
    server_.add(one);
    server_.add(two);
    server_.batch_began();
    EXPECT_EQ(server_.use(*one), Standing::present);
    EXPECT_EQ(server_.surplus(3), nullptr) << "there is room";
    EXPECT_EQ(server_.surplus(2), two);
}

TEST_F(Statements, what_the_batch_uses_stays) {
    const Statement one = statement("SELECT 1");
    server_.add(one);
    EXPECT_EQ(server_.surplus(1), nullptr);
    server_.batch_began();
    EXPECT_EQ(server_.surplus(1), one);
    EXPECT_EQ(server_.use(*one), Standing::present);
    EXPECT_EQ(server_.surplus(1), nullptr);
}

TEST_F(Statements, recent_doubt_is_of_the_batch_alone) {
    const Statement one = statement("SELECT 1");
    const Statement two = statement("SELECT 2");
    server_.add(one);
    server_.batch_began();
    server_.add(two);
    server_.doubt_recent();
    EXPECT_EQ(server_.use(*one), Standing::present);
    EXPECT_EQ(server_.use(*two), Standing::doubtful);
}

}  // namespace
}  // namespace weir::proxy
