// The traffic of `weir test`: clients with a connection and a thread each, which run one small
// transaction after the other until the time is over. Blocks its caller; bounded in time and
// memory.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "cli/test_target.h"

namespace weir::cli {

struct TrafficResult {
    std::uint64_t transactions = 0;
    std::uint64_t errors = 0;  // failed connects and failed transactions
    std::string first_error;   // one line; empty when there was none
    double seconds = 0;        // how long it really took
    double p50_seconds = 0, p99_seconds = 0, longest_seconds = 0;
};

[[nodiscard]] TrafficResult drive_traffic(const TestTarget& target, unsigned clients,
                                          std::chrono::seconds duration);

// The value at `share` of the way through `values`, which it reorders; 0 when there is none.
[[nodiscard]] double quantile(std::vector<float>& values, double share);

}  // namespace weir::cli
