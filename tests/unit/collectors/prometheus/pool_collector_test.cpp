#include "collectors/prometheus/pool_collector.h"

#include <gtest/gtest.h>

#include <optional>

#include "collectors/prometheus/filled_registry.h"
#include "collectors/prometheus/sample_of.h"

namespace weir::collectors {
namespace {

TEST(PoolCollector, adds_up_the_loops_of_a_pool) {
    telemetry::Registry registry;
    fill(registry);
    const auto families = PoolCollector(registry, 256).Collect();
    EXPECT_EQ(sample_of(families, "weir_pool_connections",
                        {{"pool", "app"}, {"engine", "postgresql"}, {"state", "used"}}),
              2);
    EXPECT_EQ(sample_of(families, "weir_acquires_total",
                        {{"pool", "web"}, {"engine", "postgresql"}, {"outcome", "timeout"}}),
              2);
    const Labels web{{"pool", "web"}, {"engine", "postgresql"}};
    EXPECT_EQ(sample_of(families, "weir_pool_pending_acquires", web), 2);
    EXPECT_EQ(sample_of(families, "weir_pool_connections_max", web), 40);
    EXPECT_EQ(sample_of(families, "weir_pool_connections_idle_min", web), 4);
}

TEST(PoolCollector, prints_integrals_in_seconds_and_the_oldest_of_all_loops) {
    telemetry::Registry registry;
    fill(registry);
    registry.pool(pool_labels("app"), 1)->ticked(at(4s), 3s, 5s, 1s);
    const auto families = PoolCollector(registry, 256).Collect();
    const Labels app{{"pool", "app"}, {"engine", "postgresql"}};
    // One connection in use since 1 s on both loops; the loops ticked last at 3 s and 4 s.
    EXPECT_DOUBLE_EQ(*sample_of(families, "weir_pool_used_connection_seconds_total", app), 5);
    EXPECT_DOUBLE_EQ(*sample_of(families, "weir_pool_saturated_seconds_total", app), 5);
    EXPECT_DOUBLE_EQ(*sample_of(families, "weir_acquire_wait_by_cause_seconds_total",
                                {{"pool", "app"}, {"engine", "postgresql"}, {"cause", "budget"}}),
                     5);
    EXPECT_DOUBLE_EQ(*sample_of(families, "weir_pool_oldest_pending_seconds", app), 3);
    EXPECT_DOUBLE_EQ(*sample_of(families, "weir_oldest_use_seconds", app), 5);
    EXPECT_DOUBLE_EQ(*sample_of(families, "weir_oldest_idle_in_transaction_seconds", app), 1);
}

TEST(PoolCollector, a_pool_without_a_tenant_yet_tells_the_limit_of_one) {
    telemetry::Registry registry;
    (void)registry.pool(pool_labels("app"), 0);
    (void)registry.pool(pool_labels("app"), 1);
    const auto families = PoolCollector(registry, 256).Collect();
    EXPECT_EQ(sample_of(families, "weir_pool_connections_max",
                        {{"pool", "app"}, {"engine", "postgresql"}}),
              20);
}

TEST(PoolCollector, wait_histogram_counts_every_outcome_with_cumulative_buckets) {
    telemetry::Registry registry;
    fill(registry);
    const auto families = PoolCollector(registry, 256).Collect();
    const auto* failed =
        find_sample(families, "weir_acquire_wait_seconds",
                    {{"pool", "app"}, {"engine", "postgresql"}, {"outcome", "failed"}});
    ASSERT_NE(failed, nullptr);
    EXPECT_EQ(failed->histogram.sample_count, 4u);  // a refusal and a time-out on each loop
    EXPECT_DOUBLE_EQ(failed->histogram.sample_sum, 10);
    ASSERT_EQ(failed->histogram.bucket.size(), 17u);
    EXPECT_DOUBLE_EQ(failed->histogram.bucket.front().upper_bound, 0.0001);
    EXPECT_EQ(failed->histogram.bucket.front().cumulative_count, 2u);
    EXPECT_DOUBLE_EQ(failed->histogram.bucket[14].upper_bound, 5);
    EXPECT_EQ(failed->histogram.bucket[14].cumulative_count, 4u);
    EXPECT_EQ(failed->histogram.bucket[13].cumulative_count, 2u);
}

TEST(PoolCollector, templates_beyond_the_limit_are_folded_and_counted_but_not_described) {
    telemetry::Registry registry;
    for (const std::string name : {"a", "b", "c", "d"}) {
        for (const unsigned loop : {0u, 1u}) {
            fill(*registry.pool(pool_labels(name), loop));
        }
    }
    const auto families = PoolCollector(registry, 2).Collect();
    EXPECT_EQ(sample_of(families, "weir_metric_label_overflow_total", {{"label", "pool"}}), 2);
    const auto served = [&](const char* pool) {
        return sample_of(families, "weir_acquire_served_total",
                         {{"pool", pool}, {"engine", "postgresql"}, {"source", "created"}});
    };
    EXPECT_EQ(served("a"), 2);
    EXPECT_EQ(served("b"), 2);
    EXPECT_EQ(served("c"), std::nullopt);
    EXPECT_EQ(served("other"), 4);
    for (const auto& family : families) {
        if (family.name == "weir_pool_info") {
            EXPECT_EQ(family.metric.size(), 2u);
        }
    }
}

}  // namespace
}  // namespace weir::collectors
