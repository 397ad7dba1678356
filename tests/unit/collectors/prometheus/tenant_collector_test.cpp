#include "collectors/prometheus/tenant_collector.h"

#include <gtest/gtest.h>

#include "collectors/prometheus/filled_registry.h"
#include "collectors/prometheus/sample_of.h"

namespace weir::collectors {
namespace {

TEST(TenantCollector, folded_templates_of_two_engines_make_one_series) {
    telemetry::Registry registry;
    auto redis = pool_labels("b");
    redis.engine = "redis";
    registry.pool(pool_labels("a"), 0)->tenant_known(3);
    registry.pool(redis, 0)->tenant_known(4);
    const auto families = TenantCollector(registry, 0).Collect();
    ASSERT_EQ(families.size(), 1u);
    EXPECT_EQ(families[0].metric.size(), 5u);
    EXPECT_EQ(sample_of(families, "weir_tenants", {{"pool", "other"}, {"state", "known"}}), 7);
}

}  // namespace
}  // namespace weir::collectors
