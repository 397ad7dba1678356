// Families whose samples are one, or one for each word of an enum, a pool: read from every probe of
// the pool and added up. The labels are pool, engine and the word.
#pragma once

#include <vector>

#include "collectors/prometheus/pool_groups.h"
#include "collectors/prometheus/samples.h"

namespace weir::collectors {

using Families = std::vector<::prometheus::MetricFamily>;

// One sample a group, whose labels are pool and engine.
template <class Value>
void collect_scalar(Families& out, const catalogue::Metric& metric, const PoolGroups& pools,
                    const Value& value) {
    Samples samples(metric);
    for (const PoolGroup& group : pools.groups) {
        samples.add({group.pool, group.engine}, value(group));
    }
    out.push_back(samples.take());
}

// One sample for each word of E a group; `read(probe, word)`.
template <class E, class Read>
void collect_words(Families& out, const catalogue::Metric& metric, const PoolGroups& pools,
                   const Read& read) {
    Samples samples(metric);
    for (const PoolGroup& group : pools.groups) {
        samples.add_each<E>({group.pool, group.engine}, [&](E e) {
            return group.sum([&](const telemetry::PoolProbe& p) { return read(p, e); });
        });
    }
    out.push_back(samples.take());
}

// A histogram a group, given as the probe's reader of it.
template <const auto& bounds>
void collect_histogram(Families& out, const catalogue::Metric& metric, const PoolGroups& pools,
                       const telemetry::Histogram<bounds>& (telemetry::PoolProbe::*histogram)()
                           const) {
    Samples samples(metric);
    for (const PoolGroup& group : pools.groups) {
        samples.add({group.pool, group.engine}, group.read(histogram));
    }
    out.push_back(samples.take());
}

}  // namespace weir::collectors
