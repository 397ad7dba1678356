#include "proxy/mysql_settings.h"

#include <gtest/gtest.h>

namespace weir::proxy {
namespace {

struct MysqlSettings : testing::Test {
    ParameterSets sets;
    [[nodiscard]] std::string replay(Parameters wanted, Parameters applied, Parameters base = {}) {
        return mysql_replay(*sets.obtain(std::move(wanted)), *sets.obtain(std::move(applied)),
                            *sets.obtain(std::move(base)));
    }
};

TEST_F(MysqlSettings, nothing_is_said_to_a_connection_that_agrees) {
    EXPECT_EQ(replay({{"time_zone", "+01:00"}}, {{"time_zone", "+01:00"}}), "");
}

TEST_F(MysqlSettings, what_differs_is_set_in_one_statement) {
    EXPECT_EQ(replay({{"autocommit", "OFF"}, {"sql_mode", ""}, {"time_zone", "+01:00"}},
                     {{"time_zone", "SYSTEM"}}),
              "SET SESSION autocommit='OFF', sql_mode='', time_zone='+01:00'");
}

TEST_F(MysqlSettings, what_only_the_connection_has_goes_back_to_the_servers_own) {
    EXPECT_EQ(replay({}, {{"sql_mode", "ANSI"}}), "SET SESSION sql_mode=DEFAULT");
}

TEST_F(MysqlSettings, a_value_that_the_connection_had_by_itself_stays) {
    EXPECT_EQ(replay({}, {{"autocommit", "ON"}}, {{"autocommit", "ON"}}), "");
}

TEST_F(MysqlSettings, numbers_are_not_quoted) {
    EXPECT_EQ(replay({{"max_statement_time", "2.500000"}, {"wait_timeout", "30"}}, {}),
              "SET SESSION max_statement_time=2.500000, wait_timeout=30");
    EXPECT_EQ(replay({{"time_zone", "-1.0.0"}, {"x", "."}, {"y", "-3"}}, {}),
              "SET SESSION time_zone='-1.0.0', x='.', y=-3");
}

TEST_F(MysqlSettings, text_reads_the_same_in_every_sql_mode) {
    EXPECT_EQ(replay({{"init", "it's"}}, {}), "SET SESSION init=_utf8 x'69742773'");
    EXPECT_EQ(replay({{"init", "a\\b"}}, {}), "SET SESSION init=_utf8 x'615c62'");
}

TEST_F(MysqlSettings, no_character_set_for_results_is_null) {
    EXPECT_EQ(replay({{"character_set_results", ""}}, {}),
              "SET SESSION character_set_results=NULL");
}

TEST_F(MysqlSettings, a_collation_is_set_again_behind_its_character_set) {
    EXPECT_EQ(replay({{"character_set_connection", "utf8mb4"},
                      {"collation_connection", "utf8mb4_bin"}},
                     {{"character_set_connection", "latin1"},
                      {"collation_connection", "utf8mb4_bin"}}),
              "SET SESSION character_set_connection='utf8mb4', collation_connection='utf8mb4_bin'");
}

TEST(MysqlCarried, what_is_for_one_statement_or_ours_is_not_carried) {
    for (const char* name : {"timestamp", "insert_id", "rand_seed1", "session_track_schema",
                             "session_track_system_variables"}) {
        EXPECT_FALSE(mysql_carried(name)) << name;
    }
    for (const char* name : {"time_zone", "autocommit", "sql_mode", "wait_timeout"}) {
        EXPECT_TRUE(mysql_carried(name)) << name;
    }
}

}  // namespace
}  // namespace weir::proxy
