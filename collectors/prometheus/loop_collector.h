// Event loops: how late their ticks come, how busy they are; any thread.
#pragma once

#include <prometheus/collectable.h>

#include <vector>

#include "telemetry/registry.h"

namespace weir::collectors {

class LoopCollector final : public ::prometheus::Collectable {
  public:
    explicit LoopCollector(const telemetry::Registry& registry) : registry_(registry) {}
    [[nodiscard]] std::vector<::prometheus::MetricFamily> Collect() const override;

  private:
    const telemetry::Registry& registry_;
};

}  // namespace weir::collectors
