#include "cli/pool_usage.h"

#include "cli/exposition_reader.h"

namespace weir::cli {

PoolUsage pool_usage(std::string_view metrics, std::string_view pool) {
    PoolUsage usage;
    for_each_sample(metrics, [&](const Sample& sample) {
        if (!pool.empty() && !sample.has("pool", pool)) return;
        if (sample.name == "weir_acquire_served_total") {
            usage.served += sample.value;
            if (sample.has("source", "created")) usage.created += sample.value;
        } else if (sample.name == "weir_acquire_wait_seconds_count") {
            usage.waits += sample.value;
        } else if (sample.name == "weir_acquire_wait_seconds_sum") {
            usage.wait_seconds += sample.value;
        }
    });
    return usage;
}

PoolUsage operator-(const PoolUsage& after, const PoolUsage& before) {
    return {after.served - before.served, after.created - before.created,
            after.waits - before.waits, after.wait_seconds - before.wait_seconds};
}

}  // namespace weir::cli
