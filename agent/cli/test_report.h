// What `weir test` tells people. Pure.
#pragma once

#include <optional>
#include <string>

#include "cli/pool_usage.h"
#include "cli/test_traffic.h"

namespace weir::cli {

// `usage` is what the agent counted meanwhile; nothing when it could not be asked.
[[nodiscard]] std::string test_report(const TrafficResult& traffic,
                                      const std::optional<PoolUsage>& usage);

}  // namespace weir::cli
