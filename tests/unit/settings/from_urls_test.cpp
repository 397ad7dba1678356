#include "settings/from_urls.h"

#include "loading.h"

namespace weir::settings {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Loaded from(const std::vector<std::string>& urls, const Environment& environment = {}) {
    auto result = load_urls(urls, environment);
    if (result) return std::move(*result);
    for (const auto& problem : result.error()) ADD_FAILURE() << problem.text();
    return {};
}

std::vector<std::string> problems_from(const std::vector<std::string>& urls) {
    const auto result = load_urls(urls, {});
    return result ? std::vector<std::string>{} : texts_of(result.error());
}

TEST(FromUrls, postgres_gives_a_listener_an_upstream_a_pool_and_a_user) {
    const auto all = from({"postgres://ann:p%40ss@db.example:5433/"});
    const auto& settings = all.settings;
    ASSERT_EQ(settings.listen.size(), 1U);
    EXPECT_EQ(settings.listen[0].address, "127.0.0.1:6432");
    EXPECT_EQ(settings.listen[0].auth, AuthMode::users);
    ASSERT_EQ(settings.upstream.size(), 1U);
    EXPECT_EQ(settings.upstream[0].name, "postgresql");
    EXPECT_EQ(settings.upstream[0].address, "db.example:5433");
    ASSERT_EQ(settings.pool.size(), 1U);
    EXPECT_EQ(settings.pool[0].name, "postgresql");
    EXPECT_EQ(settings.pool[0].match, "*");
    EXPECT_EQ(settings.pool[0].user, "ann");
    EXPECT_TRUE(settings.pool[0].password.matches("p@ss"));
    ASSERT_EQ(settings.user.size(), 1U);
    EXPECT_EQ(settings.user[0].name, "ann");
    EXPECT_TRUE(settings.user[0].password.matches("p@ss"));
    EXPECT_THAT(texts_of(all.notices), IsEmpty());
    EXPECT_THAT(texts_of(all.warnings), IsEmpty());
}

TEST(FromUrls, host_and_port_have_their_usual_values) {
    EXPECT_EQ(from({"postgresql://u:p@/"}).settings.upstream.at(0).address, "127.0.0.1:5432");
    EXPECT_EQ(from({"postgres://u:p@[::1]/shop"}).settings.upstream.at(0).address, "[::1]:5432");
}

TEST(FromUrls, parameter_names_a_unix_sockets_folder) {
    EXPECT_EQ(from({"postgres://u:p@/?host=/run/postgresql"}).settings.upstream.at(0).address,
              "/run/postgresql/.s.PGSQL.5432");
    EXPECT_EQ(from({"postgres://u:p@/?host=%2Frun&port=5433"}).settings.upstream.at(0).address,
              "/run/.s.PGSQL.5433");
}

TEST(FromUrls, sslmode_is_the_upstreams_and_is_not_dropped) {
    EXPECT_THAT(texts_of(from({"postgres://u:p@h/?sslmode=disable"}).unsafe), IsEmpty());
    EXPECT_EQ(from({"postgres://u:p@h/?sslmode=require"}).settings.upstream.at(0).tls.mode,
              ServerTls::require);
    EXPECT_THAT(problems_from({"postgres://u:p@h/?sslmode=verify-full"}),
                ElementsAre(HasSubstr("needs tls.ca")));
    EXPECT_THAT(problems_from({"postgres://u:p@h/?sslmode=on"}),
                ElementsAre(HasSubstr("upstream.postgresql.tls.mode: expected one of")));
}

TEST(FromUrls, each_engine_gets_its_own) {
    const auto settings =
        from({"postgres://ann:p@a/", "mysql://ann:p@b/", "redis://:q@c:6390/0"}).settings;
    ASSERT_EQ(settings.listen.size(), 3U);
    EXPECT_EQ(settings.listen[1].address, "127.0.0.1:6033");
    EXPECT_EQ(settings.listen[2].address, "127.0.0.1:6380");
    EXPECT_EQ(settings.upstream.at(1).address, "b:3306");
    EXPECT_EQ(settings.upstream.at(2).address, "c:6390");
    EXPECT_EQ(settings.pool.at(2).mode, PoolMode::multiplex);
    ASSERT_EQ(settings.user.size(), 2U);
    EXPECT_THAT(settings.user[0].pools, ElementsAre("postgresql", "mysql"));
    EXPECT_EQ(settings.user[1].name, "default");
}

TEST(FromUrls, redis_without_a_password_trusts_like_its_server) {
    const auto settings = from({"redis://h"}).settings;
    EXPECT_EQ(settings.listen.at(0).auth, AuthMode::trust);
    EXPECT_THAT(settings.user, IsEmpty());
}

TEST(FromUrls, environment_applies_too) {
    const auto settings = from({"postgres://u:p@h/"}, {{"WEIR_LISTEN_POSTGRESQL_ADDRESS", "*:7000"},
                                                       {"WEIR_POOL_POSTGRESQL_MAX_SIZE", "3"}})
                              .settings;
    EXPECT_EQ(settings.listen.at(0).address, "*:7000");
    EXPECT_EQ(settings.pool.at(0).max_size, 3U);
}

TEST(FromUrls, what_can_not_work_is_refused_without_repeating_the_password) {
    const std::vector<std::vector<std::string>> wrong{
        {"hush"},
        {"http://u:hush@h/"},
        {"postgres://u@h/"},
        {"postgres://:hush@h/"},
        {"postgres://u:hush@h/?sslmod=disable"},
        {"postgres://u:hush@h/", "postgres://u:hush@i/"},
        {"postgres://u:hush@h/", "mysql://u:hush2@h/"},
        {"postgres://u:hush@h:0/"},
        {"postgres://u:hush%00@h/"}};
    for (const auto& urls : wrong) {
        const auto problems = problems_from(urls);
        ASSERT_EQ(problems.size(), 1U) << urls.front();
        EXPECT_THAT(problems[0], HasSubstr("URL "));
        EXPECT_THAT(problems[0], ::testing::Not(HasSubstr("hush")));
    }
}

TEST(FromUrls, mistyped_parameter_tells_the_nearest) {
    EXPECT_THAT(problems_from({"postgres://u:p@h/?sslmod=disable"}),
                ElementsAre("URL 1: unknown parameter \"sslmod\"; did you mean \"sslmode\"?"));
}

}  // namespace
}  // namespace weir::settings
