#include "admin/routes.h"

#include <fmt/format.h>
#include <strings.h>

#include <algorithm>
#include <charconv>

#include "admin/actions.h"
#include "admin/documents.h"
#include "admin/health.h"
#include "admin/negotiation.h"
#include "admin/readiness.h"
#include "admin/status_page.h"
#include "settings/load.h"

namespace weir::admin {
namespace {

// What stood at the {…} of `pattern`, or nothing when `segments` are another path.
std::optional<std::vector<std::string>> match(std::string_view pattern,
                                              const std::vector<std::string>& segments) {
    std::vector<std::string> names;
    std::size_t at = 0;
    pattern.remove_prefix(1);
    while (!pattern.empty()) {
        if (at == segments.size()) return std::nullopt;
        const std::size_t end = std::min(pattern.find('/'), pattern.size());
        const std::string_view part = pattern.substr(0, end);
        if (part.front() == '{') {
            if (segments[at].empty()) return std::nullopt;
            names.push_back(segments[at]);
        } else if (part != segments[at]) {
            return std::nullopt;
        }
        ++at;
        pattern.remove_prefix(std::min(end + 1, pattern.size()));
    }
    if (at != segments.size()) return std::nullopt;
    return names;
}

// "true" unless it says no: ?verbose, ?verbose=1.
bool flag(const Target& target, const std::string& name) {
    const std::string* value = target.parameter(name);
    return value != nullptr && *value != "0" && *value != "false";
}

Filter filter_of(const Target& target) {
    Filter filter;
    if (const std::string* pool = target.parameter("pool")) filter.pool = *pool;
    if (const std::string* tenant = target.parameter("tenant")) filter.tenant = *tenant;
    return filter;
}

// 0 when it is not there; nothing when it is no number.
std::optional<std::size_t> number_of(const Target& target, const std::string& name) {
    const std::string* text = target.parameter(name);
    if (text == nullptr) return 0;
    std::size_t number = 0;
    const char* end = text->data() + text->size();
    const auto parsed = std::from_chars(text->data(), end, number);
    if (parsed.ec != std::errc() || parsed.ptr != end) return std::nullopt;
    return number;
}

Response not_a_number(std::string_view name, std::string_view what_zero_means) {
    return refusal(400, "bad_request",
                   fmt::format("{}: expected a whole number, {}", name, what_zero_means));
}

Response metrics_answer(std::string text, collectors::Format format) {
    Response response = text_answer(200, std::move(text));
    response.type = collectors::content_type(format);
    response.headers.emplace_back("Vary", "Accept");
    return response;
}

bool is_json(std::string_view content_type) {
    constexpr std::string_view json = "application/json";
    const std::string_view type = content_type.substr(0, content_type.find_first_of("; \t"));
    return type.size() == json.size() && strncasecmp(type.data(), json.data(), json.size()) == 0;
}

// The first reason why an acting request's body can't be looked at.
std::optional<Response> refuse_body(const Request& request) {
    if (request.oversized) {
        return refusal(413, "too_large", fmt::format("the body is over {} bytes", max_body));
    }
    if (!request.body.empty() && !is_json(request.content_type)) {
        return refusal(415, "unsupported_media_type", "a body must be application/json");
    }
    return std::nullopt;
}

// Whether an If-None-Match header is for `tag`: it lists tags, each as it was sent or marked weak
// by a proxy in between.
bool names_tag(std::string_view header, std::string_view tag) {
    return header == "*" || header.find(tag) != std::string_view::npos;
}

Response not_allowed(const std::string& allowed) {
    Response response = refusal(405, "method_not_allowed", "this path allows " + allowed);
    response.headers.emplace_back("Allow", allowed);
    return response;
}

}  // namespace

const std::vector<Routes::Route>& Routes::table() {
    static const std::vector<Route> routes{
        // Holds no numbers: its script asks for them, with the token where one is needed.
        {"GET", "/", Need::nothing, &Routes::page},
        {"GET", "/livez", Need::nothing, &Routes::livez},
        {"GET", "/readyz", Need::nothing, &Routes::readyz},
        {"GET", "/startupz", Need::nothing, &Routes::startupz},
        {"GET", "/metrics", Need::reading, &Routes::metrics},
        {"GET", "/metrics/tenants", Need::reading, &Routes::tenant_metrics},
        {"GET", "/health", Need::reading, &Routes::health},
        {"GET", "/api/v1/pools", Need::reading, &Routes::pools},
        {"GET", "/api/v1/pools/{name}", Need::reading, &Routes::pool},
        {"GET", "/api/v1/tenants", Need::reading, &Routes::tenants},
        {"GET", "/api/v1/clients", Need::reading, &Routes::clients},
        {"GET", "/api/v1/servers", Need::reading, &Routes::servers},
        {"GET", "/api/v1/leaks", Need::reading, &Routes::leaks},
        {"GET", "/api/v1/config", Need::reading, &Routes::config},
        {"POST", "/api/v1/pools/{name}/{action}", Need::acting, &Routes::pool_action},
        {"POST", "/api/v1/servers/{id}/kill", Need::acting, &Routes::kill},
        {"POST", "/api/v1/reload", Need::acting, &Routes::reload},
        {"POST", "/api/v1/drain", Need::acting, &Routes::drain},
        {"GET", "/api/v1/restart", Need::reading, &Routes::succession},
        {"POST", "/api/v1/restart", Need::acting, &Routes::restart},
    };
    return routes;
}

Routes::Routes(proxy::Inspection& agent, Access access, MetricsTexts metrics_texts)
    : agent_(agent), access_(std::move(access)), metrics_texts_(std::move(metrics_texts)) {}

Response Routes::answer(const Request& request) {
    if (auto foreign = access_.refuse_foreign(request)) return std::move(*foreign);
    const auto target = parse_target(request.path, request.query);
    if (!target) return refusal(400, "bad_request", "the path or query can't be decoded");
    const std::string method = request.method == "HEAD" ? "GET" : request.method;
    std::string allowed;
    for (const Route& route : table()) {
        auto names = match(route.path, target->segments);
        if (!names) continue;
        if (route.method == method) return run(route, {request, *target, std::move(*names)});
        if (!allowed.empty()) allowed += ", ";
        allowed += route.method == "GET" ? "GET, HEAD" : route.method;
    }
    if (!allowed.empty()) return not_allowed(allowed);
    return refusal(404, "not_found",
                   "no such path; the numbers are under /api/v1/, /health and /metrics");
}

Response Routes::run(const Route& route, const Call& call) {
    if (auto refused = access_.refuse_unauthorized(call.request, route.need)) {
        if (route.need == Need::acting) {
            audit(call.request, "unauthorized", call.request.path, "",
                  fmt::format("refused: {}", refused->status));
        }
        return std::move(*refused);
    }
    if (route.need == Need::acting) {
        if (auto refused = refuse_body(call.request)) return std::move(*refused);
    }
    return (this->*route.handle)(call);
}

Response Routes::page(const Call& call) {
    Response response;
    response.type = "text/html; charset=utf-8";
    response.caching = "no-cache";
    response.headers = {{"ETag", std::string(status_page.tag)},
                        {"Content-Security-Policy", std::string(status_page.policy)},
                        {"Referrer-Policy", "no-referrer"}};
    if (names_tag(call.request.if_none_match, status_page.tag)) {
        response.status = 304;
    } else {
        response.body = status_page.document;
    }
    return response;
}

Response Routes::livez(const Call& call) {
    return probe_answer(live_checks(agent_.loops_alive()), flag(call.target, "verbose"));
}

Response Routes::readyz(const Call& call) {
    const auto policy = agent_.settings()->admin.ready_policy;
    return probe_answer(ready_checks(agent_.readiness(), policy), flag(call.target, "verbose"));
}

Response Routes::startupz(const Call& call) {
    return probe_answer(startup_checks(agent_.readiness()), flag(call.target, "verbose"));
}

Response Routes::metrics(const Call& call) {
    const collectors::Format format = preferred_format(call.request.accept);
    return metrics_answer(metrics_texts_.all(format), format);
}

Response Routes::tenant_metrics(const Call& call) {
    const auto limit = number_of(call.target, "limit");
    if (!limit) return not_a_number("limit", "0 for all");
    const collectors::Format format = preferred_format(call.request.accept);
    return metrics_answer(metrics_texts_.tenants({filter_of(call.target).tenant, *limit}, format),
                          format);
}

Response Routes::health(const Call&) {
    const proxy::Snapshot snapshot = agent_.snapshot();
    return json_answer(health_document(assess(snapshot, agent_.leaks()), snapshot));
}

Response Routes::pools(const Call& call) {
    return json_answer(pools_document(agent_.snapshot(), filter_of(call.target)));
}

Response Routes::pool(const Call& call) {
    auto document = pool_document(agent_.snapshot(), call.names[0], agent_.blame(call.names[0]));
    if (!document) {
        return refusal(404, "not_found", fmt::format("there is no pool \"{}\"", call.names[0]));
    }
    return json_answer(std::move(*document));
}

Response Routes::tenants(const Call& call) {
    auto order = TenantOrder::name;
    if (const std::string* sort = call.target.parameter("sort")) {
        const auto known = base::from_word<TenantOrder>(*sort);
        if (!known) {
            return refusal(400, "bad_request",
                           "sort: expected wait, used, rejected, leaks, trouble or name");
        }
        order = *known;
    }
    const auto offset = number_of(call.target, "offset");
    if (!offset) return not_a_number("offset", "0 to begin with the first");
    const auto limit = number_of(call.target, "limit");
    if (!limit) return not_a_number("limit", "0 for all");
    return json_answer(
        tenants_document(agent_.snapshot(), filter_of(call.target), order, {*offset, *limit}));
}

Response Routes::clients(const Call& call) {
    return json_answer(clients_document(agent_.clients(), filter_of(call.target)));
}

Response Routes::servers(const Call& call) {
    return json_answer(servers_document(agent_.servers(), filter_of(call.target)));
}

Response Routes::leaks(const Call& call) {
    return json_answer(leaks_document(agent_.leaks(), filter_of(call.target)));
}

Response Routes::config(const Call&) {
    return json_answer(settings::masked_json(*agent_.settings()));
}

Response Routes::pool_action(const Call& call) {
    return act_on_pool(agent_, call.request, call.names[0], call.names[1]);
}

Response Routes::kill(const Call& call) { return kill_server(agent_, call.request, call.names[0]); }

Response Routes::reload(const Call& call) { return admin::reload(agent_, call.request); }

Response Routes::drain(const Call& call) { return begin_drain(agent_, call.request); }

Response Routes::restart(const Call& call) { return begin_restart(agent_, call.request); }

Response Routes::succession(const Call&) {
    return json_answer(succession_document(agent_.succession()));
}

}  // namespace weir::admin
