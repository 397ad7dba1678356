// Clients of each listener, the loops added up; any thread.
#pragma once

#include <prometheus/collectable.h>

#include <vector>

#include "telemetry/registry.h"

namespace weir::collectors {

class ClientCollector final : public ::prometheus::Collectable {
  public:
    explicit ClientCollector(const telemetry::Registry& registry) : registry_(registry) {}
    [[nodiscard]] std::vector<::prometheus::MetricFamily> Collect() const override;

  private:
    const telemetry::Registry& registry_;
};

}  // namespace weir::collectors
