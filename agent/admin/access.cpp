#include "admin/access.h"

#include <strings.h>

namespace weir::admin {
namespace {

std::string_view bearer(std::string_view authorization) {
    constexpr std::string_view scheme = "Bearer ";
    if (authorization.size() < scheme.size() ||
        strncasecmp(authorization.data(), scheme.data(), scheme.size()) != 0) {
        return {};
    }
    authorization.remove_prefix(scheme.size());
    const std::size_t first = authorization.find_first_not_of(' ');
    return first == std::string_view::npos ? std::string_view{} : authorization.substr(first);
}

Response unauthorized(std::string_view message) {
    Response response = refusal(401, "unauthorized", message);
    response.headers.emplace_back("WWW-Authenticate", "Bearer realm=\"weir\"");
    return response;
}

bool is(const settings::Secret& secret, std::string_view token) {
    return !secret.empty() && !token.empty() && secret.matches(token);
}

}  // namespace

Access::Access(Hosts hosts, settings::Secret acting, settings::Secret reading)
    : hosts_(std::move(hosts)), acting_(std::move(acting)), reading_(std::move(reading)) {}

std::optional<Response> Access::refuse_foreign(const Request& request) const {
    if (request.host && !hosts_.allow(*request.host)) {
        return refusal(403, "foreign_host",
                       "this agent does not go by the name in the Host header; use its listen "
                       "address, a loopback name or agent.name");
    }
    if (request.origin && !same_origin(*request.origin, request.host.value_or(""))) {
        return refusal(403, "foreign_origin", "pages of other origins may not use this agent");
    }
    return std::nullopt;
}

std::optional<Response> Access::refuse_unauthorized(const Request& request, Need need) const {
    if (need == Need::nothing) return std::nullopt;
    if (need == Need::reading && reading_.empty()) return std::nullopt;
    const std::string_view token = bearer(request.authorization);
    if (is(acting_, token)) return std::nullopt;
    const bool may_read = is(reading_, token);
    if (need == Need::reading) {
        if (may_read) return std::nullopt;
        return unauthorized("reading needs admin.read_token or admin.token as a bearer token");
    }
    if (acting_.empty()) {
        return refusal(403, "acting_disabled",
                       "this agent has no admin token; set admin.token or an admin.token_file that "
                       "it can write");
    }
    if (may_read) return refusal(403, "forbidden", "the read token may not act");
    return unauthorized("acting needs admin.token as a bearer token; see admin.token_file");
}

}  // namespace weir::admin
