// The cross-checks of the users: who can log in, and to what.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "settings/checks.h"
#include "settings/credential.h"
#include "settings/nearest.h"

namespace weir::settings {
namespace {

bool is_base64(std::string_view text) {
    constexpr std::string_view alphabet =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=";
    return !text.empty() && text.find_first_not_of(alphabet) == std::string_view::npos;
}

// "SCRAM-SHA-256$<iterations>:<salt>$<StoredKey>:<ServerKey>", as pg_authid.rolpassword holds it.
bool is_verifier(std::string_view text) {
    constexpr std::string_view prefix = "SCRAM-SHA-256$";
    constexpr std::size_t key_size = 44;  // of 32 bytes in base64
    if (!text.starts_with(prefix)) return false;
    text.remove_prefix(prefix.size());
    unsigned iterations = 0;
    const auto number = std::from_chars(text.data(), text.data() + text.size(), iterations);
    if (number.ec != std::errc{} || iterations == 0) return false;
    text.remove_prefix(static_cast<std::size_t>(number.ptr - text.data()));
    const auto dollar = text.find('$');
    if (!text.starts_with(':') || dollar == std::string_view::npos) return false;
    const auto keys = text.substr(dollar + 1);
    return is_base64(text.substr(1, dollar - 1)) && keys.size() == 2 * key_size + 1 &&
           is_base64(keys.substr(0, key_size)) && keys[key_size] == ':' &&
           is_base64(keys.substr(key_size + 1));
}

bool names_pool(const std::vector<std::string>& pools, const std::string& name) {
    return std::find(pools.begin(), pools.end(), name) != pools.end();
}

// Whether anybody's password is asked for at all.
bool passwords_matter(const Settings& settings) {
    return std::any_of(settings.listen.begin(), settings.listen.end(),
                       [](const Listen& listener) { return listener.auth != AuthMode::trust; });
}

void check_credentials(const User& user, std::size_t i, bool matter, Checks& checks) {
    if (!user.password.empty() && !user.scram.empty()) {
        checks.error("user", i, "scram", "give either password or scram, not both");
    } else if (!user.scram.empty() && !is_verifier(user.scram.reveal())) {
        checks.error("user", i, "scram",
                     "expected a verifier: SCRAM-SHA-256$<iterations>:<salt>$<stored key>:<server "
                     "key>");
    } else if (user.password.empty() && user.scram.empty() && matter &&
               checks.sound("user", i, "scram")) {
        checks.error("user", i, "password", "a password (or scram) is required to log in");
    }
}

// A pool without an account of its own logs in as the client, with the client's password.
void check_own_accounts(const Settings& settings, std::size_t i, Checks& checks) {
    const auto& user = settings.user[i];
    const bool md5 = is_md5_verifier(user.password.reveal());
    if (user.scram.empty() && !md5) return;
    const char* const key = md5 ? "password" : "scram";
    for (const auto& pool : settings.pool) {
        if (!pool.user.empty()) continue;
        const auto message = fmt::format(
            "pool.{} logs in as the client and needs its password: a verifier is not enough",
            pool.name);
        if (names_pool(user.pools, pool.name)) {
            checks.error("user", i, key, message);
        } else if (names_pool(user.pools, "*")) {
            checks.warning("user", i, key, message);
        }
    }
}

// `pools`: names of pools or "*". `tenants`: names, "*" or "{user}".
template <class Error>
void check_reach(const Settings& settings, const std::vector<std::string>& pools,
                 const std::vector<std::string>& tenants, const Error& error) {
    std::vector<std::string> known;
    for (const auto& pool : settings.pool) known.push_back(pool.name);
    for (const auto& name : pools) {
        if (name == "*" || names_pool(known, name)) continue;
        error(true,
              fmt::format("there is no [[pool]] named \"{}\"{}", name, did_you_mean(name, known)));
    }
    for (const auto& tenant : tenants) {
        if (tenant == "{user}" || tenant.find_first_of("{}") == std::string::npos) continue;
        error(false,
              fmt::format("expected a tenant's name, \"*\" or \"{{user}}\", got \"{}\"", tenant));
    }
}

// Of the accounts that auth.query finds, no password is ever known.
void check_query_pools(const Settings& settings, Checks& checks) {
    const auto& allowed = settings.auth.query_pools;
    const bool asked =
        std::any_of(settings.listen.begin(), settings.listen.end(),
                    [](const Listen& listener) { return listener.auth == AuthMode::query; });
    if (asked && allowed.empty()) {
        checks.error("auth", "query_pools",
                     "required by the mode \"query\": the pools that accounts found on the server "
                     "may use");
    }
    for (const auto& pool : settings.pool) {
        if (!pool.user.empty() || !names_pool(allowed, pool.name)) continue;
        checks.error("auth", "query_pools",
                     fmt::format("pool.{} logs in as the client and needs its password, which "
                                 "auth.query does not tell",
                                 pool.name));
    }
}

}  // namespace

void check_users(const Settings& settings, Checks& checks) {
    const bool matter = passwords_matter(settings);
    const bool by_entry =
        std::any_of(settings.listen.begin(), settings.listen.end(),
                    [](const Listen& listener) { return listener.auth == AuthMode::users; });
    if (settings.user.empty() && by_entry) {
        checks.error("user", "", "nobody can log in: no [[user]] is given");
    }
    check_reach(settings, settings.auth.query_pools, settings.auth.query_tenants,
                [&](bool pools, std::string message) {
                    checks.error("auth", pools ? "query_pools" : "query_tenants",
                                 std::move(message));
                });
    check_query_pools(settings, checks);
    for (std::size_t i = 0; i < settings.user.size(); ++i) {
        const auto& user = settings.user[i];
        if (user.name.empty() || user.name.size() > 63) {
            checks.error("user", i, "name", "a name of 1 to 63 bytes is required");
        }
        for (std::size_t before = 0; before < i; ++before) {
            if (settings.user[before].name == user.name) {
                checks.error("user", i, "name", "another [[user]] has this name already");
            }
        }
        check_credentials(user, i, matter, checks);
        check_own_accounts(settings, i, checks);
        check_reach(settings, user.pools, user.tenants, [&](bool pools, std::string message) {
            checks.error("user", i, pools ? "pools" : "tenants", std::move(message));
        });
    }
}

}  // namespace weir::settings
