#include "collectors/prometheus/tenant_page.h"

#include <algorithm>
#include <map>
#include <tuple>

namespace weir::collectors {
namespace {

using telemetry::TenantReading;
using telemetry::TenantSeries;

using Labels = std::tuple<std::string, std::string, std::string>;  // pool, engine, tenant
using Readings = std::map<Labels, TenantReading>;

template <class Value>
Samples scalars(const catalogue::Metric& metric, const Readings& readings, const Value& value) {
    Samples samples(metric);
    for (const auto& [labels, reading] : readings) {
        const auto& [pool, engine, tenant] = labels;
        samples.add({pool, engine, tenant}, value(reading));
    }
    return samples;
}

Samples acquires(const Readings& readings) {
    Samples samples(catalogue::tenant_acquires);
    for (const auto& [labels, reading] : readings) {
        const auto& [pool, engine, tenant] = labels;
        samples.add_each<telemetry::AcquireOutcome>(
            {pool, engine, tenant},
            [&, &sum = reading](auto outcome) { return sum.acquires[outcome]; });
    }
    return samples;
}

void choose(std::vector<TenantSeries>& own, const TenantView& view) {
    if (view.tenant) {
        std::erase_if(own, [&](const TenantSeries& one) { return one.tenant != *view.tenant; });
    }
    if (view.limit == 0 || own.size() <= view.limit) return;
    std::sort(own.begin(), own.end(), [](const TenantSeries& a, const TenantSeries& b) {
        return std::tie(b.use, a.pool, a.tenant) < std::tie(a.use, b.pool, b.tenant);
    });
    own.resize(view.limit);
}

}  // namespace

Families collect_tenants(telemetry::Registry& registry, std::size_t pools_max,
                         const TenantView& view) {
    telemetry::TenantsReading read = registry.tenants().read(!view.tenant && view.limit == 0);
    choose(read.own, view);
    const PoolGroups pools = group_pools(registry, pools_max);
    // Of templates without a series of their own, tenants of one name make one series.
    const auto label_of = [&](const std::string& pool) -> std::string {
        const bool own = std::any_of(
            pools.groups.begin(), pools.groups.end(),
            [&](const PoolGroup& group) { return !group.folded && group.pool == pool; });
        return own ? pool : std::string(catalogue::other);
    };
    Readings readings;
    for (const TenantSeries& one : read.own) {
        readings[{label_of(one.pool), one.engine, one.tenant}].add(one.reading);
    }
    if (!view.tenant || *view.tenant == catalogue::other) {
        for (const TenantSeries& one : read.others) {
            readings[{label_of(one.pool), one.engine, std::string(catalogue::other)}].add(
                one.reading);
        }
    }
    Families out;
    const auto add = [&](const catalogue::Metric& metric, const auto& value) {
        out.push_back(scalars(metric, readings, value).take());
    };
    add(catalogue::tenant_connections_used, [](const TenantReading& r) { return r.used; });
    add(catalogue::tenant_pending_acquires, [](const TenantReading& r) { return r.pending; });
    add(catalogue::tenant_connections_max, [](const TenantReading& r) { return r.max; });
    out.push_back(acquires(readings).take());
    add(catalogue::tenant_acquire_wait_seconds,
        [](const TenantReading& r) { return seconds(r.wait_nanoseconds); });
    add(catalogue::tenant_rejections, [](const TenantReading& r) { return r.rejections; });
    add(catalogue::tenant_leaks_suspected,
        [](const TenantReading& r) { return r.leaks_suspected; });
    add(catalogue::tenant_queries, [](const TenantReading& r) { return r.queries; });
    add(catalogue::tenant_network_bytes, [](const TenantReading& r) { return r.bytes; });
    return out;
}

}  // namespace weir::collectors
