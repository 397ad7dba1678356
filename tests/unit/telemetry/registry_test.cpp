#include "telemetry/registry.h"

#include <gtest/gtest.h>

namespace weir::telemetry {
namespace {

PoolLabels labels(const std::string& pool, unsigned max_size = 20) {
    return {pool, "postgresql", "primary", "transaction", max_size, 0};
}

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

TEST(Registry, a_server_is_known_by_its_upstream_until_it_is_forgotten) {
    Registry registry;
    const auto probe = registry.server("primary");
    EXPECT_EQ(registry.server("primary"), probe);
    ASSERT_EQ(registry.servers().size(), 1u);
    registry.forget_server("primary");
    EXPECT_TRUE(registry.servers().empty());
    EXPECT_NE(registry.server("primary"), probe);
}

TEST(Registry, without_tracing_no_loop_has_a_ring) {
    Registry registry;
    EXPECT_EQ(registry.ring(0), nullptr);
    EXPECT_TRUE(registry.rings().empty());
}

TEST(Registry, the_rings_of_all_loops_hold_the_queue_together) {
    Registry registry;
    registry.trace(3, 2048);
    std::size_t capacity = 0;
    for (const auto& ring : registry.rings()) capacity += ring->capacity();
    EXPECT_EQ(capacity, 2048u);
    EXPECT_EQ(registry.ring(2), registry.rings().at(2));
    EXPECT_NE(registry.ring(0), registry.ring(1));
    EXPECT_EQ(registry.ring(3), nullptr);
}

}  // namespace
}  // namespace weir::telemetry
