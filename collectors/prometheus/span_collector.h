// Spans: what became of them, and how many wait for the exporter; all zero without tracing. Any
// thread.
#pragma once

#include <prometheus/collectable.h>

#include <vector>

#include "telemetry/registry.h"

namespace weir::collectors {

class SpanCollector final : public ::prometheus::Collectable {
  public:
    explicit SpanCollector(const telemetry::Registry& registry) : registry_(registry) {}
    [[nodiscard]] std::vector<::prometheus::MetricFamily> Collect() const override;

  private:
    const telemetry::Registry& registry_;
};

}  // namespace weir::collectors
