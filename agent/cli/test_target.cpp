#include "cli/test_target.h"

#include <algorithm>
#include <string_view>

#include "settings/credential.h"
#include "settings/pattern.h"
#include "settings/url.h"

namespace weir::cli {
namespace {

using settings::AuthMode;
using settings::Engine;
using Parameters = std::vector<std::pair<std::string, std::string>>;

bool is_pattern(const std::string& text) { return text.find('{') != std::string::npos; }

Engine engine_of(const settings::Settings& settings, const settings::Pool& pool) {
    for (const settings::Upstream& upstream : settings.upstream) {
        if (upstream.name == pool.upstream) return upstream.engine;
    }
    return Engine::postgresql;
}

// Whether what we connect with can talk to it: no PROXY header, and with redis no TLS.
bool is_plain(const settings::Listen& listener) {
    using settings::ClientTls;
    const bool encrypts = listener.tls.mode != ClientTls::disable;
    return !listener.proxy_protocol && !(encrypts && listener.engine == Engine::redis);
}

// libpq reaches a unix socket by its folder and the port in its name.
base::Result<Parameters> reach(const std::string& address, Engine engine) {
    constexpr std::string_view unix_scheme = "unix:";
    constexpr std::string_view socket_name = "/.s.PGSQL.";
    if (address.starts_with(unix_scheme) && engine != Engine::postgresql) {
        return Parameters{{"host", address.substr(unix_scheme.size())}};
    }
    if (address.starts_with(unix_scheme)) {
        const std::size_t name = address.rfind(socket_name);
        if (name == std::string::npos) {
            return base::error("libpq can't reach " + address + ": use --dsn");
        }
        return Parameters{{"host", address.substr(unix_scheme.size(), name - unix_scheme.size())},
                          {"port", address.substr(name + socket_name.size())}};
    }
    const std::size_t colon = address.rfind(':');
    if (colon == std::string::npos) return base::error(address + " has no port: use --dsn");
    std::string host = address.substr(0, colon);
    if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
    if (host.empty() || host == "0.0.0.0" || host == "*") host = "127.0.0.1";
    if (host == "::") host = "::1";
    return Parameters{{"host", host}, {"port", address.substr(colon + 1)}};
}

// A name that the pool matches.
base::Result<std::string> database_of(const settings::Pool& pool, Engine engine,
                                      const std::string& tenant) {
    if (pool.match == "*") {
        if (!tenant.empty()) return tenant;
        const bool fixed = !pool.database.empty() && !is_pattern(pool.database);
        if (fixed) return pool.database;
        // Elsewhere one may go without.
        return std::string(engine == Engine::postgresql ? "postgres" : "");
    }
    if (!is_pattern(pool.match)) return pool.match;
    if (pool.match.find("{app}") != std::string::npos) {
        return base::error("pool \"" + pool.name + "\" has a name for each {app}: use --dsn");
    }
    if (tenant.empty()) return base::error("pool \"" + pool.name + "\" needs --tenant");
    return settings::fill(pool.match, {tenant, {}});
}

bool allows(const std::vector<std::string>& list, const std::string& name,
            const std::string& user) {
    return std::any_of(list.begin(), list.end(), [&](const std::string& entry) {
        return entry == "*" || entry == name || (entry == "{user}" && user == name);
    });
}

base::Result<Parameters> account_for(const settings::Settings& settings,
                                     const settings::Listen& listener, const settings::Pool& pool,
                                     const std::string& tenant) {
    const AuthMode auth = listener.auth;
    if (auth == AuthMode::trust) {
        const bool fixed = !pool.user.empty() && !is_pattern(pool.user);
        if (fixed) return Parameters{{"user", pool.user}};
        const char* const usual = listener.engine == Engine::postgresql ? "postgres" : "root";
        if (settings.user.empty()) return Parameters{{"user", usual}};
    }
    for (const settings::User& user : settings.user) {
        const bool known = auth == AuthMode::trust || settings::has_password(user);
        if (!known || !allows(user.pools, pool.name, user.name)) continue;
        if (!tenant.empty() && !allows(user.tenants, tenant, user.name)) continue;
        return Parameters{{"user", user.name}, {"password", std::string(user.password.reveal())}};
    }
    return base::error("no [[user]] with a password may use pool \"" + pool.name + "\"" +
                       (tenant.empty() ? "" : " and tenant \"" + tenant + "\"") + ": use --dsn");
}

}  // namespace

base::Result<TestTarget> test_target(const settings::Settings& settings, const std::string& pool,
                                     const std::string& tenant) {
    const auto chosen =
        std::find_if(settings.pool.begin(), settings.pool.end(),
                     [&](const settings::Pool& p) { return pool.empty() || p.name == pool; });
    if (chosen == settings.pool.end()) {
        return base::error(pool.empty() ? "the configuration has no pool"
                                        : "the configuration has no pool \"" + pool + "\"");
    }
    const Engine engine = engine_of(settings, *chosen);
    const auto listener =
        std::find_if(settings.listen.begin(), settings.listen.end(),
                     [&](const settings::Listen& l) { return l.engine == engine && is_plain(l); });
    if (listener == settings.listen.end()) {
        return base::error("the configuration has no " + std::string(base::word(engine)) +
                           " listener without PROXY protocol" +
                           (engine == Engine::redis ? " and TLS" : ""));
    }
    auto parameters = reach(listener->address, engine);
    if (!parameters) return tl::make_unexpected(parameters.error());
    const auto database = database_of(*chosen, engine, tenant);
    if (!database) return tl::make_unexpected(database.error());
    const auto account = account_for(settings, *listener, *chosen, tenant);
    if (!account) return tl::make_unexpected(account.error());
    parameters->insert(parameters->end(), account->begin(), account->end());
    parameters->emplace_back("dbname", *database);
    return TestTarget{std::move(*parameters), chosen->name, engine};
}

std::string TestTarget::value(std::string_view keyword) const {
    const auto found = std::find_if(parameters.begin(), parameters.end(),
                                    [&](const auto& one) { return one.first == keyword; });
    return found == parameters.end() ? std::string() : found->second;
}

base::Result<TestTarget> target_of_dsn(const std::string& dsn, const std::string& pool) {
    const bool mysql = dsn.starts_with("mysql://");
    if (!mysql && !dsn.starts_with("redis://")) return TestTarget{{{"dbname", dsn}}, pool};
    const auto url = settings::parse_url(dsn);
    if (!url) return tl::make_unexpected(url.error());
    std::string host = url->host.empty() ? "127.0.0.1" : url->host;
    if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
    const std::string usual_port = mysql ? "6033" : "6380";
    return TestTarget{{{"host", host},
                       {"port", url->port.empty() ? usual_port : url->port},
                       {"user", url->user},
                       {"password", url->password},
                       {"dbname", url->path}},
                      pool,
                      mysql ? Engine::mysql : Engine::redis};
}

}  // namespace weir::cli
