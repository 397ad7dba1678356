// What the agent's own counters say of a stretch of time: how many acquires were served, how many
// needed a new connection, and how long they waited. Read from GET /metrics. Pure.
#pragma once

#include <string>
#include <string_view>

namespace weir::cli {

struct PoolUsage {
    double served = 0;   // acquires, whatever the source
    double created = 0;  // of these, with a connection made for them
    double waits = 0;    // all outcomes
    double wait_seconds = 0;
};

// `metrics` is Prometheus' text format; `pool` empty: all pools together.
[[nodiscard]] PoolUsage pool_usage(std::string_view metrics, std::string_view pool);

[[nodiscard]] PoolUsage operator-(const PoolUsage& after, const PoolUsage& before);

}  // namespace weir::cli
