#include "cli/test_report.h"

#include <fmt/format.h>

#include <algorithm>

#include "cli/figures.h"

namespace weir::cli {

std::string test_report(const TrafficResult& traffic, const std::optional<PoolUsage>& usage) {
    const double rate = static_cast<double>(traffic.transactions) / std::max(traffic.seconds, 1e-9);
    std::string text = fmt::format("transactions  {} in {} ({:.0f} a second)\n",
                                   traffic.transactions, duration_text(traffic.seconds), rate);
    text += fmt::format("errors        {}{}{}\n", traffic.errors, traffic.errors == 0 ? "" : ": ",
                        traffic.first_error);
    text += fmt::format("latency       p50 {}, p99 {}, longest {}\n",
                        duration_text(traffic.p50_seconds), duration_text(traffic.p99_seconds),
                        duration_text(traffic.longest_seconds));
    if (!usage) return text + "reuse         not known: the agent's admin HTTP does not answer\n";
    if (usage->served <= 0) return text + "reuse         not known: the agent counted no acquire\n";
    text += fmt::format("reuse         {} ({} for {})\n",
                        share_text(1 - usage->created / usage->served),
                        counted(static_cast<unsigned long long>(usage->created), "new connection"),
                        counted(static_cast<unsigned long long>(usage->served), "acquire"));
    const double mean = usage->waits > 0 ? usage->wait_seconds / usage->waits : 0;
    return text + fmt::format("wait          mean {}\n", duration_text(mean));
}

}  // namespace weir::cli
