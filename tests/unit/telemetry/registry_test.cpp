#include "telemetry/registry.h"

#include <gtest/gtest.h>

namespace weir::telemetry {
namespace {

PoolLabels labels(const std::string& pool, unsigned max_size = 20) {
    return {pool, "postgresql", "primary", "transaction", max_size, 0};
}

TenantLabels tenant(const std::string& name) { return {"app", "postgresql", name, ""}; }

TEST(Registry, gives_the_same_probe_for_the_same_labels_and_loop) {
    Registry registry;
    const auto probe = registry.pool(labels("app"), 0);
    EXPECT_EQ(registry.pool(labels("app"), 0), probe);
    EXPECT_NE(registry.pool(labels("app"), 1), probe);
    EXPECT_NE(registry.pool(labels("web"), 0), probe);
    EXPECT_EQ(registry.pools().size(), 3u);
}

TEST(Registry, a_changed_limit_is_told_by_the_same_probe) {
    Registry registry;
    const auto probe = registry.pool(labels("app", 20), 0);
    EXPECT_EQ(registry.pool(labels("app", 50), 0), probe);
    ASSERT_EQ(registry.pools().size(), 1u);
    EXPECT_EQ(registry.pools()[0].labels.max_size, 50u);
}

TEST(Registry, knows_listeners_loops_and_upstreams_by_name) {
    Registry registry;
    const auto session = registry.session({"front", "postgresql", 10}, 2);
    EXPECT_EQ(registry.session({"front", "postgresql", 10}, 2), session);
    const auto loop = registry.loop(1, "epoll");
    EXPECT_EQ(registry.loop(1, "epoll"), loop);
    EXPECT_NE(registry.loop(0, "epoll"), loop);
    const auto upstream = registry.upstream("primary", "postgresql");
    EXPECT_EQ(registry.upstream("primary", "postgresql"), upstream);
    EXPECT_EQ(registry.sessions().at(0).loop, 2u);
    EXPECT_EQ(registry.loops().at(0).labels, "epoll");
    EXPECT_EQ(registry.upstreams().at(0).labels, "primary");
}

TEST(Registry, a_forgotten_tenant_is_readable_for_one_whole_scrape_more) {
    Registry registry;
    registry.tenant(tenant("a"))->queries.add(7);
    registry.release_forgotten();         // a scrape begins …
    registry.forget_tenant(tenant("a"));  // … and may have read before the last was counted
    registry.release_forgotten();
    ASSERT_EQ(registry.tenants().size(), 1u);
    EXPECT_EQ(registry.tenants()[0].probe->queries.read(), 7u);
    registry.release_forgotten();
    EXPECT_TRUE(registry.tenants().empty());
}

TEST(Registry, a_tenant_that_comes_back_in_time_goes_on_from_where_it_stood) {
    Registry registry;
    const auto before = registry.tenant(tenant("a"));
    registry.forget_tenant(tenant("a"));
    registry.release_forgotten();
    EXPECT_EQ(registry.tenant(tenant("a")), before);
    registry.release_forgotten();
    registry.release_forgotten();
    EXPECT_EQ(registry.tenants().size(), 1u);
}

TEST(Registry, forgotten_twice_it_is_still_readable_for_a_whole_scrape) {
    Registry registry;
    (void)registry.tenant(tenant("a"));
    registry.forget_tenant(tenant("a"));
    registry.release_forgotten();
    (void)registry.tenant(tenant("a"));
    registry.forget_tenant(tenant("a"));
    registry.release_forgotten();
    EXPECT_EQ(registry.tenants().size(), 1u);
    registry.release_forgotten();
    EXPECT_TRUE(registry.tenants().empty());
}

TEST(Registry, forgetting_a_stranger_changes_nothing) {
    Registry registry;
    registry.forget_tenant(tenant("nobody"));
    registry.release_forgotten();
    EXPECT_TRUE(registry.tenants().empty());
}

TEST(Registry, tenants_forgotten_while_nobody_scrapes_do_not_pile_up) {
    Registry registry;
    for (int i = 0; i < 10'000; ++i) {
        (void)registry.tenant(tenant(std::to_string(i)));
        registry.forget_tenant(tenant(std::to_string(i)));
    }
    EXPECT_LE(registry.tenants().size(), 4096u);
    EXPECT_GT(registry.tenants().size(), 1000u);
}

TEST(Registry, a_probe_outlives_its_being_dropped_while_its_writer_holds_it) {
    Registry registry;
    const auto probe = registry.tenant(tenant("a"));
    registry.forget_tenant(tenant("a"));
    registry.release_forgotten();
    registry.release_forgotten();
    probe->queries.add();
    EXPECT_EQ(probe->queries.read(), 1u);
    EXPECT_NE(registry.tenant(tenant("a")), probe);
}

TEST(Registry, a_server_is_known_by_its_upstream_until_it_is_forgotten) {
    Registry registry;
    const auto probe = registry.server("primary");
    EXPECT_EQ(registry.server("primary"), probe);
    ASSERT_EQ(registry.servers().size(), 1u);
    registry.forget_server("primary");
    EXPECT_TRUE(registry.servers().empty());
    EXPECT_NE(registry.server("primary"), probe);
}

}  // namespace
}  // namespace weir::telemetry
