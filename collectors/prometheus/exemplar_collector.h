// The exemplars of the pools' histograms, of all loops: of each bucket the newest.
#pragma once

#include "collectors/prometheus/openmetrics.h"
#include "collectors/prometheus/pool_groups.h"
#include "telemetry/registry.h"

namespace weir::collectors {

// `pools`: which templates share a series. Empty while there is no tracing.
[[nodiscard]] Exemplars collect_exemplars(const telemetry::Registry& registry,
                                          const PoolGroups& pools);

}  // namespace weir::collectors
