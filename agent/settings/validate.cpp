// The cross-checks of the agent, the listeners and the upstreams.
#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string_view>
#include <vector>

#include "settings/address.h"
#include "settings/checks.h"
#include "settings/trace_environment.h"

namespace weir::settings {
namespace {

// Unlike a listener's, an upstream's address may leave out the port and must not be port 0.
bool is_upstream_address(std::string_view text) {
    while (text.starts_with(' ')) text.remove_prefix(1);
    while (text.ends_with(' ')) text.remove_suffix(1);
    auto address = parse_address(text);
    if (!address) {
        address = parse_address(std::string(text) + ":1");
    }
    return address && (!address->path.empty() || address->port != 0);
}

// A listener's unix socket is written "unix:/path": a bare path would look like a host's name.
std::optional<Address> listening_address(const std::string& text) {
    if (text.starts_with('/')) return std::nullopt;
    return parse_address(text);
}

// Not a URL's password.
std::string shown(std::string_view address) {
    const bool whole = address.find('@') == std::string_view::npos;
    return whole ? fmt::format("\"{}\"", address) : "a text with \"@\", which no address has";
}

void check_addresses(const Settings& settings, Checks& checks) {
    const auto admin = listening_address(settings.admin.listen);
    for (std::size_t i = 0; i < settings.listen.size(); ++i) {
        const auto address = listening_address(settings.listen[i].address);
        if (!address) {
            checks.error("listen", i, "address",
                         fmt::format("expected host:port or unix:/path, got {}",
                                     shown(settings.listen[i].address)));
            continue;
        }
        if (admin && address->clashes_with(*admin)) {
            checks.error("listen", i, "address",
                         fmt::format("clashes with admin.listen, {}", settings.admin.listen));
        }
        for (std::size_t before = 0; before < i; ++before) {
            const auto& other = settings.listen[before];
            const auto taken = listening_address(other.address);
            if (taken && address->clashes_with(*taken)) {
                checks.error(
                    "listen", i, "address",
                    fmt::format("clashes with that of listen.{}, {}", other.name, other.address));
            }
        }
    }
}

void check_listener_tls(const Listen& listener, std::size_t i, Checks& checks) {
    const auto& tls = listener.tls;
    const auto address = listening_address(listener.address);
    if (tls.mode != ClientTls::disable && address && !address->path.empty()) {
        checks.error("listen", i, "tls.mode",
                     "is for host:port: no client asks for TLS on a unix "
                     "socket");
    }
    if (tls.mode != ClientTls::verify && !tls.ca.empty()) {
        checks.warning("listen", i, "tls.ca",
                       "is for the mode \"verify\" only: clients are not asked for certificates");
    }
    if (tls.mode != ClientTls::disable && (tls.cert.empty() || tls.key.empty())) {
        checks.error("listen", i, "tls.mode",
                     fmt::format("\"{}\" needs tls.cert and tls.key", base::word(tls.mode)));
    }
    if (tls.mode == ClientTls::verify && tls.ca.empty()) {
        checks.error("listen", i, "tls.mode", "\"verify\" needs tls.ca");
    }
}

std::vector<std::string_view> parts_of(std::string_view list) {
    std::vector<std::string_view> parts;
    for (;;) {
        const auto comma = std::min(list.find(','), list.size());
        auto part = list.substr(0, comma);
        while (part.starts_with(' ')) part.remove_prefix(1);
        while (part.ends_with(' ')) part.remove_suffix(1);
        parts.push_back(part);
        if (comma == list.size()) return parts;
        list.remove_prefix(comma + 1);
    }
}

void check_upstream_addresses(const Upstream& upstream, std::size_t i, Checks& checks) {
    if (upstream.address.empty()) {
        checks.error("upstream", i, "address", "an address is required");
        return;
    }
    const auto addresses = parts_of(upstream.address);
    for (auto one = addresses.begin(); one != addresses.end(); ++one) {
        if (!is_upstream_address(*one)) {
            checks.error(
                "upstream", i, "address",
                fmt::format("expected host:port or a unix socket's path, got {}", shown(*one)));
        } else if (std::find(addresses.begin(), one, *one) != one) {
            checks.error("upstream", i, "address", fmt::format("names {} twice", *one));
        }
    }
    const bool postgresql = upstream.engine == Engine::postgresql;
    if (!postgresql && addresses.size() > 1) {
        checks.error("upstream", i, "address",
                     fmt::format("several addresses are for postgresql only, not for {}",
                                 base::word(upstream.engine)));
    }
    if (!postgresql && upstream.target != Target::any) {
        checks.error(
            "upstream", i, "target",
            fmt::format("is for postgresql only, not for {}", base::word(upstream.engine)));
    }
    if (postgresql && upstream.target == Target::prefer_standby && addresses.size() == 1) {
        checks.warning("upstream", i, "target",
                       "\"prefer-standby\" has no choice: there is only one address");
    }
}

void check_observe(const Upstream& upstream, std::size_t i, Checks& checks) {
    const Observe& observe = upstream.observe;
    if (observe.user.empty() && (!observe.database.empty() || !observe.password.empty())) {
        checks.warning("upstream", i, "observe.user",
                       "is empty: the server is not asked, whatever else observe says");
    }
    if (upstream.engine == Engine::redis && !observe.database.empty()) {
        checks.error("upstream", i, "observe.database",
                     "is not for redis, which answers for all its databases");
    }
}

}  // namespace

void check_agent(const Settings& settings, Checks& checks) {
    const auto& admin = settings.admin;
    const auto address = listening_address(admin.listen);
    if (!address || !address->path.empty()) {
        checks.error("admin", "listen",
                     fmt::format("expected host:port, got \"{}\"", admin.listen));
    } else if (!address->is_loopback() && admin.read_token.empty()) {
        checks.error(
            "admin", "read_token",
            fmt::format("required because admin.listen, {}, is not loopback", admin.listen));
    }
    if (admin.token.empty() && admin.token_file.empty()) {
        checks.error("admin", "token_file", "required while admin.token is empty");
    }
    if (admin.tls.cert.empty() != admin.tls.key.empty()) {
        checks.error("admin", "tls", "needs both, cert and key");
    }
    const auto& metrics = settings.metrics;
    if (metrics.tenants_top > metrics.tenants_max) {
        checks.error("metrics", "tenants_top",
                     fmt::format("is above metrics.tenants_max, {}", metrics.tenants_max));
    }
    if (metrics.tenants_always.size() > metrics.tenants_max) {
        checks.error(
            "metrics", "tenants_always",
            fmt::format("has more tenants than metrics.tenants_max, {}", metrics.tenants_max));
    }
    const bool asks_server =
        std::any_of(settings.listen.begin(), settings.listen.end(),
                    [](const Listen& listener) { return listener.auth == AuthMode::query; });
    if (asks_server && settings.auth.query_user.empty()) {
        checks.error("auth", "query_user", "required by the mode \"query\"");
    }
    const std::string& endpoint = settings.traces.endpoint;
    if (endpoint.empty()) return;
    if (const std::string why = wrong_with_collector(endpoint); !why.empty()) {
        checks.error("traces", "endpoint", why);
    } else if (endpoint.find('?') != std::string::npos) {
        checks.error("traces", "endpoint", "expected an address without a query");
    }
}

void check_listeners(const Settings& settings, Checks& checks) {
    check_names("listen", settings.listen, checks);
    check_addresses(settings, checks);
    for (std::size_t i = 0; i < settings.listen.size(); ++i) {
        const auto& listener = settings.listen[i];
        check_listener_tls(listener, i, checks);
        const auto address = listening_address(listener.address);
        if (listener.auth == AuthMode::trust && address && !address->is_loopback()) {
            checks.error("listen", i, "auth",
                         fmt::format("\"trust\" is for loopback and unix sockets only, not for {}",
                                     listener.address));
        }
        const bool has_pool =
            std::any_of(settings.pool.begin(), settings.pool.end(), [&](const Pool& pool) {
                const auto* upstream = upstream_of(settings, pool);
                return upstream != nullptr && upstream->engine == listener.engine;
            });
        if (!has_pool && !settings.pool.empty()) {
            checks.warning("listen", i, "engine",
                           fmt::format("no pool has an upstream of the engine {}: every client "
                                       "will be refused",
                                       base::word(listener.engine)));
        }
    }
}

void check_upstreams(const Settings& settings, Checks& checks) {
    check_names("upstream", settings.upstream, checks);
    for (std::size_t i = 0; i < settings.upstream.size(); ++i) {
        const auto& upstream = settings.upstream[i];
        check_upstream_addresses(upstream, i, checks);
        check_observe(upstream, i, checks);
        if (upstream.breaker.open_for > upstream.breaker.max_open_for) {
            checks.error("upstream", i, "breaker.open_for", "is longer than breaker.max_open_for");
        }
        if (upstream.tls.cert.empty() != upstream.tls.key.empty()) {
            checks.error("upstream", i, "tls", "needs both, cert and key, or none");
        }
        const auto mode = upstream.tls.mode;
        if ((mode == ServerTls::verify_ca || mode == ServerTls::verify_full) &&
            upstream.tls.ca.empty()) {
            checks.error("upstream", i, "tls.mode",
                         fmt::format("\"{}\" needs tls.ca; Debian's file of public authorities is "
                                     "/etc/ssl/certs/ca-certificates.crt",
                                     base::word(mode)));
        }
        std::uint64_t reserved = 0;
        for (const auto& pool : settings.pool) {
            if (pool.upstream == upstream.name) reserved += pool.reserved;
        }
        if (reserved > upstream.max_connections) {
            checks.error("upstream", i, "max_connections",
                         fmt::format("the pools reserve {} connections, but there are only {}",
                                     reserved, upstream.max_connections));
        }
    }
}

}  // namespace weir::settings
