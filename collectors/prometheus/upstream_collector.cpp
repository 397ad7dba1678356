#include "collectors/prometheus/upstream_collector.h"

#include "collectors/prometheus/samples.h"

namespace weir::collectors {

std::vector<::prometheus::MetricFamily> UpstreamCollector::Collect() const {
    Samples up(catalogue::upstream_up), breaker(catalogue::upstream_breaker_state);
    Samples transitions(catalogue::upstream_breaker_transitions);
    Samples budget(catalogue::upstream_budget_connections);
    Samples used(catalogue::upstream_budget_used), steals(catalogue::upstream_budget_steals);
    for (const auto& one : registry_.upstreams()) {
        const telemetry::UpstreamProbe& probe = *one.probe;
        const LabelValues labels{one.labels};
        up.add(labels, probe.up() ? 1 : 0);
        // Read once: of the states exactly one is 1.
        const telemetry::BreakerState now = probe.breaker();
        breaker.add_each<telemetry::BreakerState>(labels,
                                                  [&](auto state) { return state == now ? 1 : 0; });
        transitions.add_each<telemetry::BreakerState>(
            labels, [&](auto to) { return probe.transitions(to); });
        budget.add(labels, probe.budget_connections());
        used.add(labels, probe.budget_used());
        steals.add(labels, probe.steals());
    }
    return {up.take(),     breaker.take(), transitions.take(),
            budget.take(), used.take(),    steals.take()};
}

}  // namespace weir::collectors
