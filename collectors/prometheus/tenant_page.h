// What /metrics/tenants has to say: a few scalars of each tenant that has a seat, and of all others
// together. Its size is bounded by metrics.tenants_max, however many tenants there are.
#pragma once

#include "collectors/prometheus/pool_families.h"
#include "collectors/prometheus/tenant_view.h"

namespace weir::collectors {

[[nodiscard]] Families collect_tenants(telemetry::Registry& registry, std::size_t pools_max,
                                       const TenantView& view);

}  // namespace weir::collectors
