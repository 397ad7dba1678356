#include "admin/health.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

namespace weir::admin {
namespace {

using proxy::PoolStatus;
using proxy::Snapshot;
using proxy::TemplateStatus;
using telemetry::BreakerState;
using PoolKey = std::pair<std::string, std::string>;  // template, tenant

constexpr double slots_warn_at = 0.9;  // of what a server has for everybody

unsigned in_use(const pool::PoolCounts& counts) { return counts.used + counts.pinned; }

void find_exhausted(const Snapshot& snapshot, Health& health) {
    for (const PoolStatus& pool : snapshot.pools) {
        const pool::PoolCounts& counts = pool.counts;
        if (counts.waiting == 0 || in_use(counts) < counts.max || counts.paused) continue;
        Issue issue{HealthStatus::error, pool.pool, pool.tenant, pool.upstream,
                    Trouble::pool_exhausted};
        issue.value = in_use(counts);
        issue.limit = counts.max;
        issue.action = fmt::format(
            "{} wait, the oldest for {:.1f} s: see `weir leaks` and `weir status --detailed --pool "
            "{}`, then raise max_size or shorten transactions",
            counts.waiting, base::seconds(counts.oldest_wait), pool.pool);
        health.issues.push_back(std::move(issue));
    }
}

// Skips the pools that are reported as exhausted: the same fact once.
void find_nearly_full(const Snapshot& snapshot, Health& health) {
    std::set<PoolKey> exhausted;
    for (const Issue& issue : health.issues) {
        if (issue.what == Trouble::pool_exhausted) exhausted.emplace(issue.pool, issue.tenant);
    }
    std::map<std::string, double> warn_at;
    for (const TemplateStatus& row : snapshot.templates) warn_at[row.pool] = row.warn_at;
    for (const PoolStatus& pool : snapshot.pools) {
        const auto limit = warn_at.find(pool.pool);
        if (limit == warn_at.end() || pool.counts.max == 0) continue;
        const double share =
            static_cast<double>(in_use(pool.counts)) / static_cast<double>(pool.counts.max);
        if (share <= limit->second || exhausted.contains({pool.pool, pool.tenant})) continue;
        Issue issue{HealthStatus::warning, pool.pool, pool.tenant, pool.upstream,
                    Trouble::pool_nearly_full};
        issue.value = share;
        issue.limit = limit->second;
        issue.action =
            fmt::format("{} of {} connections are in use: see `weir advise` for max_size",
                        in_use(pool.counts), pool.counts.max);
        health.issues.push_back(std::move(issue));
    }
}

void find_leaks(const std::vector<proxy::LeakStatus>& leaks, Health& health) {
    struct Found {
        unsigned count = 0;
        double held_seconds = 0;
    };
    std::map<PoolKey, Found> found;
    for (const proxy::LeakStatus& leak : leaks) {
        Found& of_pool = found[{leak.pool, leak.tenant}];
        ++of_pool.count;
        of_pool.held_seconds = std::max(of_pool.held_seconds, leak.held_seconds);
    }
    for (const auto& [key, of_pool] : found) {
        Issue issue{HealthStatus::warning, key.first, key.second, "", Trouble::leaks_suspected};
        issue.value = of_pool.count;
        issue.action = fmt::format(
            "held for up to {:.0f} s with no query running: `weir leaks` names the clients, `weir "
            "kill --connection ID` takes a connection back",
            of_pool.held_seconds);
        health.issues.push_back(std::move(issue));
    }
}

void find_long_waits(const Snapshot& snapshot, Health& health) {
    for (const TemplateStatus& row : snapshot.templates) {
        const double limit = row.acquire_timeout_seconds / 10;
        if (limit <= 0 || !(row.wait_p99_seconds > limit)) continue;
        Issue issue{HealthStatus::warning, row.pool, "", row.upstream, Trouble::waits_long};
        issue.value = row.wait_p99_seconds;
        issue.limit = limit;
        issue.action =
            "clients wait long for connections: see `weir tenants --sort wait`, raise max_size or "
            "the upstream's max_connections";
        health.issues.push_back(std::move(issue));
    }
}

void find_breakers(const Snapshot& snapshot, Health& health) {
    for (const TemplateStatus& row : snapshot.templates) {
        const bool open = row.breaker == base::word(BreakerState::open);
        if (!open && row.breaker != base::word(BreakerState::half_open)) continue;
        Issue issue{open ? HealthStatus::error : HealthStatus::warning, row.pool, "", row.upstream,
                    open ? Trouble::breaker_open : Trouble::breaker_half_open};
        issue.value = 1;
        issue.action = open ? fmt::format("check the server of upstream {}: {}", row.upstream,
                                          row.last_connect_error.empty() ? "it can't be reached"
                                                                         : row.last_connect_error)
                            : fmt::format("upstream {} is being tried again", row.upstream);
        health.issues.push_back(std::move(issue));
    }
}

void find_full_servers(const Snapshot& snapshot, Health& health) {
    for (const proxy::UpstreamStatus& upstream : snapshot.upstreams) {
        const auto used = static_cast<double>(upstream.server_slots_used);
        const auto slots = static_cast<double>(upstream.server_slots);
        if (slots <= 0 || used <= slots_warn_at * slots) continue;
        Issue issue{HealthStatus::warning, "", "", upstream.name, Trouble::server_slots_low};
        issue.value = used;
        issue.limit = slots;
        issue.action = fmt::format(
            "{} of the server's {} connections are in use, {} of them this agent's: lower what "
            "others take there, or raise the server's own limit",
            upstream.server_slots_used, upstream.server_slots, upstream.used);
        health.issues.push_back(std::move(issue));
    }
}

// One that was never dialed counts as able: nobody has asked for it yet.
void find_lost_upstreams(const Snapshot& snapshot, Health& health) {
    if (snapshot.upstreams.empty()) return;
    std::string last_error;
    for (const proxy::UpstreamStatus& upstream : snapshot.upstreams) {
        if (upstream.up || !upstream.ever_dialed) return;
        if (!upstream.last_error.empty()) last_error = ": " + upstream.last_error;
    }
    Issue issue{HealthStatus::error, "", "", "", Trouble::no_upstream};
    issue.limit = 1;
    issue.action = "no server can be reached: check the servers and the network" + last_error;
    health.issues.push_back(std::move(issue));
}

void find_silent_loops(const Snapshot& snapshot, Health& health) {
    if (snapshot.stale.empty()) return;
    Issue issue{HealthStatus::warning, "", "", "", Trouble::loop_silent};
    issue.value = static_cast<double>(snapshot.stale.size());
    issue.action = fmt::format(
        "event loop {} did not answer in time, its pools are missing here: see "
        "weir_event_loop_lag_seconds",
        fmt::join(snapshot.stale, ", "));
    health.issues.push_back(std::move(issue));
}

void find_failed_reload(const Snapshot& snapshot, Health& health) {
    if (snapshot.reload_failure.empty()) return;
    Issue issue{HealthStatus::warning, "", "", "", Trouble::reload_failed};
    issue.value = 1;
    issue.action =
        "the configuration in effect is the one of before: correct the file (`weir "
        "check`), then `weir reload`: " +
        snapshot.reload_failure;
    health.issues.push_back(std::move(issue));
}

}  // namespace

Health assess(const Snapshot& snapshot, const std::vector<proxy::LeakStatus>& leaks) {
    Health health;
    find_lost_upstreams(snapshot, health);
    find_breakers(snapshot, health);
    find_exhausted(snapshot, health);
    find_silent_loops(snapshot, health);
    find_failed_reload(snapshot, health);
    find_leaks(leaks, health);
    find_long_waits(snapshot, health);
    find_nearly_full(snapshot, health);
    find_full_servers(snapshot, health);
    std::stable_sort(health.issues.begin(), health.issues.end(),
                     [](const Issue& a, const Issue& b) { return a.severity > b.severity; });
    if (!health.issues.empty()) health.status = health.issues.front().severity;
    if (health.issues.size() > max_issues) {
        health.unlisted = health.issues.size() - max_issues;
        health.issues.resize(max_issues);
    }
    return health;
}

}  // namespace weir::admin
