#include "cli/dial_check.h"

#include <gtest/gtest.h>

namespace weir::cli {
namespace {

settings::Pool pool(const std::string& name, const std::string& match, const std::string& user) {
    settings::Pool made;
    made.name = name;
    made.upstream = "main";
    made.match = match;
    made.user = user;
    if (!user.empty()) made.password = settings::Secret::of("pw");
    return made;
}

settings::Settings with(std::vector<settings::Pool> pools) {
    settings::Settings made;
    made.upstream.resize(1);
    made.upstream[0].name = "main";
    made.upstream[0].address = "127.0.0.1:5432";
    made.pool = std::move(pools);
    return made;
}

std::vector<PlannedDial> planned(const settings::Settings& settings) {
    return plan_dials(settings, settings.upstream[0]);
}

TEST(PlanDials, literal_pool_is_dialed_as_it_would_be_served) {
    auto app = pool("app", "shop", "u");
    app.search_path = "shop";
    const auto dials = planned(with({app}));
    ASSERT_EQ(dials.size(), 1U);
    EXPECT_EQ(dials[0].pool, "app");
    EXPECT_TRUE(dials[0].database_known);
    EXPECT_EQ(dials[0].request.database, "shop");
    EXPECT_EQ(dials[0].request.user, "u");
    EXPECT_EQ(dials[0].request.search_path, "shop");
    EXPECT_TRUE(dials[0].request.password.matches("pw"));
}

TEST(PlanDials, database_on_the_server_goes_before_the_clients_name_for_it) {
    auto app = pool("app", "{tenant}", "u");
    app.database = "saas";
    app.search_path = "{tenant}";
    const auto dials = planned(with({app}));
    ASSERT_EQ(dials.size(), 1U);
    EXPECT_TRUE(dials[0].database_known);
    EXPECT_EQ(dials[0].request.database, "saas");
    EXPECT_EQ(dials[0].request.search_path, "");
}

TEST(PlanDials, database_that_clients_name_is_tried_with_the_usual_one) {
    for (const auto* match : {"*", "tenant_{tenant}"}) {
        const auto dials = planned(with({pool("app", match, "u")}));
        ASSERT_EQ(dials.size(), 1U) << match;
        EXPECT_FALSE(dials[0].database_known);
        EXPECT_EQ(dials[0].request.database, "postgres");
    }
}

TEST(PlanDials, pool_without_an_account_is_dialed_as_a_client_that_may_open_it) {
    auto settings = with({pool("app", "shop", "")});
    EXPECT_TRUE(planned(settings).empty());
    settings.user.resize(3);
    settings.user[0].name = "elsewhere";
    settings.user[0].password = settings::Secret::of("a");
    settings.user[0].pools = {"other"};
    settings.user[1].name = "verifier";
    settings.user[1].scram = settings::Secret::of("SCRAM-SHA-256$…");
    settings.user.resize(4);
    settings.user[3] = settings.user[2];
    settings.user[2].name = "older";
    settings.user[2].password = settings::Secret::of("md5" + std::string(32, '0'));
    settings.user[3].name = "ann";
    settings.user[3].password = settings::Secret::of("b");
    const auto dials = planned(settings);
    ASSERT_EQ(dials.size(), 1U);
    EXPECT_EQ(dials[0].request.user, "ann");
    EXPECT_TRUE(dials[0].request.password.matches("b"));
}

TEST(PlanDials, account_of_each_tenant_is_not_known_from_the_start) {
    auto by_name = pool("a", "{tenant}", "{tenant}");
    auto by_file = pool("b", "{tenant}", "u");
    by_file.password = settings::Secret::in_file("/run/{tenant}");
    EXPECT_TRUE(planned(with({by_name, by_file})).empty());
}

TEST(PlanDials, same_connection_is_dialed_once) {
    auto web = pool("web", "{tenant}_web", "u");
    auto worker = pool("worker", "{tenant}_worker", "u");
    web.database = worker.database = "saas";
    EXPECT_EQ(planned(with({web, worker})).size(), 1U);
    worker.user = "v";
    EXPECT_EQ(planned(with({web, worker})).size(), 2U);
}

TEST(PlanDials, servers_are_asked_where_a_postgresql_listener_does) {
    auto settings = with({});
    settings.auth.mode = settings::AuthMode::query;
    EXPECT_FALSE(asks_server(settings));
    settings.listen.resize(2);
    settings.listen[0].auth = settings::AuthMode::users;
    settings.listen[1].auth = settings::AuthMode::query;
    settings.listen[1].engine = settings::Engine::redis;
    EXPECT_FALSE(asks_server(settings));
    settings.listen[0].auth = settings::AuthMode::query;
    EXPECT_TRUE(asks_server(settings));
}

TEST(PlanDials, pools_of_other_upstreams_are_left_alone) {
    auto other = pool("app", "shop", "u");
    other.upstream = "elsewhere";
    EXPECT_TRUE(planned(with({other})).empty());
}

}  // namespace
}  // namespace weir::cli
