#include "collectors/prometheus/upstream_collector.h"

#include <gtest/gtest.h>

#include "collectors/prometheus/filled_registry.h"
#include "collectors/prometheus/sample_of.h"

namespace weir::collectors {
namespace upstream_collector_test {

TEST(UpstreamCollector, exactly_the_present_breaker_state_is_one) {
    telemetry::Registry registry;
    auto probe = registry.upstream("primary", "postgresql");
    probe->breaker_entered(telemetry::BreakerState::open);
    probe->breaker_entered(telemetry::BreakerState::half_open);
    const auto families = UpstreamCollector(registry).Collect();
    const auto told = [&](const char* name, const char* label, const char* state) {
        return sample_of(families, name, {{"upstream", "primary"}, {label, state}});
    };
    EXPECT_EQ(told("weir_upstream_breaker_state", "state", "closed"), 0);
    EXPECT_EQ(told("weir_upstream_breaker_state", "state", "open"), 0);
    EXPECT_EQ(told("weir_upstream_breaker_state", "state", "half_open"), 1);
    EXPECT_EQ(told("weir_upstream_breaker_transitions_total", "to", "open"), 1);
    EXPECT_EQ(told("weir_upstream_breaker_transitions_total", "to", "closed"), 0);
}

TEST(UpstreamCollector, budget_and_steals_are_told) {
    telemetry::Registry registry;
    auto probe = registry.upstream("primary", "postgresql");
    probe->budget(40, 7);
    probe->stole();
    probe->reachable(true);
    const auto families = UpstreamCollector(registry).Collect();
    const Labels primary{{"upstream", "primary"}};
    EXPECT_EQ(sample_of(families, "weir_upstream_budget_connections", primary), 40);
    EXPECT_EQ(sample_of(families, "weir_upstream_budget_used", primary), 7);
    EXPECT_EQ(sample_of(families, "weir_upstream_budget_steals_total", primary), 1);
    EXPECT_EQ(sample_of(families, "weir_upstream_up", primary), 1);
}

}  // namespace upstream_collector_test
}  // namespace weir::collectors
