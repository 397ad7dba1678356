#include "proxy/refusals.h"

#include <fmt/format.h>

namespace weir::proxy {
namespace {

using pool::AcquireOutcome;
using pool::RejectReason;

std::string numbers(const pool::Refusal& refusal) {
    return fmt::format("max {}, used {}, waiting {}, waited {:.1f}s", refusal.max, refusal.used,
                       refusal.waiting, base::seconds(refusal.waited));
}

Answer rejected(const pool::Refusal& refusal, const settings::Pool& pool, std::string_view tenant,
                std::string_view upstream, std::string_view last_connect_error) {
    switch (refusal.reason) {
        case RejectReason::queue_full:
            return {"53300",
                    fmt::format("pool \"{}\" has {} clients waiting, its max_waiting ({})",
                                pool.name, refusal.waiting, numbers(refusal)),
                    "Raise max_size or max_waiting, or send fewer clients."};
        case RejectReason::tenant_limit:
            return too_many_tenants(pool);
        case RejectReason::tenant_disabled:
            return {"28000",
                    fmt::format("tenant \"{}\" is disabled in pool \"{}\"", tenant, pool.name),
                    "An operator disabled it; `weir enable` admits it again."};
        case RejectReason::draining:
            return draining();
        case RejectReason::breaker_open:
        case RejectReason::upstream_refused:
            break;
    }
    return {"08006",
            fmt::format("upstream \"{}\" is unreachable: {}", upstream,
                        last_connect_error.empty() ? "connecting failed" : last_connect_error),
            "It is tried again by itself; ask `weir status` for its breaker."};
}

}  // namespace

Answer answer(const pool::Refusal& refusal, const settings::Pool& pool, std::string_view tenant,
              std::string_view upstream, std::string_view last_connect_error,
              std::string_view holder) {
    switch (refusal.outcome) {
        case AcquireOutcome::rejected:
            return rejected(refusal, pool, tenant, upstream, last_connect_error);
        case AcquireOutcome::error:
            return {refusal.sqlstate.empty() ? "08006" : refusal.sqlstate, refusal.message, {}};
        case AcquireOutcome::ok:
        case AcquireOutcome::timeout:
        case AcquireOutcome::cancelled:
            break;
    }
    std::string message = fmt::format("acquiring a connection of pool \"{}\" timed out ({})",
                                      pool.name, numbers(refusal));
    if (!holder.empty())
        fmt::format_to(std::back_inserter(message), "; longest held by {}", holder);
    if (!last_connect_error.empty()) {
        fmt::format_to(std::back_inserter(message), "; last connect error: {}", last_connect_error);
    }
    return {"53300", std::move(message),
            "`weir status --detailed` shows who holds the connections."};
}

Answer no_pool(std::string_view database) {
    return {"3D000", fmt::format("no pool serves database \"{}\"", database),
            "Add a [[pool]] whose match fits, or correct the database's name."};
}

Answer too_many_tenants(const settings::Pool& pool) {
    return {"53300",
            fmt::format("pool \"{}\" already knows as many tenants as max_tenants ({})", pool.name,
                        pool.max_tenants),
            "Raise max_tenants."};
}

Answer wrong_password(std::string_view user) {
    return {"28P01", fmt::format("password authentication failed for user \"{}\"", user), {}};
}

Answer pool_not_allowed(std::string_view user, std::string_view pool) {
    return {"28000", fmt::format("user \"{}\" may not use pool \"{}\"", user, pool), {}};
}

Answer tenant_not_allowed(std::string_view user, std::string_view tenant) {
    return {"28000", fmt::format("user \"{}\" may not use tenant \"{}\"", user, tenant), {}};
}

Answer password_unknown(std::string_view user, std::string_view pool) {
    return {
        "28000",
        fmt::format("pool \"{}\" logs in to the server as its clients, and of user \"{}\" only a "
                    "verifier is known, not the password",
                    pool, user),
        "Give the pool a user of its own, or this user a password."};
}

Answer role_not_asked(std::string_view upstream, std::string_view why) {
    return {"08006",
            fmt::format("upstream \"{}\" could not be asked for the account: {}", upstream, why),
            {}};
}

Answer console_not_allowed(std::string_view user) {
    return {"28000", fmt::format("user \"{}\" may not use the console", user),
            "Set admin = true in its [[user]]."};
}

Answer console_needs_password() {
    return {"28000", "the console needs a password, which this listener does not ask for",
            "Connect to a listener whose auth is not \"trust\"."};
}

Answer client_limit(std::string_view whose, unsigned limit) {
    return {"53300", fmt::format("{} has reached its max_clients ({})", whose, limit),
            "Raise max_clients, or close clients that are not needed."};
}

Answer tls_required(std::string_view listener) {
    return {"28000", fmt::format("listener \"{}\" takes encrypted connections only", listener),
            "Connect with sslmode=require, or better verify-full."};
}

Answer other_certificate(std::string_view user, std::string_view certified) {
    return {"28000",
            fmt::format("the client's certificate is that of \"{}\", not of user \"{}\"", certified,
                        user),
            {}};
}

Answer login_timed_out() { return {"08P01", "login was not finished within login_timeout", {}}; }

Answer draining() {
    return {"57P01", "the connection pool is shutting down",
            "Connect again: another agent serves."};
}

Answer pool_removed(std::string_view pool) {
    return {"57P01", fmt::format("the pool \"{}\" was removed from the configuration", pool),
            "Connect again: another pool may serve this database."};
}

Answer server_lost(std::string_view upstream, std::string_view detail) {
    return {"08006",
            fmt::format("the connection to upstream \"{}\" was lost{}{}", upstream,
                        detail.empty() ? "" : ": ", detail),
            {}};
}

Answer protocol_violation(std::string_view what) { return {"08P01", std::string(what), {}}; }

}  // namespace weir::proxy
