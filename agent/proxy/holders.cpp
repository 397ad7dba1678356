#include "proxy/holders.h"

#include <fmt/format.h>

#include "base/log.h"
#include "proxy/pool_loop.h"
#include "proxy/server_connection.h"
#include "proxy/session.h"
#include "wire/statement_summary.h"

namespace weir::proxy {
namespace {

using telemetry::WaitCause;

std::optional<LeakStatus> holder_in_pool(const pool::Refusal& refusal, const PoolLoop& home) {
    if (refusal.longest_holder == nullptr) return std::nullopt;
    return static_cast<ServerConnection*>(refusal.longest_holder)->leak(home.now());
}

// The longest holder of what was lacked: a connection of the pool, or any of the upstream's.
std::optional<LeakStatus> holder_of(const pool::Refusal& refusal, PoolLoop& home,
                                    const TenantPool& tenant) {
    if (!pool::Blame::has_holders(refusal.cause)) return std::nullopt;
    if (refusal.cause == WaitCause::budget) {
        if (auto holder = home.upstream(tenant).holders.longest(home.now())) return holder;
    }
    return holder_in_pool(refusal, home);
}

}  // namespace

std::string holder_words(const LeakStatus& holder) {
    std::string words = holder.client.empty()
                            ? std::string("several clients that share it")
                            : fmt::format("client {} (application \"{}\")", holder.client_address,
                                          holder.application_name);
    fmt::format_to(std::back_inserter(words), ", {}, for {:.1f}s", holder.state,
                   holder.held_seconds);
    const std::string statement = wire::summarize(holder.last_statement).text();
    if (!statement.empty()) {
        fmt::format_to(std::back_inserter(words), ", last statement {}", statement);
    }
    if (!holder.trace_id.empty()) {
        fmt::format_to(std::back_inserter(words), ", trace {}", holder.trace_id);
    }
    return words;
}

std::string longest_holder(const pool::Refusal& refusal, PoolLoop& home, const TenantPool& tenant) {
    if (refusal.outcome != pool::AcquireOutcome::timeout) return {};
    std::optional<LeakStatus> holder = holder_of(refusal, home, tenant);
    // In another template a tenant of the same name may be somebody else.
    const bool own = holder && holder->tenant == tenant.match.tenant &&
                     holder->pool == tenant.pool->settings().name;
    if (holder && !own) holder = holder_in_pool(refusal, home);
    return holder ? holder_words(*holder) : std::string();
}

void log_time_out(const pool::Refusal& refusal, PoolLoop& home, const Session& session,
                  std::uint64_t left_out) {
    const TenantPool& tenant = session.tenant();
    const LeakStatus holder = holder_of(refusal, home, tenant).value_or(LeakStatus{});
    base::log::warn("pool.acquire_timed_out",
                    {{"pool", tenant.pool->settings().name},
                     {"tenant", tenant.match.tenant},
                     {"app", tenant.match.app},
                     {"client_address", session.who().address},
                     {"application_name", session.who().application_name},
                     {"cause", base::word(refusal.cause)},
                     {"max", refusal.max},
                     {"used", refusal.used},
                     {"waiting", refusal.waiting},
                     {"waited_seconds", base::seconds(refusal.waited)},
                     {"holder_server", holder.server},
                     {"holder_tenant", holder.tenant},
                     {"holder_app", holder.app},
                     {"holder_user", holder.user},
                     {"holder_client", holder.client},
                     {"holder_client_address", holder.client_address},
                     {"holder_application_name", holder.application_name},
                     {"holder_state", holder.state},
                     {"holder_held_seconds", holder.held_seconds},
                     {"holder_statement", wire::summarize(holder.last_statement).text()},
                     {"holder_trace_id", holder.trace_id},
                     {"left_out", left_out}});
}

}  // namespace weir::proxy
