// Upstreams: reachable or not, their breaker and their budget; any thread.
#pragma once

#include <prometheus/collectable.h>

#include <vector>

#include "telemetry/registry.h"

namespace weir::collectors {

class UpstreamCollector final : public ::prometheus::Collectable {
  public:
    explicit UpstreamCollector(const telemetry::Registry& registry) : registry_(registry) {}
    [[nodiscard]] std::vector<::prometheus::MetricFamily> Collect() const override;

  private:
    const telemetry::Registry& registry_;
};

}  // namespace weir::collectors
