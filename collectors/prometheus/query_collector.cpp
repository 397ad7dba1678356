#include "collectors/prometheus/query_collector.h"

#include "collectors/prometheus/pool_families.h"

namespace weir::collectors {
namespace {

using telemetry::PoolProbe;

void collect_errors(Families& out, const PoolGroups& pools) {
    Samples errors(catalogue::query_errors);
    for (const PoolGroup& group : pools.groups) {
        for (std::size_t i = 0; i < telemetry::sqlstate_classes.size(); ++i) {
            errors.add({group.pool, group.engine, telemetry::sqlstate_classes[i]},
                       group.sum([&](const PoolProbe& p) { return p.query_errors(i); }));
        }
    }
    out.push_back(errors.take());
}

void collect_bytes(Families& out, const PoolGroups& pools) {
    Samples bytes(catalogue::network_bytes);
    for (const PoolGroup& group : pools.groups) {
        for (const auto side : {telemetry::Side::client, telemetry::Side::upstream}) {
            bytes.add_each<telemetry::Direction>(
                {group.pool, group.engine, base::word(side)}, [&](auto direction) {
                    return group.sum([&](const PoolProbe& p) { return p.bytes(side, direction); });
                });
        }
    }
    out.push_back(bytes.take());
}

}  // namespace

Families QueryCollector::Collect() const {
    const PoolGroups pools = group_pools(registry_, pools_max_);
    Families out;
    collect_words<telemetry::QueryOutcome>(
        out, catalogue::queries, pools,
        [](const PoolProbe& p, auto outcome) { return p.queries(outcome); });
    collect_errors(out, pools);
    collect_histogram(out, catalogue::query_seconds, pools, &PoolProbe::query_time);
    collect_words<telemetry::TransactionEnd>(
        out, catalogue::transactions, pools,
        [](const PoolProbe& p, auto end) { return p.transactions(end); });
    collect_histogram(out, catalogue::transaction_seconds, pools, &PoolProbe::transaction_time);
    collect_bytes(out, pools);
    return out;
}

}  // namespace weir::collectors
