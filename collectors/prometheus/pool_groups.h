// Which pool templates share a series: the first `pools_max` templates have one of their own, the
// rest are added up as pool="other", so that the size of an answer is bounded. Templates count in
// the order in which they were registered, hence none ever changes its label.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "telemetry/quantile.h"
#include "telemetry/registry.h"

namespace weir::collectors {

using RegisteredPool = telemetry::Registered<telemetry::PoolLabels, telemetry::PoolProbe>;

struct PoolGroup {
    std::string pool, engine;
    bool folded = false;                 // stands for several templates
    std::vector<RegisteredPool> probes;  // of all loops

    template <class Read>
    [[nodiscard]] auto sum(const Read& read) const {
        decltype(read(*probes.front().probe)) all{};
        for (const RegisteredPool& one : probes) all += read(*one.probe);
        return all;
    }
    template <class Read>
    [[nodiscard]] auto max(const Read& read) const {
        decltype(read(*probes.front().probe)) most{};
        for (const RegisteredPool& one : probes) most = std::max(most, read(*one.probe));
        return most;
    }
    template <const auto& bounds>
    [[nodiscard]] telemetry::HistogramReading<bounds> read(
        const telemetry::Histogram<bounds>& (telemetry::PoolProbe::*histogram)() const) const {
        telemetry::HistogramReading<bounds> all;
        for (const RegisteredPool& one : probes) all.add((one.probe.get()->*histogram)());
        return all;
    }
    // The same group divided by upstream: {upstream, probes}.
    [[nodiscard]] std::vector<std::pair<std::string, PoolGroup>> by_upstream() const;
};

struct PoolGroups {
    std::vector<PoolGroup> groups;
    std::uint64_t folded = 0;  // templates without a series of their own
};

[[nodiscard]] PoolGroups group_pools(const telemetry::Registry& registry, std::size_t pools_max);

}  // namespace weir::collectors
