#include "cli/test_target.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

namespace weir::cli {
namespace {

using ::testing::HasSubstr;

settings::Settings example() {
    settings::Settings settings;
    settings.upstream.emplace_back().name = "main";
    settings.listen.emplace_back().address = "127.0.0.1:6432";
    settings::Pool pool;
    pool.name = "tenants";
    pool.upstream = "main";
    pool.match = "tenant_{tenant}";
    settings.pool.push_back(pool);
    settings::User reader;
    reader.name = "verifier_only";
    reader.scram = settings::Secret::of("SCRAM-SHA-256$4096:x");
    settings.user.push_back(reader);
    settings::User app;
    app.name = "app";
    app.password = settings::Secret::of("pw");
    settings.user.push_back(app);
    return settings;
}

std::map<std::string, std::string> found(const settings::Settings& settings,
                                         const std::string& pool, const std::string& tenant) {
    const auto target = test_target(settings, pool, tenant);
    if (!target) {
        ADD_FAILURE() << target.error().message;
        return {};
    }
    return {target->parameters.begin(), target->parameters.end()};
}

std::string refused(const settings::Settings& settings, const std::string& pool,
                    const std::string& tenant) {
    const auto target = test_target(settings, pool, tenant);
    EXPECT_FALSE(target);
    return target ? "" : target.error().message;
}

TEST(TestTarget, is_the_first_listener_pool_and_account_that_fit) {
    const auto parameters = found(example(), "", "acme");
    EXPECT_EQ(parameters.at("host"), "127.0.0.1");
    EXPECT_EQ(parameters.at("port"), "6432");
    EXPECT_EQ(parameters.at("dbname"), "tenant_acme");
    EXPECT_EQ(parameters.at("user"), "app");
    EXPECT_EQ(parameters.at("password"), "pw");
    EXPECT_EQ(test_target(example(), "", "acme")->pool, "tenants");
}

TEST(TestTarget, a_pool_of_tenants_needs_one) {
    EXPECT_THAT(refused(example(), "tenants", ""), HasSubstr("--tenant"));
}

TEST(TestTarget, an_unknown_pool_is_said) {
    EXPECT_THAT(refused(example(), "nobody", "acme"), HasSubstr("nobody"));
}

TEST(TestTarget, a_pool_of_everything_uses_the_tenant_as_the_database) {
    auto settings = example();
    settings.pool[0].match = "*";
    EXPECT_EQ(found(settings, "", "shop").at("dbname"), "shop");
    EXPECT_EQ(found(settings, "", "").at("dbname"), "postgres");
    settings.pool[0].match = "literal";
    EXPECT_EQ(found(settings, "", "").at("dbname"), "literal");
}

TEST(TestTarget, wildcard_and_unix_listeners_are_reached_locally) {
    auto settings = example();
    settings.listen[0].address = "0.0.0.0:1";
    EXPECT_EQ(found(settings, "", "a").at("host"), "127.0.0.1");
    settings.listen[0].address = "[::]:1";
    EXPECT_EQ(found(settings, "", "a").at("host"), "::1");
    settings.listen[0].address = "unix:/run/weir/.s.PGSQL.6432";
    EXPECT_EQ(found(settings, "", "a").at("host"), "/run/weir");
    EXPECT_EQ(found(settings, "", "a").at("port"), "6432");
    settings.listen[0].address = "unix:/run/weir/other";
    EXPECT_THAT(refused(settings, "", "a"), HasSubstr("--dsn"));
}

TEST(TestTarget, an_account_must_be_allowed_there) {
    auto settings = example();
    settings.user[1].tenants = {"{user}"};
    EXPECT_THAT(refused(settings, "", "acme"), HasSubstr("acme"));
    EXPECT_EQ(found(settings, "", "app").at("dbname"), "tenant_app");
    settings.user[1].pools = {"another"};
    EXPECT_THAT(refused(settings, "", "app"), HasSubstr("--dsn"));
}

TEST(TestTarget, a_trusting_listener_needs_no_password) {
    auto settings = example();
    settings.user.clear();
    settings.listen[0].auth = settings::AuthMode::trust;
    EXPECT_EQ(found(settings, "", "a").at("user"), "postgres");
    settings.pool[0].user = "owner";
    EXPECT_EQ(found(settings, "", "a").at("user"), "owner");
}

TEST(TestTarget, a_listener_behind_a_balancer_is_passed_over) {
    auto settings = example();
    settings.listen[0].proxy_protocol = true;
    EXPECT_THAT(refused(settings, "", "a"), HasSubstr("PROXY"));
}

settings::Settings example_of(settings::Engine engine) {
    auto settings = example();
    settings.upstream[0].engine = engine;
    settings.listen[0].engine = engine;
    settings.pool[0].match = "*";
    return settings;
}

TEST(TestTarget, other_engines_have_listeners_and_databases_of_their_own) {
    auto settings = example_of(settings::Engine::redis);
    EXPECT_EQ(test_target(settings, "", "3")->engine, settings::Engine::redis);
    EXPECT_EQ(found(settings, "", "3").at("dbname"), "3");
    EXPECT_EQ(found(settings, "", "").at("dbname"), "");
    settings.listen[0].tls.mode = settings::ClientTls::require;
    EXPECT_THAT(refused(settings, "", ""), HasSubstr("no redis listener"));
    settings = example_of(settings::Engine::mysql);
    settings.listen[0].address = "unix:/run/weir/mysql.sock";
    EXPECT_EQ(found(settings, "", "shop").at("host"), "/run/weir/mysql.sock");
    settings.listen[0].engine = settings::Engine::postgresql;
    EXPECT_THAT(refused(settings, "", "shop"), HasSubstr("no mysql listener"));
}

TEST(TestTarget, a_url_names_its_engine_and_all_else_is_libpqs) {
    const auto redis = target_of_dsn("redis://app:s%20cret@[::1]/4", "cache");
    ASSERT_TRUE(redis.has_value());
    EXPECT_EQ(redis->engine, settings::Engine::redis);
    EXPECT_EQ(redis->value("host"), "::1");
    EXPECT_EQ(redis->value("port"), "6380");
    EXPECT_EQ(redis->value("password"), "s cret");
    EXPECT_EQ(redis->value("dbname"), "4");
    EXPECT_EQ(redis->pool, "cache");
    EXPECT_EQ(target_of_dsn("mysql://app@h:1/shop", "")->engine, settings::Engine::mysql);
    const auto libpq = target_of_dsn("host=h dbname=shop", "");
    EXPECT_EQ(libpq->engine, settings::Engine::postgresql);
    EXPECT_EQ(libpq->value("dbname"), "host=h dbname=shop");
}

}  // namespace
}  // namespace weir::cli
