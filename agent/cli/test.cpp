// `weir test`: real traffic through a listener, and what the agent counted meanwhile.

#include <nlohmann/json.hpp>
#include <optional>

#include "cli/commands.h"
#include "cli/document.h"
#include "cli/pool_usage.h"
#include "cli/test_report.h"
#include "cli/test_target.h"
#include "cli/test_traffic.h"
#include "settings/load.h"

namespace weir::cli {
namespace {

base::Result<TestTarget> find_target(const TestOptions& options) {
    if (!options.dsn.empty()) return target_of_dsn(options.dsn, options.pool);
    const auto loaded = settings::load_file(options.config, settings::process_environment());
    if (!loaded) {
        return base::error(loaded.error().front().text() +
                           "; `weir check` tells all, and --dsn needs no file");
    }
    return test_target(loaded->settings, options.pool, options.tenant);
}

std::optional<PoolUsage> usage_now(const AdminClient& agent, const std::string& pool) {
    const auto metrics = agent.get("/metrics");
    if (!metrics) return std::nullopt;
    return pool_usage(*metrics, pool);
}

std::string json_report(const TrafficResult& traffic, const std::optional<PoolUsage>& usage) {
    Document report{{"transactions", traffic.transactions},
                    {"errors", traffic.errors},
                    {"first_error", traffic.first_error},
                    {"seconds", traffic.seconds},
                    {"latency_p50_seconds", traffic.p50_seconds},
                    {"latency_p99_seconds", traffic.p99_seconds},
                    {"latency_longest_seconds", traffic.longest_seconds}};
    if (usage && usage->served > 0) {
        report["acquires"] = usage->served;
        report["created"] = usage->created;
        report["reuse_rate"] = 1 - usage->created / usage->served;
    }
    if (usage && usage->waits > 0) report["wait_mean_seconds"] = usage->wait_seconds / usage->waits;
    return report.dump(-1, ' ', false, Document::error_handler_t::replace) + "\n";
}

}  // namespace

int perform(const AdminClient& agent, const TestOptions& options, const Output& output) {
    const auto target = find_target(options);
    if (!target) return output.fail(target.error().message);
    const auto before = usage_now(agent, target->pool);
    const TrafficResult traffic =
        drive_traffic(*target, options.clients, std::chrono::seconds(options.seconds));
    const auto after = before ? usage_now(agent, target->pool) : std::nullopt;
    std::optional<PoolUsage> usage;
    if (before && after) usage = *after - *before;
    output.out << (options.json ? json_report(traffic, usage) : test_report(traffic, usage));
    return traffic.errors == 0 && traffic.transactions > 0 ? 0 : 1;
}

}  // namespace weir::cli
