#include "wire/postgresql/statement_scan.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace weir::wire::postgresql {
namespace statement_scan_test {

std::uint32_t scan(std::string_view text, std::size_t piece, bool standard_strings = true) {
    StatementScan scan;
    scan.reset(standard_strings);
    for (std::size_t at = 0; at < text.size(); at += piece) scan.feed(text.substr(at, piece));
    scan.finish();
    return scan.effects();
}

// Whole, and cut at every place: an effect must not depend on how the text came.
void expect_effects(std::string_view text, std::uint32_t effects) {
    EXPECT_EQ(scan(text, text.size() + 1), effects) << text;
    EXPECT_EQ(scan(text, 1), effects) << "byte by byte: " << text;
    for (std::size_t cut = 0; cut <= text.size(); ++cut) {
        StatementScan scan;
        scan.feed(text.substr(0, cut));
        scan.feed(text.substr(cut));
        scan.finish();
        ASSERT_EQ(scan.effects(), effects) << "cut at " << cut << ": " << text;
    }
}

void expect_each(const std::vector<std::string_view>& texts, Effect effect) {
    for (const std::string_view text : texts) expect_effects(text, effect_bit(effect));
}

TEST(StatementScan, plain_statements_have_no_effect) {
    for (const std::string_view text :
         {"",
          ";",
          "SELECT 1",
          "select abalance from pgbench_accounts where aid = 4711;",
          "UPDATE t SET a = 1, b = 'x' WHERE id = $1",
          "INSERT INTO t (a) VALUES ($1) RETURNING id",
          "INSERT INTO t VALUES (1) ON CONFLICT (a) DO UPDATE SET b = excluded.b",
          "DELETE FROM t USING u WHERE t.id = u.id",
          "BEGIN",
          "COMMIT",
          "ROLLBACK TO SAVEPOINT s",
          "START TRANSACTION ISOLATION LEVEL SERIALIZABLE",
          "SHOW search_path",
          "WITH x AS (SELECT 1) SELECT * FROM x FOR UPDATE",
          "UNLISTEN *",
          "NOTIFY c, 'x'",
          "DEALLOCATE ALL",
          "COPY t FROM STDIN",
          "COMMIT PREPARED 'x'",
          "CLOSE ALL"}) {
        expect_effects(text, 0);
    }
}

TEST(StatementScan, set_changes_a_setting) {
    expect_each(
        {"SET search_path = a, b", "set search_path to a", "SET\tSESSION\nstatement_timeout=0",
         "SET TIME ZONE 'UTC'", "SET NAMES 'UTF8'", "SET",
         "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY", "SET \"local\" = 1",
         "SET my.local = 1", "SET local.x = 1", "SET transaction.x TO 1", "SET DateStyle TO x"},
        Effect::setting);
}

TEST(StatementScan, what_goes_back_to_defaults_leaves_nothing_behind) {
    for (const std::string_view text :
         {"RESET search_path", "RESET ALL", "DISCARD ALL", "discard plans"}) {
        expect_effects(text, 0);
    }
}

TEST(StatementScan, set_of_a_transaction_changes_none) {
    for (const std::string_view text :
         {"SET LOCAL search_path = a", "set local role x", "SET LOCAL SESSION AUTHORIZATION x",
          "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE", "SET TRANSACTION SNAPSHOT 'x'",
          "SET CONSTRAINTS ALL DEFERRED", "SET /* not */ LOCAL -- no\n search_path = a"}) {
        expect_effects(text, 0);
    }
}

TEST(StatementScan, set_as_a_part_of_another_statement_changes_none) {
    for (const std::string_view text :
         {"ALTER TABLE t ALTER COLUMN c SET DEFAULT 1", "ALTER ROLE r SET search_path = a",
          "ALTER DATABASE d RESET ALL", "ALTER FUNCTION f() SET search_path = a",
          "CREATE FUNCTION f() RETURNS int LANGUAGE sql SET search_path = a AS $$ SELECT 1 $$",
          "CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $f$ BEGIN SET x = 1; END $f$",
          "MERGE INTO t USING s ON true WHEN MATCHED THEN UPDATE SET a = 1",
          "SELECT a AS set FROM b", "ALTER SYSTEM SET work_mem = '4MB'"}) {
        expect_effects(text, 0);
    }
}

TEST(StatementScan, every_statement_of_a_text_counts) {
    expect_each({"BEGIN; SET search_path = a; COMMIT", "SELECT 1;SET x=1", ";; set x = 1",
                 "SELECT ';'; SET x = 1", "SET LOCAL x = 1; SET y = 2", "/* c */ SET x = 1",
                 "-- c\nSET x = 1", "-- c\rSET x = 1", "/* /* */ */SET x = 1"},
                Effect::setting);
    expect_effects("LISTEN a; PREPARE p AS SELECT 1; LOAD 'x'", effect_bit(Effect::listen) |
                                                                    effect_bit(Effect::prepared) |
                                                                    effect_bit(Effect::other));
}

TEST(StatementScan, words_in_literals_and_comments_begin_no_statement) {
    for (const std::string_view text :
         {"SELECT '; SET x = 1'", "SELECT E'\\'; SET x = 1'", "SELECT e'a''\\'; SET x = 1'",
          "SELECT $$; SET x = 1; set_config($$", "SELECT $a$; $$ $b$ $ab$ $ SET x = 1 $a$",
          "SELECT 1 -- ; SET x = 1\n", "SELECT 1 /* ; /* x */ ; SET x = 1 */", "SELECT \"; SET x\"",
          "SELECT 'it''s; SET x = 1'", "SELECT '\\'", "SELECT x'; SET y = 1'",
          "SELECT E'a'\n'\\'; SET x = 1'", "SELECT E'a' -- c\n'\\'; SET x = 1'",
          "SELECT '--'; SELECT '/*'", "SELECT a$b$; SELECT 1", "SELECT U&'; SET x = 1'"}) {
        expect_effects(text, 0);
    }
}

TEST(StatementScan, literals_end_where_they_end) {
    expect_each(
        {"SELECT '\\'; SET x = 1", "SELECT E'\\\\'; SET x = 1", "SELECT $$ $a$ $$; SET x = 1",
         "SELECT $a$ $a $a$; SET x = 1", "SELECT $a$ $$a$; SET x = 1", "SELECT $1$$ $$; SET x = 1",
         "SELECT a$$; SET x = 1", "SELECT $1; SET x = 1", "SELECT some'x\\'; SET x = 1",
         "SELECT 1-1/1; SET x = 1", "SELECT \"a\"\"b\"; SET x = 1", "SELECT E'a', '\\'; SET x = 1",
         "SELECT $foo; SET x = 1", "SELECT /***/1; SET x = 1"},
        Effect::setting);
}

TEST(StatementScan, without_standard_strings_a_backslash_hides_a_quote) {
    constexpr std::string_view text = "SELECT '\\''; SET x = 1; SELECT ''";
    EXPECT_EQ(scan(text, 1, true), 0U);
    EXPECT_EQ(scan(text, 1, false), effect_bit(Effect::setting));
}

TEST(StatementScan, roles_are_other_than_settings) {
    expect_each({"SET ROLE r", "SET SESSION ROLE r", "SET SESSION AUTHORIZATION r",
                 "SET SESSION SESSION AUTHORIZATION r", "LOAD 'auto_explain'"},
                Effect::other);
}

TEST(StatementScan, set_config_counts_unless_it_is_local) {
    expect_each(
        {"SELECT set_config('a', 'b', false)", "select pg_catalog.SET_CONFIG('a','b',$1)",
         "SELECT \"set_config\"('a', 'b', false)", "SELECT set_config ('a', 'b', 'true')",
         "SELECT set_config('a', set_config('b', 'c', false), true)",
         "SELECT set_config('a', 'b', not true)", "SELECT set_config('a', 'b', true and x)",
         "SELECT set_config('a', f(1, true), false)", "SELECT set_config('a', 'b', true::x)",
         "SELECT set_config(/**/'a', 'b', true", "UPDATE t SET a = set_config('a', 'b', false)"},
        Effect::setting);
    for (const std::string_view text :
         {"SELECT set_config('a', 'b', true)", "SELECT set_config('a', f(1, ')'), TRUE ), 2",
          "SELECT 'set_config(x)'", "SELECT set_config FROM t", "SELECT set_configuration(1)"}) {
        expect_effects(text, 0);
    }
}

using Names = std::vector<std::string>;

StatementWords words_of(std::string_view text) {
    StatementScan scan;
    scan.feed(text);
    scan.finish();
    return scan.words();
}

TEST(StatementScan, settings_are_told_by_name) {
    const std::vector<std::pair<std::string_view, Names>> cases{
        {"SET work_mem = '4MB'", {"work_mem"}},
        {"set session Work_Mem to 4", {"work_mem"}},
        {"SET \"TimeZone\" = 'UTC'", {"timezone"}},
        {"SET my.own = 1", {"my.own"}},
        {"SET TIME ZONE 'UTC'", {"timezone"}},
        {"SET NAMES 'utf8'", {"client_encoding"}},
        {"SET SCHEMA 'a'", {"search_path"}},
        {"SET idle_in_transaction_session_timeout TO 0", {"idle_in_transaction_session_timeout"}},
        {"SET a = 1; SELECT 1; SET b TO 2", {"a", "b"}},
        {"SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY",
         {"default_transaction_isolation", "default_transaction_read_only",
          "default_transaction_deferrable"}},
        {"SET transaction_isolation = 'serializable'", {}},
        {"SET LOCAL work_mem = 1", {}},
        {"SELECT 1", {}}};
    for (const auto& [text, names] : cases) {
        EXPECT_EQ(words_of(text).settings(), names) << text;
        EXPECT_FALSE(words_of(text).settings_unknown()) << text;
    }
}

TEST(StatementScan, resets_are_told_by_name) {
    EXPECT_EQ(words_of("RESET work_mem").resets(), Names{"work_mem"});
    EXPECT_EQ(words_of("reset My.Own; SET a = 1").resets(), Names{"my.own"});
    EXPECT_EQ(words_of("RESET TIME ZONE").resets(), Names{"timezone"});
    EXPECT_TRUE(words_of("RESET ALL").resets_all());
    EXPECT_FALSE(words_of("RESET a").resets_all());
    EXPECT_TRUE(words_of("RESET a").settings().empty());
}

TEST(StatementScan, set_to_default_is_a_reset) {
    const std::vector<std::pair<const char*, Names>> cases{
        {"SET work_mem TO DEFAULT", {"work_mem"}},
        {"SET SESSION my.own = default", {"my.own"}},
        {"SET \"TimeZone\" TO /**/ DEFAULT", {"timezone"}},
        {"SET TIME ZONE LOCAL", {"timezone"}},
        {"SET TIME ZONE DEFAULT", {"timezone"}},
        {"SET NAMES", {"client_encoding"}},
        {"SET NAMES DEFAULT", {"client_encoding"}},
        {"SET a = DEFAULT; SET b = 1; SET c = DEFAULT", {"a", "c"}}};
    for (const auto& [text, names] : cases) {
        EXPECT_EQ(words_of(text).resets(), names) << text;
        EXPECT_FALSE(words_of(text).settings_unknown()) << text;
    }
    for (const char* text : {"SET a = 'default'", "SET a = \"default\"", "SET a = 1, default",
                             "SET LOCAL a = DEFAULT", "SELECT set, default"}) {
        EXPECT_TRUE(words_of(text).resets().empty()) << text;
    }
}

TEST(StatementScan, what_sets_something_without_its_name_is_unknown) {
    for (const std::string_view text :
         {"SET", "SET a", "SET a b", "SET 'a' = 1", "SET local.a = 1", "SET XML OPTION DOCUMENT",
          "SELECT set_config('a', 'b', false)", "DO $$ BEGIN SET a = 1; END $$",
          "DO $$ BEGIN RESET a; END $$"}) {
        EXPECT_TRUE(words_of(text).settings_unknown()) << text;
    }
    std::string many;
    for (std::size_t i = 0; i <= StatementWords::most_settings; ++i) {
        many += "SET a" + std::to_string(i) + " = 1;";
    }
    EXPECT_TRUE(words_of(many).settings_unknown());
}

TEST(StatementScan, sql_level_prepare_and_execute_count) {
    expect_each({"PREPARE p AS SELECT 1", "PREPARE \"p\" (int) AS SELECT $1",
                 "prepare transaction as select 1", "PREPARE transaction (int) AS SELECT $1",
                 "EXECUTE p(1)", "EXPLAIN ANALYZE EXECUTE p", "EXPLAIN (costs off) EXECUTE p"},
                Effect::prepared);
    expect_effects("PREPARE TRANSACTION 'x'", 0);
    expect_effects("PREPARE TRANSACTION $$x$$", 0);
}

TEST(StatementScan, temporary_tables_count) {
    expect_each(
        {"CREATE TEMP TABLE t (a int)", "CREATE TEMPORARY TABLE t AS SELECT 1",
         "create local temp table t ()", "CREATE GLOBAL TEMPORARY TABLE t ()",
         "CREATE OR REPLACE TEMP VIEW v AS SELECT 1", "CREATE TEMP SEQUENCE s",
         "SELECT 1 INTO TEMP t", "SELECT 1 AS a INTO LOCAL TEMPORARY TABLE t",
         "CREATE TABLE pg_temp.t ()", "CREATE TABLE \"pg_temp\".t ()", "DROP TABLE pg_temp_3.t",
         "CREATE TEMP TABLE t () ON COMMIT DELETE ROWS",
         "CREATE TEMP TABLE t () ON COMMIT PRESERVE ROWS; SELECT 1",
         "CREATE TEMP TABLE t (commit drop)", "EXPLAIN ANALYZE CREATE TEMP TABLE t AS SELECT 1"},
        Effect::temp_table);
}

TEST(StatementScan, temporary_tables_that_end_with_their_transaction_do_not_count) {
    expect_effects("CREATE TEMP TABLE t (a int) ON COMMIT DROP", 0);
    expect_effects("CREATE TEMP TABLE t ON COMMIT /* now */ DROP AS SELECT 1; SELECT 2", 0);
    expect_effects("CREATE TEMP TABLE t () ON COMMIT DROP; CREATE TEMP TABLE u ()",
                   effect_bit(Effect::temp_table));
}

TEST(StatementScan, tables_that_are_only_named_so_do_not_count) {
    for (const std::string_view text :
         {"CREATE TABLE temp (a int)", "CREATE TABLE t (temp int)", "INSERT INTO temp VALUES (1)",
          "SELECT temp FROM weather", "SELECT a INTO t FROM b", "CREATE UNLOGGED TABLE t ()",
          "SELECT 'pg_temp'"}) {
        expect_effects(text, 0);
    }
}

TEST(StatementScan, listen_counts) {
    expect_each({"LISTEN c", "listen \"C\"", "BEGIN;LISTEN c;COMMIT"}, Effect::listen);
}

TEST(StatementScan, session_advisory_locks_count) {
    expect_each({"SELECT pg_advisory_lock(1)", "SELECT pg_try_advisory_lock(1, 2)",
                 "SELECT pg_advisory_lock_shared(1)", "select PG_TRY_ADVISORY_LOCK_SHARED(1)",
                 "SELECT pg_catalog.pg_advisory_lock(1)", "SELECT \"pg_advisory_lock\"(1)",
                 "WITH x AS (SELECT pg_try_advisory_lock(id) FROM t) SELECT * FROM x"},
                Effect::advisory_lock);
    for (const std::string_view text :
         {"SELECT pg_advisory_xact_lock(1)", "SELECT pg_try_advisory_xact_lock_shared(1)",
          "SELECT pg_advisory_unlock(1)", "SELECT pg_advisory_unlock_all()"}) {
        expect_effects(text, 0);
    }
}

TEST(StatementScan, cursors_with_hold_count) {
    expect_each({"DECLARE c CURSOR WITH HOLD FOR SELECT 1",
                 "declare c binary insensitive cursor with\nhold for select 1"},
                Effect::cursor);
    expect_effects("DECLARE c CURSOR FOR SELECT 1", 0);
    expect_effects("DECLARE c CURSOR WITHOUT HOLD FOR SELECT 1", 0);
    expect_effects("WITH hold AS (SELECT 1) SELECT * FROM hold", 0);
}

TEST(StatementScan, every_word_of_a_block_counts) {
    expect_each(
        {"DO $$ BEGIN PERFORM set_config('a', 'b', true); END $$", "DO $$ BEGIN SET x = 1; END $$",
         "DO LANGUAGE plpgsql 'BEGIN SET x = 1; END'", "do $$begin -- update\nset x=1; end$$",
         "DO $$ BEGIN -- we do not SET LOCAL\n SET x = 1; END $$",
         "DO $a$ BEGIN /*'*/ SET x = 1; END $a$", "CALL p('SET x = 1')",
         "DO $$ BEGIN IF 'a' THEN SET x = 1; END IF; END $$"},
        Effect::setting);
    expect_effects("DO $$ BEGIN EXECUTE 'CREATE TEMP TABLE t ()'; END $$",
                   effect_bit(Effect::prepared) | effect_bit(Effect::temp_table));
    expect_effects("DO $$ BEGIN PERFORM pg_advisory_lock(1); LISTEN c; END $$",
                   effect_bit(Effect::advisory_lock) | effect_bit(Effect::listen));
    expect_effects("DO $$ BEGIN SET LOCAL x = 1; INSERT INTO t VALUES (1); END $$", 0);
    expect_effects("CALL p(1, 'a')", 0);
}

TEST(StatementScan, names_in_unicode_escapes_are_not_trusted) {
    expect_effects("SELECT U&\"set\\005fconfig\"('a', 'b', false)", effect_bit(Effect::other));
    expect_effects("SELECT u & \"name\"", 0);
}

TEST(StatementScan, a_dollar_tag_too_long_to_follow_is_not_trusted) {
    const std::string longest = "$" + std::string(63, 'a') + "$";
    const std::string longer = "$" + std::string(64, 'a') + "$";
    expect_effects("SELECT " + longest + "; SET x = 1" + longest, 0);
    EXPECT_NE(scan("SELECT " + longer + "; SET x = 1" + longer, 1), 0U);
}

TEST(StatementScan, long_words_are_no_short_ones) {
    expect_effects("SELECT set_config" + std::string(100, 'x') + "(1)", 0);
    expect_effects("SELECT \"set_config" + std::string(100, 'x') + "\"(1)", 0);
}

TEST(StatementScan, reset_begins_a_new_text) {
    StatementScan scan;
    scan.feed("SET x = '");
    scan.reset();
    EXPECT_EQ(scan.effects(), 0U);
    scan.feed("SELECT 1");
    scan.finish();
    EXPECT_EQ(scan.effects(), 0U);
    EXPECT_FALSE(scan.has(Effect::setting));
}

TEST(CommandTag, tags_prove_their_effects) {
    EXPECT_EQ(effect_of_tag("SET"), Effect::setting);
    EXPECT_EQ(effect_of_tag("RESET"), Effect::setting);
    EXPECT_EQ(effect_of_tag("LISTEN"), Effect::listen);
    EXPECT_EQ(effect_of_tag("PREPARE"), Effect::prepared);
    EXPECT_EQ(effect_of_tag("LOAD"), Effect::other);
    EXPECT_EQ(effect_of_tag(std::string_view("SET\0", 4)), Effect::setting);
    for (const std::string_view tag : {"", "SELECT 1", "SET CONSTRAINTS", "PREPARE TRANSACTION",
                                       "DISCARD ALL", "UNLISTEN", "SETX"}) {
        EXPECT_EQ(effect_of_tag(tag), std::nullopt) << tag;
    }
}

TEST(CommandTag, two_tags_clear_prepared_statements) {
    EXPECT_TRUE(clears_statements("DISCARD ALL"));
    EXPECT_TRUE(clears_statements("DEALLOCATE ALL"));
    EXPECT_FALSE(clears_statements("DEALLOCATE"));
    EXPECT_FALSE(clears_statements("DISCARD PLANS"));
}

TEST(CommandTag, only_discard_all_clears_a_session) {
    EXPECT_TRUE(clears_session("DISCARD ALL"));
    EXPECT_TRUE(clears_session(std::string_view("DISCARD ALL\0", 12)));
    EXPECT_FALSE(clears_session("DISCARD PLANS"));
    EXPECT_FALSE(clears_session("DEALLOCATE ALL"));
}

}  // namespace statement_scan_test
}  // namespace weir::wire::postgresql
