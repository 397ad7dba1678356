#include "cli/import.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "settings/load.h"

namespace weir::cli {
namespace import_test {

using ::testing::Contains;
using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

using Files = std::map<std::string, std::string>;

base::Result<PgBouncerFile> read(const Files& files) {
    return read_pgbouncer_file("p.ini", [&](const std::string& path) -> base::Result<std::string> {
        const auto found = files.find(path);
        if (found == files.end()) return base::error(path + ": No such file or directory");
        return found->second;
    });
}

Imported imported(const Files& files) {
    const auto file = read(files);
    EXPECT_TRUE(file) << (file ? "" : file.error().message);
    const auto result = file ? import_pgbouncer(*file) : base::error("");
    EXPECT_TRUE(result) << (result ? "" : result.error().message);
    return result ? *result : Imported{};
}

std::string refused(const Files& files) {
    const auto file = read(files);
    if (!file) return file.error().message;
    const auto result = import_pgbouncer(*file);
    return result ? "" : result.error().message;
}

// What `weir check` reads from the toml.
settings::Settings settings_of(const Imported& imported) {
    const auto loaded = settings::load_text(imported.toml, "weir.toml", {});
    if (loaded) return loaded->settings;
    for (const auto& problem : loaded.error()) ADD_FAILURE() << problem.text();
    ADD_FAILURE() << imported.toml;
    return {};
}

Files files(const std::string& databases, const std::string& general = "",
            const std::string& users = "\"app\" \"app-secret\"\n") {
    return {
        {"p.ini", "[databases]\n" + databases +
                      "\n[pgbouncer]\nauth_file = users.txt\nlisten_addr = 127.0.0.1\n" + general},
        {"users.txt", users}};
}

TEST(Import, a_database_becomes_a_pool_on_the_upstream_of_its_server) {
    const auto settings = settings_of(imported(
        files("shop = host=db1 port=5433 dbname=shop_live user=shop password='it''s' pool_size=7 "
              "min_pool_size=2 pool_mode=statement\nlogs = host=db2")));
    ASSERT_EQ(settings.pool.size(), 2U);
    const auto& shop = settings.pool[0];
    EXPECT_EQ(shop.match, "shop");
    EXPECT_EQ(shop.database, "shop_live");
    EXPECT_EQ(shop.user, "shop");
    EXPECT_EQ(shop.password.reveal(), "it's");
    EXPECT_EQ(shop.max_size, 7U);
    EXPECT_EQ(shop.min_idle, 2U);
    EXPECT_EQ(shop.mode, settings::PoolMode::statement);
    EXPECT_EQ(settings.upstream[0].address, "db1:5433");
    EXPECT_EQ(settings.pool[1].mode, settings::PoolMode::session);
    EXPECT_EQ(settings.upstream[1].address, "db2:5432");
    EXPECT_EQ(settings.pool[1].upstream, settings.upstream[1].name);
}

TEST(Import, the_entry_for_every_database_is_matched_last) {
    const auto settings =
        settings_of(imported(files("* = host=db\nshop = host=db\nfallback = host=db")));
    ASSERT_EQ(settings.pool.size(), 3U);
    EXPECT_EQ(settings.pool[0].match, "shop");
    EXPECT_EQ(settings.pool[2].match, "*");
    EXPECT_NE(settings.pool[2].name, settings.pool[1].name);
    EXPECT_EQ(settings.upstream.size(), 1U);
}

TEST(Import, a_server_without_a_host_is_reached_by_its_unix_socket) {
    const auto settings = settings_of(
        imported(files("a = port=5433\nb = host=/run/pg", "unix_socket_dir = /run/bouncer\n")));
    EXPECT_EQ(settings.upstream[0].address, "/run/bouncer/.s.PGSQL.5433");
    EXPECT_EQ(settings.upstream[1].address, "/run/pg/.s.PGSQL.5432");
}

TEST(Import, users_keep_their_passwords_and_verifiers_and_admins_stay_admins) {
    const std::string verifier = "SCRAM-SHA-256$4096:c2FsdHNhbHRzYWx0c2FsdA==$" +
                                 std::string(43, 'A') + "=:" + std::string(43, 'B') + "=";
    const auto settings = settings_of(imported(
        files("a = host=db user=app", "admin_users = app, root\n",
              "; a comment\n\"app\" \"pass\"\"word\" ignored\n\"sue\" \"" + verifier + "\"\n")));
    ASSERT_EQ(settings.user.size(), 2U);
    EXPECT_EQ(settings.user[0].password.reveal(), "pass\"word");
    EXPECT_TRUE(settings.user[0].admin);
    EXPECT_EQ(settings.user[1].scram.reveal(), verifier);
    EXPECT_FALSE(settings.user[1].admin);
}

TEST(Import, a_forced_user_gets_its_password_from_the_auth_file) {
    const auto settings = settings_of(imported(files("a = host=db user=app")));
    EXPECT_EQ(settings.pool[0].password.reveal(), "app-secret");
}

TEST(Import, the_times_and_limits_of_the_whole_file_reach_every_pool_and_listener) {
    const auto settings = settings_of(
        imported(files("a = host=db",
                       "listen_port = 7000\nmax_client_conn = 300\ndefault_pool_size = 9\n"
                       "query_wait_timeout = 7\nserver_idle_timeout = 1.5\nserver_lifetime = 60\n"
                       "idle_transaction_timeout = 4\nclient_login_timeout = 3\n"
                       "server_check_query =\nunix_socket_dir =\nserver_connect_timeout = 2\n")));
    using namespace std::chrono_literals;
    ASSERT_EQ(settings.listen.size(), 1U);
    EXPECT_EQ(settings.listen[0].address, "127.0.0.1:7000");
    EXPECT_EQ(settings.listen[0].max_clients, 300U);
    EXPECT_EQ(settings.listen[0].login_timeout, 3s);
    EXPECT_EQ(settings.upstream[0].connect_timeout, 2s);
    const auto& pool = settings.pool[0];
    EXPECT_EQ(pool.max_size, 9U);
    EXPECT_EQ(pool.acquire_timeout, 7s);
    EXPECT_EQ(pool.idle_timeout, 1500ms);
    EXPECT_EQ(pool.max_lifetime, 60s);
    EXPECT_EQ(pool.validate_after, 0s);
    EXPECT_EQ(pool.idle_in_transaction_timeout, 4s);
}

TEST(Import, the_limit_of_a_database_bounds_its_pool) {
    const auto settings = settings_of(
        imported(files("forced = host=db user=app pool_size=10 max_db_connections=4\n"
                       "forced_less = host=db user=app pool_size=3 max_db_connections=4\n"
                       "own = host=db pool_size=3 max_db_connections=12")));
    EXPECT_EQ(settings.pool[0].max_size, 4U);
    EXPECT_EQ(settings.pool[1].max_size, 3U);
    EXPECT_EQ(settings.pool[2].max_size, 12U) << "of all users together";
}

TEST(Import, trust_is_kept_on_loopback_and_told_elsewhere) {
    const auto result = imported(files("a = host=db",
                                       "auth_type = trust\nlisten_addr = "
                                       "127.0.0.1, 10.1.2.3\nunix_socket_dir =\n"));
    const auto settings = settings_of(result);
    EXPECT_EQ(settings.listen[0].auth, settings::AuthMode::trust);
    EXPECT_EQ(settings.listen[1].auth, settings::AuthMode::users);
    EXPECT_THAT(result.notes, Contains(HasSubstr("10.1.2.3:6432")));
}

TEST(Import, asking_the_server_for_users_keeps_its_query) {
    const auto result =
        imported(files("a = host=db", "auth_user = app\nauth_query = SELECT 1, $1\n"));
    const auto settings = settings_of(result);
    EXPECT_EQ(settings.auth.mode, settings::AuthMode::query);
    EXPECT_EQ(settings.auth.query, "SELECT 1, $1");
    EXPECT_EQ(settings.auth.query_user, "app");
    EXPECT_EQ(settings.auth.query_password.reveal(), "app-secret");
}

TEST(Import, tls_keeps_its_mode_and_files) {
    const auto settings =
        settings_of(imported(files("a = host=db",
                                   "client_tls_sslmode = verify-full\nclient_tls_cert_file = /c\n"
                                   "client_tls_key_file = /k\nclient_tls_ca_file = /a\n"
                                   "server_tls_sslmode = verify-full\nserver_tls_ca_file = /s\n")));
    EXPECT_EQ(settings.listen[0].tls.mode, settings::ClientTls::verify);
    EXPECT_EQ(settings.listen[0].tls.ca, "/a");
    EXPECT_EQ(settings.upstream[0].tls.mode, settings::ServerTls::verify_full);
    EXPECT_EQ(settings.upstream[0].tls.ca, "/s");
}

TEST(Import, what_has_no_counterpart_is_said_with_its_place_and_at_the_end_of_the_toml) {
    const auto result = imported(files("a = host=db connect_query='select 1' reserve_pool=3\n",
                                       "server_fast_close = 1\nfrobnicate = 1\n[users]\n"
                                       "app = pool_mode=session\n"));
    for (const char* said : {"p.ini:2: connect_query of the database a", "reserve_pool of",
                             "p.ini:7: server_fast_close: no counterpart", "frobnicate",
                             "pool_mode of the user app"}) {
        EXPECT_THAT(result.notes, Contains(HasSubstr(said)));
    }
    const auto end = result.toml.find("# What has no counterpart");
    ASSERT_NE(end, std::string::npos);
    for (const auto& said : result.notes)
        EXPECT_NE(result.toml.find("# " + said, end), std::string::npos);
}

TEST(Import, a_password_stands_only_where_it_belongs) {
    const std::string hash = "md545f2603610af569b6155c45067268c6b";
    const auto result =
        imported(files("a = host=db user=joe password=hunter2 connect_query='x hunter3'", "",
                       "\"joe\" \"" + hash + "\"\n\"app\" \"hunter4\"\n"));
    EXPECT_THAT(result.toml, Not(HasSubstr(hash)));
    EXPECT_THAT(result.toml, Not(HasSubstr("hunter3")));
    EXPECT_THAT(result.notes, Each(Not(HasSubstr("hunter"))));
    EXPECT_THAT(result.notes, Contains(HasSubstr("the user joe is left out")));
    EXPECT_THAT(result.toml, HasSubstr("password = \"hunter2\"\n"));
    EXPECT_THAT(result.toml, HasSubstr("password = \"hunter4\"\n"));
}

TEST(Import, included_files_count_as_if_they_stood_there) {
    auto all = files("a = host=db");
    all["p.ini"] += "%include more.ini\n";
    all["more.ini"] = "default_pool_size = 3\n[databases]\nb = host=db\n";
    const auto settings = settings_of(imported(all));
    ASSERT_EQ(settings.pool.size(), 2U);
    EXPECT_EQ(settings.pool[1].max_size, 3U);
}

TEST(Import, mistakes_are_told_with_their_place_and_without_what_stands_there) {
    EXPECT_THAT(refused({}), HasSubstr("p.ini: No such file"));
    EXPECT_EQ(refused({{"p.ini", "[pgbouncer]\nnonsense hunter2\n"}}),
              "p.ini:2: expected key = value");
    EXPECT_THAT(refused({{"p.ini", "%include p.ini\n"}}), HasSubstr("includes itself"));
    EXPECT_THAT(refused({{"p.ini", "[pgbouncer]\nauth_file = nope\n"}}), HasSubstr("nope"));
    EXPECT_THAT(refused(files("a = host=db pool_size=many")), HasSubstr("p.ini:2: pool_size"));
    EXPECT_THAT(refused(files("a = password='hunter2")), HasSubstr("p.ini:2: a: expected"));
    EXPECT_THAT(refused(files("a = host=db", "query_timeout = soon\n")),
                HasSubstr("query_timeout"));
    EXPECT_THAT(refused(files("a = host=db", "", "\"app\" hunter2\n")), Not(HasSubstr("hunter2")));
    EXPECT_THAT(refused(files("a = host=db", "", "\"app\" hunter2\n")), HasSubstr("users.txt:1"));
}

TEST(Import, any_text_is_safe_in_the_toml) {
    const auto result = imported(files("\"a\"\"b\" = host=db user='u\tv' password='\\\x7f\"#'"));
    const auto settings = settings_of(result);
    EXPECT_EQ(settings.pool[0].match, "a\"b");
    EXPECT_EQ(settings.pool[0].user, "u\tv");
    EXPECT_EQ(settings.pool[0].password.reveal(), "\\\x7f\"#");
}

TEST(Import, the_names_of_the_console_are_no_pools) {
    const auto result = imported(files("weir = host=db\na = host=db"));
    EXPECT_EQ(settings_of(result).pool.size(), 1U);
    EXPECT_THAT(result.notes, Contains(HasSubstr("weir: the console")));
    EXPECT_THAT(imported(files("a = host=db")).notes, IsEmpty());
}

}  // namespace import_test
}  // namespace weir::cli
