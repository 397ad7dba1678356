// How many tenants a template has and in which state. Reads counts only, never the tenants
// themselves: it costs the same with one and with 20,000; any thread.
#pragma once

#include <prometheus/collectable.h>

#include <vector>

#include "telemetry/registry.h"

namespace weir::collectors {

class TenantCollector final : public ::prometheus::Collectable {
  public:
    TenantCollector(const telemetry::Registry& registry, std::size_t pools_max)
        : registry_(registry), pools_max_(pools_max) {}
    [[nodiscard]] std::vector<::prometheus::MetricFamily> Collect() const override;

  private:
    const telemetry::Registry& registry_;
    std::size_t pools_max_;
};

}  // namespace weir::collectors
