#include "collectors/prometheus/tenant_collector.h"

#include <map>

#include "collectors/prometheus/pool_families.h"

namespace weir::collectors {

Families TenantCollector::Collect() const {
    // The metric has no engine label: templates folded into "other" add up over engines.
    std::map<std::string, PoolGroup> by_label;
    for (PoolGroup& group : group_pools(registry_, pools_max_).groups) {
        PoolGroup& merged = by_label[group.pool];
        merged.probes.insert(merged.probes.end(), group.probes.begin(), group.probes.end());
    }
    Samples tenants(catalogue::tenants);
    for (const auto& [label, group] : by_label) {
        tenants.add_each<telemetry::TenantState>({label}, [&, &probes = group](auto state) {
            return probes.sum([&](const telemetry::PoolProbe& p) { return p.tenants(state); });
        });
    }
    return {tenants.take()};
}

}  // namespace weir::collectors
