#include "collectors/prometheus/connection_collector.h"

#include "collectors/prometheus/pool_families.h"

namespace weir::collectors {
namespace {

using telemetry::PoolProbe;

void collect_creates(Families& out, const PoolGroups& pools) {
    collect_histogram(out, catalogue::connection_create_seconds, pools, &PoolProbe::create_time);
    Samples creates(catalogue::connection_creates);
    Samples failures(catalogue::connection_create_failures);
    for (const PoolGroup& group : pools.groups) {
        for (const auto& [upstream, part] : group.by_upstream()) {
            std::uint64_t failed = 0;
            failures.add_each<telemetry::CreateFailure>(
                {group.pool, group.engine, upstream}, [&, &probes = part](auto reason) {
                    const auto count =
                        probes.sum([&](const PoolProbe& p) { return p.create_failures(reason); });
                    failed += count;
                    return count;
                });
            creates.add({group.pool, group.engine, upstream, "ok"},
                        part.sum([](const PoolProbe& p) { return p.creates(); }));
            creates.add({group.pool, group.engine, upstream, "failed"}, failed);
        }
    }
    out.push_back(creates.take());
    out.push_back(failures.take());
}

void collect_ends(Families& out, const PoolGroups& pools) {
    collect_histogram(out, catalogue::connection_use_seconds, pools, &PoolProbe::use);
    collect_words<telemetry::ReleaseResult>(
        out, catalogue::releases, pools,
        [](const PoolProbe& p, auto result) { return p.releases(result); });
    collect_words<telemetry::ReapReason>(
        out, catalogue::connections_reaped, pools,
        [](const PoolProbe& p, auto reason) { return p.reaps(reason); });
    collect_histogram(out, catalogue::connection_age_at_close_seconds, pools,
                      &PoolProbe::age_at_close);
    collect_scalar(out, catalogue::protocol_desync, pools, [](const PoolGroup& group) {
        return group.sum([](const PoolProbe& p) { return p.desyncs(); });
    });
}

void collect_pins_and_leaks(Families& out, const PoolGroups& pools) {
    collect_words<telemetry::PinReason>(
        out, catalogue::pinned_connections, pools,
        [](const PoolProbe& p, auto reason) { return p.pinned_connections(reason); });
    collect_words<telemetry::PinReason>(
        out, catalogue::pins, pools,
        [](const PoolProbe& p, auto reason) { return p.pins(reason); });
    collect_words<telemetry::LeakAction>(
        out, catalogue::leak_suspected_connections, pools,
        [](const PoolProbe& p, auto action) { return p.leaks_now(action); });
    collect_words<telemetry::LeakAction>(
        out, catalogue::leaks_suspected, pools,
        [](const PoolProbe& p, auto action) { return p.leaks_suspected(action); });
    collect_words<telemetry::LeakAction>(
        out, catalogue::leaks_reclaimed, pools,
        [](const PoolProbe& p, auto action) { return p.leaks_reclaimed(action); });
}

void collect_sessions(Families& out, const PoolGroups& pools) {
    collect_scalar(out, catalogue::settings_replayed, pools, [](const PoolGroup& group) {
        return group.sum([](const PoolProbe& p) { return p.settings_replayed_count(); });
    });
    Samples requests(catalogue::prepared_statement_requests);
    for (const PoolGroup& group : pools.groups) {
        requests.add({group.pool, group.engine, "hit"},
                     group.sum([](const PoolProbe& p) { return p.statement_hits(); }));
        requests.add({group.pool, group.engine, "miss"},
                     group.sum([](const PoolProbe& p) { return p.statement_misses(); }));
    }
    out.push_back(requests.take());
    collect_scalar(out, catalogue::prepared_statement_evictions, pools, [](const PoolGroup& group) {
        return group.sum([](const PoolProbe& p) { return p.statement_evictions(); });
    });
    collect_scalar(out, catalogue::prepared_statements, pools, [](const PoolGroup& group) {
        return group.sum([](const PoolProbe& p) { return p.statements(); });
    });
}

}  // namespace

Families ConnectionCollector::Collect() const {
    const PoolGroups pools = group_pools(registry_, pools_max_);
    Families out;
    collect_creates(out, pools);
    collect_ends(out, pools);
    collect_pins_and_leaks(out, pools);
    collect_sessions(out, pools);
    return out;
}

}  // namespace weir::collectors
