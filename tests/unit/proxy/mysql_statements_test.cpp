#include "proxy/mysql_statements.h"

#include <gtest/gtest.h>

namespace weir::proxy {
namespace {

using wire::mysql::Verb;

struct MysqlStatements : testing::Test {
    MysqlStatementCatalogue catalogue;
    MysqlServerStatements server;
    MysqlStatementRef make(std::string_view text, std::string_view analysed_under = {}) {
        return catalogue.obtain(text, std::string(analysed_under) + '\0', 0, Verb::select);
    }
};

TEST_F(MysqlStatements, clients_with_the_same_text_and_settings_share_one) {
    const auto one = make("SELECT 1");
    EXPECT_EQ(make("SELECT 1"), one);
    EXPECT_NE(make("SELECT 2"), one);
    EXPECT_NE(make("SELECT 1", "ANSI"), one);
}

TEST_F(MysqlStatements, one_that_nobody_has_is_forgotten) {
    make("SELECT 1");
    EXPECT_EQ(catalogue.size(), 0u);
    const auto kept = make("SELECT 2");
    EXPECT_EQ(catalogue.size(), 1u);
}

TEST_F(MysqlStatements, only_settings_that_act_on_a_text_tell_statements_apart) {
    ParameterSets sets;
    const auto plain = sets.obtain({{"time_zone", "+01:00"}});
    const auto ansi = sets.obtain({{"sql_mode", "ANSI_QUOTES"}});
    EXPECT_EQ(mysql_analysis(*plain), mysql_analysis(*sets.empty()));
    EXPECT_NE(mysql_analysis(*ansi), mysql_analysis(*sets.empty()));
}

TEST_F(MysqlStatements, a_connection_gives_up_the_least_recently_used) {
    const auto a = make("a"), b = make("b"), c = make("c");
    (void)server.add(a, 1);
    (void)server.add(b, 2);
    ASSERT_NE(server.use(*a), nullptr);
    (void)server.add(c, 3);
    EXPECT_EQ(server.evict(2, *c), 2u);
    EXPECT_EQ(server.evict(2, *c), 0u);
    EXPECT_EQ(server.use(*b), nullptr);
    EXPECT_EQ(server.use(*a)->id, 1u);
}

TEST_F(MysqlStatements, the_one_that_is_needed_now_is_never_given_up) {
    const auto a = make("a");
    (void)server.add(a, 1);
    EXPECT_EQ(server.evict(0, *a), 0u);
    EXPECT_EQ(server.size(), 1u);
}

}  // namespace
}  // namespace weir::proxy
