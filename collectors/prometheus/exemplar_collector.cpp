#include "collectors/prometheus/exemplar_collector.h"

#include <algorithm>
#include <utility>

#include "collectors/prometheus/catalogue.h"

namespace weir::collectors {
namespace {

const PoolGroup* group_of(const PoolGroups& pools, const telemetry::PoolLabels& labels) {
    const auto has = [&](const PoolGroup& group) {
        return std::any_of(
            group.probes.begin(), group.probes.end(), [&](const RegisteredPool& one) {
                return one.labels.pool == labels.pool && one.labels.engine == labels.engine;
            });
    };
    const auto found = std::find_if(pools.groups.begin(), pools.groups.end(), has);
    return found == pools.groups.end() ? nullptr : &*found;
}

template <const auto& bounds>
void add(BucketExemplars& newest, const telemetry::ExemplarRow<bounds>& row) {
    newest.resize(telemetry::Histogram<bounds>::bucket_count);
    for (std::size_t i = 0; i < newest.size(); ++i) {
        const auto one = row.read(i);
        if (one && (!newest[i] || newest[i]->unix_ns < one->unix_ns)) newest[i] = one;
    }
}

}  // namespace

Exemplars collect_exemplars(const telemetry::Registry& registry, const PoolGroups& pools) {
    Exemplars all;
    for (const auto& one : registry.exemplars()) {
        const PoolGroup* group = group_of(pools, one.labels);
        if (group == nullptr) continue;
        add(all[{catalogue::acquire_wait_seconds.name, {group->pool, group->engine, "ok"}}],
            one.probe->wait_ok);
        add(all[{catalogue::connection_use_seconds.name, {group->pool, group->engine}}],
            one.probe->use);
        add(all[{catalogue::query_seconds.name, {group->pool, group->engine}}],
            one.probe->query_time);
    }
    return all;
}

}  // namespace weir::collectors
