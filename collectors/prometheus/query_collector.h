// What passes through the pools: queries, transactions, bytes. Adds up the probes of all loops at
// each scrape; any thread.
#pragma once

#include <prometheus/collectable.h>

#include <vector>

#include "telemetry/registry.h"

namespace weir::collectors {

class QueryCollector final : public ::prometheus::Collectable {
  public:
    QueryCollector(const telemetry::Registry& registry, std::size_t pools_max)
        : registry_(registry), pools_max_(pools_max) {}
    [[nodiscard]] std::vector<::prometheus::MetricFamily> Collect() const override;

  private:
    const telemetry::Registry& registry_;
    std::size_t pools_max_;
};

}  // namespace weir::collectors
