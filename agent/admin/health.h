// The verdict of /health: what is wrong, where, how far over which limit, and what to do. Pure
// functions over what the agent says of itself; the list is bounded however many tenants there are,
// the status is always over all of them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/words.h"
#include "proxy/inspection.h"

namespace weir::admin {

enum class HealthStatus : std::uint8_t { healthy, warning, error };
enum class Trouble : std::uint8_t {
    pool_exhausted,     // somebody waits and every connection is in use: value used, limit max
    breaker_open,       // value 1
    no_upstream,        // value upstreams up, limit 1 is the least
    pool_nearly_full,   // value used/max, limit warn_at
    leaks_suspected,    // value suspected connections of the tenant, limit 0
    breaker_half_open,  // value 1
    waits_long,         // value p99 seconds, limit a tenth of the acquire time-out
    loop_silent,        // value loops whose numbers are missing here, limit 0
    reload_failed,      // value 1
    server_slots_low    // value slots of the server in use, limit those that are for everybody
};

struct Issue {
    HealthStatus severity = HealthStatus::warning;
    std::string pool, tenant, upstream;  // empty where the issue has none
    Trouble what = Trouble::pool_exhausted;
    double value = 0, limit = 0;
    std::string action{};  // what a person does about it
};

struct Health {
    HealthStatus status = HealthStatus::healthy;
    std::vector<Issue> issues;  // errors first, at most max_issues
    std::size_t unlisted = 0;   // how many more there are
};

inline constexpr std::size_t max_issues = 100;

[[nodiscard]] Health assess(const proxy::Snapshot& snapshot,
                            const std::vector<proxy::LeakStatus>& leaks);

}  // namespace weir::admin

namespace weir::base {
template <>
struct Words<admin::HealthStatus> {
    static constexpr std::array<std::string_view, 3> all{"healthy", "warning", "error"};
};
template <>
struct Words<admin::Trouble> {
    static constexpr std::array<std::string_view, 10> all{
        "pool exhausted",  "breaker open",      "no upstream up", "pool nearly full",
        "leaks suspected", "breaker half-open", "waits long",     "loop silent",
        "reload failed",   "server slots low"};
};
}  // namespace weir::base
