#include "collectors/prometheus/connection_collector.h"

#include <gtest/gtest.h>

#include "collectors/prometheus/filled_registry.h"
#include "collectors/prometheus/sample_of.h"

namespace weir::collectors {
namespace {

TEST(ConnectionCollector, attempts_are_told_by_upstream_and_failures_add_up) {
    telemetry::Registry registry;
    fill(registry);
    registry.pool(pool_labels("app"), 0)->create_failed(telemetry::CreateFailure::refused);
    const auto families = ConnectionCollector(registry, 256).Collect();
    const auto creates = [&](const char* result) {
        return sample_of(families, "weir_connection_creates_total",
                         {{"pool", "app"},
                          {"engine", "postgresql"},
                          {"upstream", "primary"},
                          {"result", result}});
    };
    EXPECT_EQ(creates("ok"), 2);
    EXPECT_EQ(creates("failed"), 3);
}

TEST(ConnectionCollector, pins_and_leaks_are_told_by_reason_and_action) {
    telemetry::Registry registry;
    fill(registry);
    registry.pool(pool_labels("app"), 0)->unpinned(telemetry::PinReason::setting);
    const auto families = ConnectionCollector(registry, 256).Collect();
    const auto told = [&](const char* name, const char* label, const char* word) {
        return sample_of(families, name,
                         {{"pool", "app"}, {"engine", "postgresql"}, {label, word}});
    };
    EXPECT_EQ(told("weir_pinned_connections", "reason", "setting"), 1);
    EXPECT_EQ(told("weir_pins_total", "reason", "setting"), 2);
    EXPECT_EQ(told("weir_leak_suspected_connections", "action", "report"), 2);
    EXPECT_EQ(told("weir_leaks_suspected_total", "action", "report"), 2);
    EXPECT_EQ(told("weir_leaks_reclaimed_total", "action", "cancel"), 2);
}

}  // namespace
}  // namespace weir::collectors
