#include "wire/mysql/statement_scan.h"

#include <gtest/gtest.h>

#include <initializer_list>
#include <string>
#include <vector>

namespace weir::wire::mysql {
namespace statement_scan_test {

StatementScan scanned(std::string_view text, StatementScan::Rules rules = {},
                      std::size_t size = 1U << 20U) {
    StatementScan scan;
    scan.reset(rules);
    for (std::size_t at = 0; at < text.size(); at += size) scan.feed(text.substr(at, size));
    scan.finish();
    return scan;
}

// The traits of a text, which are the same however it is cut.
Traits traits(std::string_view text, StatementScan::Rules rules = {}) {
    const Traits whole = scanned(text, rules).traits();
    for (const std::size_t size : {1, 2, 3, 7}) {
        EXPECT_EQ(scanned(text, rules, size).traits(), whole) << text << " by " << size;
    }
    return whole;
}

constexpr Traits none = 0;
Traits bits(std::initializer_list<Trait> all) { return trait_bits(all); }

std::vector<std::string> settings(const StatementScan& scan) {
    std::vector<std::string> names;
    for (std::size_t i = 0; i < scan.words().settings(); ++i) {
        names.emplace_back(scan.words().setting(i));
    }
    return names;
}

using enum Trait;

TEST(MysqlStatementScan, finds_nothing_in_ordinary_statements) {
    for (const char* const text :
         {"SELECT * FROM t WHERE a = 1 AND b = 'x' ORDER BY c DESC LIMIT 10",
          "INSERT INTO t (a, b) VALUES (1, 'SET @x = 1'), (2, \"GET_LOCK('a')\")",
          "UPDATE t SET a = 1, b = `set`.`c` WHERE id = 5 -- SET @x = 1",
          "DELETE FROM t WHERE a IN (SELECT b FROM u) # LOCK TABLES t",
          "REPLACE INTO t SET a = 1 /* CREATE TEMPORARY TABLE x */",
          "TRUNCATE t",
          "WITH c AS (SELECT 1) SELECT * FROM c",
          "(SELECT 1) UNION (SELECT 2)",
          "SELECT a-1, b/2, c*3, 'it''s', \"say \"\"x\"\"\" FROM t",
          "CREATE TABLE t (a INT)",
          "ALTER TABLE t ADD b INT",
          "DROP TABLE t",
          "SHOW TABLES",
          "DESCRIBE t",
          "EXPLAIN SELECT 1",
          "SELECT last_insert_id, get_lock FROM t",
          "SELECT @@version, @@session.sql_mode",
          "ANALYZE TABLE t",
          "SAVEPOINT a",
          "ROLLBACK TO SAVEPOINT a",
          "ROLLBACK WORK TO a",
          "RELEASE SAVEPOINT a",
          "DO SLEEP(0)",
          "",
          ";",
          "  /* nothing */ -- at all",
          "SELECT 1 FROM t FOR UPDATE",
          "SELECT 1 LOCK IN SHARE MODE",
          "SELECT 1--1",
          "SELECT -1"}) {
        EXPECT_EQ(traits(text), none) << text;
    }
}

TEST(MysqlStatementScan, tells_the_first_statement_s_verb) {
    const std::pair<const char*, Verb> cases[] = {
        {"select 1", Verb::select},
        {" ( SELECT 1 )", Verb::select},
        {"/* x */ INSERT INTO t VALUES (1)", Verb::insert},
        {"update t set a = 1", Verb::update},
        {"DELETE FROM t", Verb::remove},
        {"REPLACE t VALUES (1)", Verb::replace},
        {"SET a = 1; SELECT 1", Verb::set},
        {"SET STATEMENT max_statement_time = 1 FOR SELECT 1", Verb::select},
        {"USE d", Verb::use},
        {"BEGIN", Verb::begin},
        {"START TRANSACTION READ ONLY", Verb::begin},
        {"COMMIT", Verb::commit},
        {"ROLLBACK", Verb::rollback},
        {"ROLLBACK TO a", Verb::savepoint},
        {"CALL p()", Verb::call},
        {"EXECUTE s", Verb::execute},
        {"SHOW TABLES", Verb::show},
        {"KILL 5", Verb::kill},
        {"CREATE TABLE t (a INT)", Verb::definition},
        {"CHECK TABLE t", Verb::other},
        {"", Verb::none},
        {"-- x", Verb::none}};
    for (const auto& [text, verb] : cases) EXPECT_EQ(scanned(text).verb(), verb) << text;
}

TEST(MysqlStatementScan, finds_user_variables_and_who_sets_them) {
    for (const char* const text :
         {"SET @x = 1", "SET @a.b := 1", "SET @`x y` = 1", "SET sql_mode = '', @x = 1"}) {
        EXPECT_NE(traits(text) & bits({user_variable_set}), none) << text;
    }
    for (const char* const text :
         {"SELECT @x := 1", "SELECT @x:=@x+1 FROM t", "SELECT @'a b' := 1", "SELECT @'a''b' := 1",
          "SELECT @`a``b` := 1", "SELECT @a.b := 1", "UPDATE t SET a = @x := 5",
          "SELECT a INTO @x FROM t", "SELECT 1 INTO/**/@x", "SELECT 1 FROM t INTO @a, @b",
          "CALL p(@x)", "LOAD DATA INFILE 'f' INTO TABLE t (a, @x) SET b = @x",
          "GET DIAGNOSTICS @n = NUMBER"}) {
        EXPECT_NE(traits(text) & bits({user_variable_set}), none) << text;
    }
    EXPECT_EQ(traits("SELECT @x"), bits({user_variable_read}));
    EXPECT_EQ(traits("INSERT INTO t SELECT @x"), bits({user_variable_read}));
    EXPECT_EQ(traits("INSERT INTO t SET a = @x"), bits({user_variable_read}));
    EXPECT_EQ(traits("SELECT '@x := 1', \"@x\", `@x`"), none);
}

TEST(MysqlStatementScan, finds_what_a_session_holds) {
    EXPECT_EQ(traits("CREATE TEMPORARY TABLE t (a INT)"), bits({temporary_table_created}));
    EXPECT_EQ(traits("CREATE OR REPLACE TEMPORARY TABLE t (a INT)"),
              bits({temporary_table_created}));
    EXPECT_EQ(traits("DROP TEMPORARY TABLE t"), bits({temporary_table_dropped}));
    EXPECT_EQ(traits("CREATE TABLE temporary (a INT)"), none);
    EXPECT_EQ(traits("SELECT GET_LOCK('a', 1)"), bits({advisory_lock_taken}));
    EXPECT_EQ(traits("SELECT `get_lock` ('a', 1)"), bits({advisory_lock_taken}));
    EXPECT_EQ(traits("DO get_lock/* x */('a', 1)"), bits({advisory_lock_taken}));
    EXPECT_EQ(traits("SELECT RELEASE_LOCK('a')"), bits({advisory_lock_released}));
    EXPECT_EQ(traits("SELECT RELEASE_ALL_LOCKS()"), bits({advisory_locks_released}));
    EXPECT_EQ(traits("LOCK TABLES t READ"), bits({tables_locked}));
    EXPECT_EQ(traits("UNLOCK TABLES"), bits({tables_unlocked}));
    EXPECT_EQ(traits("FLUSH TABLES WITH READ LOCK"), bits({read_locked}));
    EXPECT_EQ(traits("FLUSH TABLES t FOR EXPORT"), bits({tables_locked}));
    EXPECT_EQ(traits("FLUSH STATUS"), none);
    EXPECT_EQ(traits("PREPARE s FROM 'SELECT 1'"), bits({prepared}));
    EXPECT_EQ(traits("EXECUTE IMMEDIATE 'SET @x = 1'"), bits({prepared}));
    EXPECT_EQ(traits("DEALLOCATE PREPARE s"), bits({deallocated}));
    EXPECT_EQ(traits("DROP PREPARE s"), bits({deallocated}));
    EXPECT_EQ(traits("HANDLER t OPEN"), bits({handler_opened}));
    EXPECT_EQ(traits("HANDLER t READ FIRST"), bits({handler_opened}));
    EXPECT_EQ(traits("HANDLER t CLOSE"), bits({handler_closed}));
    EXPECT_EQ(traits("XA START 'a'"), bits({distributed}));
    EXPECT_EQ(traits("BACKUP STAGE START"), bits({tables_locked}));
}

TEST(MysqlStatementScan, finds_questions_about_the_statement_before) {
    EXPECT_EQ(traits("SELECT SQL_CALC_FOUND_ROWS * FROM t LIMIT 1"), bits({found_rows_counted}));
    EXPECT_EQ(traits("SELECT FOUND_ROWS()"), bits({asks_found_rows}));
    EXPECT_EQ(traits("SELECT ROW_COUNT()"), bits({asks_row_count}));
    EXPECT_EQ(traits("SELECT LAST_INSERT_ID()"), bits({asks_last_insert_id}));
    EXPECT_EQ(traits("INSERT INTO t VALUES (LAST_INSERT_ID ( ), 1)"), bits({asks_last_insert_id}));
    EXPECT_EQ(traits("UPDATE t SET a = LAST_INSERT_ID(a + 1)"), bits({last_insert_id_set}));
    EXPECT_EQ(traits("SELECT LAST_INSERT_ID('5')"), bits({last_insert_id_set}));
    EXPECT_EQ(traits("SELECT LAST_INSERT_ID(@x)"), bits({last_insert_id_set, user_variable_read}));
    EXPECT_EQ(traits("SELECT LAST_INSERT_ID((1))"), bits({last_insert_id_set}));
    EXPECT_EQ(traits("SELECT @@last_insert_id"), bits({asks_last_insert_id}));
    EXPECT_EQ(traits("SELECT @@session.identity"), bits({asks_last_insert_id}));
    for (const char* const text : {"SHOW WARNINGS", "SHOW ERRORS LIMIT 1", "SHOW COUNT(*) WARNINGS",
                                   "SELECT @@warning_count", "SELECT @@session . error_count",
                                   "GET DIAGNOSTICS CONDITION 1 a = MESSAGE_TEXT"}) {
        EXPECT_EQ(traits(text), bits({asks_diagnostics})) << text;
    }
    EXPECT_EQ(traits("SELECT NEXTVAL(s)"), bits({sequence_taken}));
    EXPECT_EQ(traits("SELECT NEXT VALUE FOR s"), bits({sequence_taken}));
    EXPECT_EQ(traits("SELECT LASTVAL(s)"), bits({asks_last_value}));
    EXPECT_EQ(traits("SELECT PREVIOUS VALUE FOR s"), bits({asks_last_value}));
}

TEST(MysqlStatementScan, says_where_connection_id_stands) {
    const std::string text = "SELECT 'connection_id()', CONNECTION_ID(), connection_id ( ) + 1";
    for (const std::size_t size : {1, 4, 1000}) {
        const StatementScan scan = scanned(text, {}, size);
        EXPECT_TRUE(scan.has(asks_connection_id));
        ASSERT_EQ(scan.words().connection_ids(), 2u);
        const TextRange first = scan.words().connection_id(0);
        const TextRange second = scan.words().connection_id(1);
        EXPECT_EQ(text.substr(first.begin, first.end - first.begin), "CONNECTION_ID()");
        EXPECT_EQ(text.substr(second.begin, second.end - second.begin), "connection_id ( )");
    }
    EXPECT_EQ(scanned("SELECT connection_id FROM t").words().connection_ids(), 0u);
    EXPECT_EQ(scanned("KILL CONNECTION_ID()").words().connection_ids(), 1u);
    std::string many = "SELECT 1";
    for (int i = 0; i < 9; ++i) many += ", CONNECTION_ID()";
    EXPECT_TRUE(scanned(many).has(unknown));
}

TEST(MysqlStatementScan, follows_transactions) {
    EXPECT_EQ(traits("BEGIN"), bits({begins}));
    EXPECT_EQ(traits("BEGIN WORK;"), bits({begins}));
    EXPECT_EQ(traits("START TRANSACTION WITH CONSISTENT SNAPSHOT"), bits({begins}));
    EXPECT_EQ(traits("START SLAVE"), none);
    EXPECT_EQ(traits("COMMIT"), bits({commits}));
    EXPECT_EQ(traits("COMMIT AND CHAIN"), bits({commits, chains}));
    EXPECT_EQ(traits("COMMIT AND NO CHAIN NO RELEASE"), bits({commits}));
    EXPECT_EQ(traits("ROLLBACK"), bits({rolls_back}));
    EXPECT_EQ(traits("ROLLBACK AND CHAIN"), bits({rolls_back, chains}));
    EXPECT_EQ(traits("ROLLBACK RELEASE"), bits({rolls_back, disconnects}));
    EXPECT_EQ(traits("BEGIN; ROLLBACK TO a; ROLLBACK"), bits({begins, rolls_back}));
}

TEST(MysqlStatementScan, names_the_settings_that_set_assigns) {
    const std::pair<const char*, std::vector<std::string>> cases[] = {
        {"SET autocommit = 0", {"autocommit"}},
        {"SET SESSION Sort_Buffer_Size = 1, @@max_error_count := 5",
         {"sort_buffer_size", "max_error_count"}},
        {"SET @@session.wait_timeout = 5, LOCAL x = DEFAULT", {"wait_timeout", "x"}},
        {"SET a = GREATEST(1, 2), b = (SELECT 1, 2)", {"a", "b"}},
        {"SET NAMES utf8mb4 COLLATE utf8mb4_bin", {"names"}},
        {"SET CHARACTER SET latin1, a = 1", {"character set", "a"}},
        {"SET CHARSET latin1", {"character set"}},
        {"SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED, READ ONLY", {"transaction"}},
        {"SET `autocommit` = 1", {"autocommit"}}};
    for (const auto& [text, names] : cases) {
        EXPECT_EQ(settings(scanned(text)), names) << text;
        EXPECT_EQ(settings(scanned(text, {}, 1)), names) << text;
        EXPECT_EQ(traits(text), bits({setting})) << text;
    }
}

TEST(MysqlStatementScan, tells_what_set_does_besides) {
    EXPECT_EQ(traits("SET GLOBAL max_connections = 5"), bits({global_set}));
    EXPECT_EQ(traits("SET @@global.max_connections = 5"), bits({global_set}));
    EXPECT_EQ(traits("SET PERSIST max_connections = 5"), bits({global_set}));
    EXPECT_EQ(traits("SET GLOBAL TRANSACTION READ ONLY"), bits({global_set}));
    EXPECT_EQ(traits("SET GLOBAL a = 1, b = 2"), bits({global_set, setting}));
    EXPECT_EQ(traits("SET TRANSACTION ISOLATION LEVEL READ COMMITTED, READ ONLY"),
              bits({transaction_once}));
    EXPECT_EQ(traits("SET ROLE admin"), bits({role_set}));
    EXPECT_EQ(traits("SET DEFAULT ROLE admin FOR u"), none);
    EXPECT_EQ(traits("SET PASSWORD = PASSWORD('x')"), bits({password_set}));
    for (const char* const text :
         {"SET PASSWORD = '', @x = 5", "SET ROLE NONE, @x = 5", "SET DEFAULT ROLE NONE, @x = 5"}) {
        EXPECT_TRUE(traits(text) & bits({user_variable_set})) << text;
    }
    EXPECT_EQ(traits("SET STATEMENT max_statement_time = 1 FOR SELECT 1"), bits({statement_set}));
    EXPECT_EQ(traits("SET STATEMENT a = 1 FOR SET @x = 1"),
              bits({statement_set, user_variable_set}));
    for (const char* const text : {"SET insert_id = 5", "SET TIMESTAMP = 1", "SET rand_seed1 = 1",
                                   "SET @@session.pseudo_thread_id = 7"}) {
        EXPECT_EQ(traits(text), bits({one_shot})) << text;
    }
    // For the next transaction only, unlike the same with a scope or without @@.
    EXPECT_EQ(traits("SET @@tx_isolation = 'SERIALIZABLE'"), bits({transaction_once}));
    EXPECT_EQ(traits("SET SESSION a = 1, @@transaction_read_only = 1"),
              bits({setting, transaction_once}));
    EXPECT_EQ(traits("SET @@session.tx_isolation = 'SERIALIZABLE'"), bits({setting}));
    EXPECT_EQ(traits("SET tx_isolation = 'SERIALIZABLE'"), bits({setting}));
    EXPECT_EQ(traits("SET last_insert_id = 5"), bits({last_insert_id_set}));
    EXPECT_EQ(traits("SET identity = 5"), bits({last_insert_id_set}));
}

TEST(MysqlStatementScan, says_so_when_a_setting_can_t_be_told) {
    for (const char* const text : {"SET", "SET x", "SET a.b = 1", "SET = 1", "SET x y",
                                   "SET 'x' = 1", "SET CHARACTER x", "SET a = 1,"}) {
        EXPECT_NE(traits(text) & bits({settings_unknown}), none) << text;
    }
    std::string many = "SET a = 1";
    for (int i = 0; i < 16; ++i) many += ", b" + std::to_string(i) + " = 1";
    EXPECT_TRUE(scanned(many).has(settings_unknown));
    EXPECT_TRUE(scanned("SET " + std::string(65, 'x') + " = 1").has(settings_unknown));
}

TEST(MysqlStatementScan, names_the_database_of_use) {
    EXPECT_EQ(scanned("USE shop").words().database(), "shop");
    EXPECT_EQ(scanned("use `my shop` ;", {}, 1).words().database(), "my shop");
    EXPECT_EQ(scanned("USE \"shop\"", {.ansi_quotes = true}).words().database(), "shop");
    EXPECT_EQ(traits("USE shop"), bits({uses_database}));
    for (const char* const text :
         {"USE", "USE `a``b`", "USE a-b", "USE a b", "USE a; USE b", "USE 'a'", "USE @x"}) {
        EXPECT_FALSE(scanned(text).words().database()) << text;
        EXPECT_TRUE(scanned(text).has(uses_database)) << text;
    }
    EXPECT_FALSE(scanned("USE `" + std::string(300, 'x') + "`").words().database());
}

TEST(MysqlStatementScan, names_the_target_of_kill) {
    const auto plain = scanned("KILL 5").words().kill();
    ASSERT_TRUE(plain);
    EXPECT_EQ(plain->id, 5u);
    EXPECT_FALSE(plain->query);
    const auto query = scanned("kill soft query 18446744073709551615 ;", {}, 1).words().kill();
    ASSERT_TRUE(query);
    EXPECT_EQ(query->id, 18446744073709551615u);
    EXPECT_TRUE(query->query);
    EXPECT_TRUE(scanned("KILL HARD CONNECTION 7").words().kill());
    EXPECT_EQ(traits("KILL 5"), bits({kills}));
    for (const char* const text :
         {"KILL", "KILL CONNECTION_ID()", "KILL USER a", "KILL QUERY ID 5", "KILL -5", "KILL 5 + 1",
          "KILL @x", "KILL 5; KILL 6", "KILL 5x", "KILL 18446744073709551616", "KILL '5'"}) {
        EXPECT_FALSE(scanned(text).words().kill()) << text;
        EXPECT_TRUE(scanned(text).has(kills)) << text;
    }
}

TEST(MysqlStatementScan, sees_files_of_the_client) {
    EXPECT_EQ(traits("LOAD DATA LOCAL INFILE 'f' INTO TABLE t"), bits({loads_local}));
    EXPECT_EQ(traits("LOAD DATA LOW_PRIORITY LOCAL INFILE 'f' INTO TABLE t"), bits({loads_local}));
    EXPECT_EQ(traits("LOAD DATA INFILE 'f' INTO TABLE t"), none);
}

TEST(MysqlStatementScan, says_unknown_when_in_doubt) {
    for (const char* const text :
         {"FROBNICATE", "BINLOG 'x'", "IF 1 THEN SET @x = 1; END IF",
          "BEGIN NOT ATOMIC SET @x = 1; END", "BEGIN SET @x = 1; END", "label: BEGIN END",
          "`select` 1", "@x", "1", "'a'", "CHANGED", "SET RESOURCE GROUP x, a.b = 1", "(",
          "SET STATEMENT a = 1 FOR"}) {
        EXPECT_NE(traits(text) & bits({unknown, settings_unknown}), none) << text;
    }
}

TEST(MysqlStatementScan, looks_at_every_statement_of_a_text) {
    const StatementScan scan = scanned("SELECT 1;; SET @x = 1; -- end\n ; UNLOCK TABLES;");
    EXPECT_EQ(scan.statements(), 3u);
    EXPECT_TRUE(scan.has(user_variable_set));
    EXPECT_TRUE(scan.has(tables_unlocked));
    EXPECT_EQ(scan.verb(), Verb::select);
    EXPECT_EQ(scanned("SELECT ';' /* ; */ -- ;").statements(), 1u);
}

TEST(MysqlStatementScan, reads_comments_as_servers_do) {
    EXPECT_EQ(traits("SELECT 1 --SET\n; SET @x = 1"), bits({user_variable_set}));
    EXPECT_EQ(traits("SELECT 1 -- SET\n; SET @x = 1"), bits({user_variable_set}));
    EXPECT_EQ(traits("SELECT 1 -- ; SET @x = 1"), none);
    EXPECT_EQ(traits("SELECT 1 --\t; SET @x = 1"), none);
    EXPECT_EQ(traits("SELECT 1 --1; SET @x = 1"), bits({user_variable_set}));
    EXPECT_EQ(traits("SELECT 1 ---1; SET @x = 1"), bits({user_variable_set}));
    EXPECT_EQ(traits("SELECT 1 # ' \n; SET @x = 1"), bits({user_variable_set}));
    EXPECT_EQ(traits("SELECT 1 /* ' */; SET @x = 1"), bits({user_variable_set}));
    EXPECT_EQ(traits("SELECT 1 /*/ ; SET @x = 1 */"), none);
    EXPECT_EQ(traits("SELECT 1 /* /* */ ; SET @x = 1"), bits({user_variable_set}));
    EXPECT_EQ(traits("SELECT 1 /** x **/ ; SET @x = 1"), bits({user_variable_set}));
    EXPECT_EQ(traits("SELECT 1 /*+ SET_VAR(a=1) */"), none);
}

TEST(MysqlStatementScan, reads_what_servers_read_of_comments) {
    EXPECT_EQ(traits("/*!40101 SET NAMES utf8 */"), bits({setting}));
    EXPECT_EQ(traits("/*! SET @x = 1 */"), bits({user_variable_set}));
    EXPECT_EQ(traits("CREATE /*!32302 TEMPORARY */ TABLE t (a INT)"),
              bits({temporary_table_created}));
    EXPECT_EQ(traits("SELECT /*!40000 2*3, /* ' */ '*/' */ ; SET @x = 1"),
              bits({user_variable_set}));
    for (const char* const text :
         {"SELECT 1 /*!50700 + 1 */", "SELECT 1 /*!100100 + 1 */", "SELECT 1 /*M! + 1 */",
          "SELECT 1 /*M!100100 + 1 */", "SELECT /*! 1 /*! 2 */ */", "SELECT /*!123 1 */",
          "SELECT /*!1234567 1 */", "/*!99999 UPDATE t */ SET @x = 1"}) {
        EXPECT_TRUE(traits(text) & bits({unknown})) << text;
    }
    EXPECT_EQ(traits("SELECT 1 /*M + 1 */"), none);
}

TEST(MysqlStatementScan, reads_strings_by_the_session_s_rules) {
    const char* const backslash = "SELECT 'a\\'; SET @x = 1; -- '";
    EXPECT_EQ(traits(backslash), none);
    EXPECT_EQ(traits(backslash, {.no_backslash_escapes = true}), bits({user_variable_set}));
    EXPECT_EQ(traits("SELECT 'a\\\\'; SET @x = 1"), bits({user_variable_set}));
    EXPECT_EQ(traits("SELECT \"a\\\"; SET @x = 1 \""), none);
    EXPECT_EQ(traits("SELECT \"get_lock\"('a', 1)"), none);
    EXPECT_EQ(traits("SELECT \"get_lock\"('a', 1)", {.ansi_quotes = true}),
              bits({advisory_lock_taken}));
    EXPECT_EQ(traits("SELECT \"a\\\"; SET @x = 1", {.ansi_quotes = true}),
              bits({user_variable_set}));
    EXPECT_EQ(traits("SELECT `a\\`; SET @x = 1"), bits({user_variable_set}));
    EXPECT_EQ(traits("SELECT 'a"), none);
}

TEST(MysqlStatementScan, doubts_a_text_whose_rules_change_on_the_way) {
    for (const char* const text :
         {"SET sql_mode = 'ANSI_QUOTES'; SELECT 1", "SET @@sql_mode = ''; SELECT 1",
          "SET NAMES gbk; SELECT 1", "SET character_set_client = sjis; SELECT 1",
          "SET CHARACTER SET gbk; SELECT 1"}) {
        EXPECT_EQ(traits(text), bits({setting, unknown})) << text;
    }
    EXPECT_EQ(traits("SET sql_mode = 'ANSI_QUOTES';"), bits({setting}));
}

TEST(MysqlStatementScan, doubts_second_bytes_that_may_be_something_else) {
    const StatementScan::Rules wide{.wide_characters = true};
    EXPECT_EQ(traits("SELECT '\xb3\x5c'", wide), bits({unknown}));
    EXPECT_EQ(traits("SELECT `\xb3\x60", wide), bits({unknown}));
    EXPECT_EQ(traits("SELECT '\xb3\x41', '\\n'", wide), none);
    EXPECT_EQ(traits("SELECT '\xc3\xa4\x5cn'"), none);
}

TEST(MysqlStatementScan, begins_anew_with_the_next_text) {
    StatementScan scan;
    scan.reset();
    scan.feed("USE a; SET x = 1; SELECT CONNECTION_ID(), 'open");
    scan.finish();
    scan.reset();
    scan.feed("SELECT 1");
    scan.finish();
    EXPECT_EQ(scan.traits(), none);
    EXPECT_EQ(scan.statements(), 1u);
    EXPECT_EQ(scan.words().settings(), 0u);
    EXPECT_EQ(scan.words().connection_ids(), 0u);
    EXPECT_FALSE(scan.words().database());
}

}  // namespace statement_scan_test
}  // namespace weir::wire::mysql
