// The one place that turns reasons into SQLSTATEs and messages for PostgreSQL clients. A message
// says what happened with its numbers and what to do. Source: PostgreSQL documentation, Appendix A.
#pragma once

#include <string>
#include <string_view>

#include "pool/waiter.h"
#include "settings/settings.h"

namespace weir::proxy {

// What a client is told: an ErrorResponse's code and text.
struct Answer {
    std::string sqlstate, message, hint;
};

// `holder` describes the longest holder when it is of the same tenant; empty else.
[[nodiscard]] Answer answer(const pool::Refusal& refusal, const settings::Pool& pool,
                            std::string_view tenant, std::string_view upstream,
                            std::string_view last_connect_error, std::string_view holder);

[[nodiscard]] Answer no_pool(std::string_view database);
[[nodiscard]] Answer too_many_tenants(const settings::Pool& pool);
[[nodiscard]] Answer wrong_password(std::string_view user);
[[nodiscard]] Answer pool_not_allowed(std::string_view user, std::string_view pool);
[[nodiscard]] Answer tenant_not_allowed(std::string_view user, std::string_view tenant);
// The pool has no account of its own, and of this user only a verifier is known.
[[nodiscard]] Answer password_unknown(std::string_view user, std::string_view pool);
[[nodiscard]] Answer role_not_asked(std::string_view upstream, std::string_view why);
[[nodiscard]] Answer console_not_allowed(std::string_view user);
[[nodiscard]] Answer console_needs_password();
[[nodiscard]] Answer client_limit(std::string_view whose, unsigned limit);
[[nodiscard]] Answer tls_required(std::string_view listener);
[[nodiscard]] Answer other_certificate(std::string_view user, std::string_view certified);
[[nodiscard]] Answer login_timed_out();
[[nodiscard]] Answer draining();
[[nodiscard]] Answer pool_removed(std::string_view pool);
[[nodiscard]] Answer server_lost(std::string_view upstream, std::string_view detail);
[[nodiscard]] Answer protocol_violation(std::string_view what);

}  // namespace weir::proxy
