#include "cli/pool_usage.h"

#include <algorithm>
#include <cstdlib>

namespace weir::cli {
namespace {

bool has_label(std::string_view labels, std::string_view name, std::string_view value) {
    const std::string wanted = std::string(name) + "=\"" + std::string(value) + "\"";
    for (std::size_t at = labels.find(wanted); at != std::string_view::npos;
         at = labels.find(wanted, at + 1)) {
        if (at == 0 || labels[at - 1] == ',') return true;
    }
    return false;
}

}  // namespace

PoolUsage pool_usage(std::string_view metrics, std::string_view pool) {
    PoolUsage usage;
    while (!metrics.empty()) {
        const std::string_view line = metrics.substr(0, metrics.find('\n'));
        metrics.remove_prefix(std::min(line.size() + 1, metrics.size()));
        const std::size_t open = line.find('{');
        const std::size_t close = line.rfind('}');
        if (line.starts_with('#') || open == std::string_view::npos ||
            close == std::string_view::npos || close < open) {
            continue;
        }
        const std::string_view name = line.substr(0, open);
        const std::string_view labels = line.substr(open + 1, close - open - 1);
        if (!pool.empty() && !has_label(labels, "pool", pool)) continue;
        const double value = std::strtod(std::string(line.substr(close + 1)).c_str(), nullptr);
        if (name == "weir_acquire_served_total") {
            usage.served += value;
            if (has_label(labels, "source", "created")) usage.created += value;
        } else if (name == "weir_acquire_wait_seconds_count") {
            usage.waits += value;
        } else if (name == "weir_acquire_wait_seconds_sum") {
            usage.wait_seconds += value;
        }
    }
    return usage;
}

PoolUsage operator-(const PoolUsage& after, const PoolUsage& before) {
    return {after.served - before.served, after.created - before.created,
            after.waits - before.waits, after.wait_seconds - before.wait_seconds};
}

}  // namespace weir::cli
