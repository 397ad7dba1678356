// What the servers of upstreams said of themselves when they were last asked; any thread. Of a
// server that does not say something there is no sample.
#pragma once

#include <prometheus/collectable.h>

#include <vector>

#include "telemetry/registry.h"

namespace weir::collectors {

class ServerCollector final : public ::prometheus::Collectable {
  public:
    explicit ServerCollector(const telemetry::Registry& registry) : registry_(registry) {}
    [[nodiscard]] std::vector<::prometheus::MetricFamily> Collect() const override;

  private:
    const telemetry::Registry& registry_;
};

}  // namespace weir::collectors
