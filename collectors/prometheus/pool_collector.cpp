#include "collectors/prometheus/pool_collector.h"

#include "collectors/prometheus/pool_families.h"

namespace weir::collectors {
namespace {

using telemetry::PoolLabels;
using telemetry::PoolProbe;

// What the tenants' pools have in all; before the first of them, what one would have.
double limit(const PoolGroup& group, std::int64_t (PoolProbe::*all)() const,
             unsigned PoolLabels::*one) {
    const std::int64_t sum = group.sum([&](const PoolProbe& p) { return (p.*all)(); });
    if (group.sum([](const PoolProbe& p) { return p.tenants(telemetry::TenantState::known); }) >
        0) {
        return static_cast<double>(sum);
    }
    return group.probes.front().labels.*one;
}

void collect_connections(Families& out, const PoolGroups& pools) {
    collect_words<telemetry::ServerState>(
        out, catalogue::pool_connections, pools,
        [](const PoolProbe& p, auto state) { return p.connections(state); });
    collect_scalar(out, catalogue::pool_connections_max, pools, [](const PoolGroup& group) {
        return limit(group, &PoolProbe::max_connections, &PoolLabels::max_size);
    });
    collect_scalar(out, catalogue::pool_connections_idle_min, pools, [](const PoolGroup& group) {
        return limit(group, &PoolProbe::min_idle_connections, &PoolLabels::min_idle);
    });
    collect_scalar(out, catalogue::pool_used_connection_seconds, pools, [](const PoolGroup& group) {
        return seconds(group.sum([](const PoolProbe& p) { return p.use_nanoseconds(); }));
    });
    collect_scalar(out, catalogue::pool_saturated_seconds, pools, [](const PoolGroup& group) {
        return seconds(group.sum([](const PoolProbe& p) { return p.saturated_nanoseconds(); }));
    });
    collect_scalar(out, catalogue::pool_use_trough, pools, [](const PoolGroup& group) {
        return group.sum([](const PoolProbe& p) { return p.use_trough(); });
    });
    collect_scalar(out, catalogue::oldest_use_seconds, pools, [](const PoolGroup& group) {
        return base::seconds(group.max([](const PoolProbe& p) { return p.oldest_use(); }));
    });
    collect_scalar(
        out, catalogue::oldest_idle_in_transaction_seconds, pools, [](const PoolGroup& group) {
            return base::seconds(
                group.max([](const PoolProbe& p) { return p.oldest_idle_in_transaction(); }));
        });
    Samples info(catalogue::pool_info);
    for (const PoolGroup& group : pools.groups) {
        if (group.folded) continue;
        const PoolLabels& labels = group.probes.front().labels;
        info.add({labels.pool, labels.engine, labels.upstream, labels.mode}, 1);
    }
    out.push_back(info.take());
}

void collect_acquires(Families& out, const PoolGroups& pools) {
    collect_scalar(out, catalogue::pool_pending_acquires, pools, [](const PoolGroup& group) {
        return group.sum([](const PoolProbe& p) { return p.pending(); });
    });
    collect_scalar(out, catalogue::pool_oldest_pending_seconds, pools, [](const PoolGroup& group) {
        return base::seconds(group.max([](const PoolProbe& p) { return p.oldest_wait(); }));
    });
    collect_words<telemetry::AcquireOutcome>(
        out, catalogue::acquires, pools,
        [](const PoolProbe& p, auto outcome) { return p.acquires(outcome); });
    collect_words<telemetry::RejectReason>(
        out, catalogue::acquire_rejections, pools,
        [](const PoolProbe& p, auto reason) { return p.rejections(reason); });
    collect_words<telemetry::ServedSource>(
        out, catalogue::acquire_served, pools,
        [](const PoolProbe& p, auto source) { return p.served(source); });
    Samples waits(catalogue::acquire_wait_seconds);
    for (const PoolGroup& group : pools.groups) {
        waits.add({group.pool, group.engine, "ok"}, group.read(&PoolProbe::wait_ok));
        waits.add({group.pool, group.engine, "failed"}, group.read(&PoolProbe::wait_failed));
    }
    out.push_back(waits.take());
    Samples causes(catalogue::acquire_wait_by_cause);
    for (const PoolGroup& group : pools.groups) {
        causes.add_each<telemetry::WaitCause>({group.pool, group.engine}, [&](auto cause) {
            return seconds(
                group.sum([&](const PoolProbe& p) { return p.wait_nanoseconds(cause); }));
        });
    }
    out.push_back(causes.take());
    Samples blocked(catalogue::blocked_seconds);
    for (const PoolGroup& group : pools.groups) {
        blocked.add_each<telemetry::Holder>({group.pool, group.engine}, [&](auto holder) {
            return seconds(
                group.sum([&](const PoolProbe& p) { return p.blocked_nanoseconds(holder); }));
        });
    }
    out.push_back(blocked.take());
}

}  // namespace

Families PoolCollector::Collect() const {
    const PoolGroups pools = group_pools(registry_, pools_max_);
    Families out;
    collect_connections(out, pools);
    collect_acquires(out, pools);
    Samples overflow(catalogue::metric_label_overflow);
    overflow.add({"pool"}, pools.folded);
    overflow.add({"tenant"}, registry_.tenants().turned_away());
    out.push_back(overflow.take());
    return out;
}

}  // namespace weir::collectors
