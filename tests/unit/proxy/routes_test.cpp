#include "proxy/routes.h"

#include <gtest/gtest.h>

namespace weir::proxy {
namespace {

settings::Snapshot settings_with(std::vector<std::string> matches) {
    auto settings = std::make_shared<settings::Settings>();
    settings->upstream.emplace_back();
    settings->upstream.back().name = "main";
    for (std::string& match : matches) {
        settings::Pool& pool = settings->pool.emplace_back();
        pool.name = match;
        pool.upstream = "main";
        pool.match = std::move(match);
    }
    return settings;
}

TEST(Routes, the_first_pool_in_the_file_that_matches_serves) {
    const auto routes = Routes::compile(settings_with({"tenant_{tenant}", "tenant_a", "*"}));
    ASSERT_TRUE(routes);
    const auto route = routes->find(settings::Engine::postgresql, "tenant_a");
    ASSERT_TRUE(route);
    EXPECT_EQ(route->template_index, 0U);
    EXPECT_EQ(route->match.tenant, "a");
}

TEST(Routes, a_literal_or_a_star_makes_the_database_the_tenant) {
    const auto routes = Routes::compile(settings_with({"master", "*"}));
    ASSERT_TRUE(routes);
    EXPECT_EQ(routes->find(settings::Engine::postgresql, "master")->match.tenant, "master");
    EXPECT_EQ(routes->find(settings::Engine::postgresql, "other")->match.tenant, "other");
    EXPECT_EQ(routes->find(settings::Engine::postgresql, "other")->template_index, 1U);
}

TEST(Routes, another_engine_has_other_pools) {
    const auto routes = Routes::compile(settings_with({"*"}));
    ASSERT_TRUE(routes);
    EXPECT_FALSE(routes->find(settings::Engine::mysql, "db"));
}

TEST(Routes, no_pool_is_an_answer) {
    const auto routes = Routes::compile(settings_with({"tenant_{tenant}"}));
    ASSERT_TRUE(routes);
    EXPECT_FALSE(routes->find(settings::Engine::postgresql, "postgres"));
}

TEST(Routes, keys_of_different_tenants_apps_and_templates_differ) {
    const Route one{0, {"a", "b"}};
    EXPECT_NE(one.key(), (Route{1, {"a", "b"}}.key()));
    EXPECT_NE(one.key(), (Route{0, {"a", ""}}.key()));
    EXPECT_NE(one.key(), (Route{0, {"", "b"}}.key()));
}

TEST(Routes, a_pool_keeps_its_slot_wherever_it_stands_in_the_file) {
    const auto routes = Routes::compile(settings_with({"tenant_a", "*"}), {4, 1});
    ASSERT_TRUE(routes);
    EXPECT_EQ(routes->find(settings::Engine::postgresql, "tenant_a")->template_index, 4U);
    EXPECT_EQ(routes->find(settings::Engine::postgresql, "other")->template_index, 1U);
}

}  // namespace
}  // namespace weir::proxy
