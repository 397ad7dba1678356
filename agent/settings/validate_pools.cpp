// The cross-checks of the pools.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "settings/checks.h"
#include "settings/nearest.h"
#include "settings/pattern.h"

namespace weir::settings {
namespace {

// The databases of the console: no pool can serve them.
constexpr std::array console_databases{"weir", "pgbouncer"};

bool engine_has(Engine engine, PoolMode mode) {
    if (engine != Engine::redis) return mode != PoolMode::multiplex;
    return mode == PoolMode::multiplex || mode == PoolMode::session || mode == PoolMode::direct;
}

// What is wrong with the places in a template, given those of the pattern; empty when nothing is.
std::string wrong_with_places(std::string_view text, const Pattern& pattern, bool app_allowed) {
    while (true) {
        const auto open = text.find_first_of("{}");
        if (open == std::string_view::npos) return {};
        text.remove_prefix(open);
        const auto place = text.substr(
            0, text.find('}') == std::string_view::npos ? text.size() : text.find('}') + 1);
        if (place != "{tenant}" && (place != "{app}" || !app_allowed)) {
            return fmt::format("only {} may stand in braces, not {}",
                               app_allowed ? "{tenant} and {app}" : "{tenant}", place);
        }
        if (place == "{tenant}" && !pattern.has_tenant()) {
            return "uses {tenant}, which match lacks: write match = \"{tenant}\" or the like";
        }
        if (place == "{app}" && !pattern.has_app()) return "uses {app}, which match lacks";
        text.remove_prefix(place.size());
    }
}

void check_upstream_of(const Settings& settings, std::size_t i, Checks& checks) {
    const auto& pool = settings.pool[i];
    const auto* upstream = upstream_of(settings, pool);
    if (pool.upstream.empty()) {
        checks.error("pool", i, "upstream", "the name of an [[upstream]] is required");
    } else if (upstream == nullptr) {
        std::vector<std::string> known;
        for (const auto& candidate : settings.upstream) known.push_back(candidate.name);
        checks.error("pool", i, "upstream",
                     fmt::format("there is no [[upstream]] named \"{}\"{}", pool.upstream,
                                 did_you_mean(pool.upstream, known)));
    }
    if (upstream == nullptr) return;
    if (checks.sound("pool", i, "mode") && !engine_has(upstream->engine, pool.mode)) {
        checks.error("pool", i, "mode",
                     fmt::format("{} knows no mode \"{}\": use {}", base::word(upstream->engine),
                                 base::word(pool.mode),
                                 upstream->engine == Engine::redis
                                     ? "multiplex, session or direct"
                                     : "transaction, session, statement or direct"));
    }
    if (upstream->engine != Engine::postgresql && !pool.search_path.empty()) {
        checks.error("pool", i, "search_path", "only postgresql has one");
    }
    if (pool.max_size > upstream->max_connections && checks.is_set("pool", i, "max_size")) {
        checks.warning("pool", i, "max_size",
                       fmt::format("{} is more than upstream.{}.max_connections, {}: it can't be "
                                   "reached",
                                   pool.max_size, upstream->name, upstream->max_connections));
    }
}

void check_match(const Settings& settings, std::size_t i, Checks& checks) {
    const auto& pool = settings.pool[i];
    const auto* upstream = upstream_of(settings, pool);
    const bool may_be_empty = upstream != nullptr && upstream->engine == Engine::mysql;
    if (pool.match.empty() && !(may_be_empty && checks.is_set("pool", i, "match"))) {
        if (!may_be_empty) {
            checks.error("pool", i, "match",
                         "required: a database's name, \"*\" or a pattern such as "
                         "\"tenant_{tenant}\"");
        }
        return;
    }
    const auto pattern = Pattern::compile(pool.match);
    if (!pattern) {
        checks.error("pool", i, "match", pattern.error().message);
        return;
    }
    if (std::find(console_databases.begin(), console_databases.end(), pool.match) !=
        console_databases.end()) {
        checks.error("pool", i, "match",
                     fmt::format("\"{}\" is a database of the console, which no pool can serve",
                                 pool.match));
    }
    const auto check_template = [&](const char* key, const std::string& text, bool app_allowed) {
        auto wrong = wrong_with_places(text, *pattern, app_allowed);
        if (!wrong.empty()) checks.error("pool", i, key, std::move(wrong));
    };
    check_template("database", pool.database, true);
    check_template("search_path", pool.search_path, true);
    check_template("user", pool.user, true);
    if (pool.password.per_tenant() && !pattern->has_tenant()) {
        checks.error("pool", i, "password", "its file uses {tenant}, which match lacks");
    }
}

// The first pool in the file that matches serves: a later one may never get its turn.
void check_reached(const Settings& settings, std::size_t i, Checks& checks) {
    const auto& pool = settings.pool[i];
    const auto* upstream = upstream_of(settings, pool);
    if (upstream == nullptr) return;
    for (std::size_t before = 0; before < i; ++before) {
        const auto& other = settings.pool[before];
        const auto* others = upstream_of(settings, other);
        if (others == nullptr || others->engine != upstream->engine) continue;
        if (other.match == pool.match || other.match == "*") {
            checks.warning("pool", i, "match",
                           fmt::format("never used: pool.{} stands before it and serves every "
                                       "database that \"{}\" matches",
                                       other.name, pool.match));
            return;
        }
    }
    const bool listened =
        std::any_of(settings.listen.begin(), settings.listen.end(),
                    [&](const Listen& listener) { return listener.engine == upstream->engine; });
    if (!listened) {
        checks.warning("pool", i, "upstream",
                       fmt::format("never used: there is no [[listen]] of the engine {}",
                                   base::word(upstream->engine)));
    }
}

}  // namespace

void check_pools(const Settings& settings, Checks& checks) {
    if (settings.pool.empty()) checks.error("pool", "", "nothing to serve: no [[pool]] is given");
    check_names("pool", settings.pool, checks);
    for (std::size_t i = 0; i < settings.pool.size(); ++i) {
        const auto& pool = settings.pool[i];
        check_upstream_of(settings, i, checks);
        check_match(settings, i, checks);
        check_reached(settings, i, checks);
        if (pool.min_idle > pool.max_size && checks.sound("pool", i, "max_size")) {
            checks.error("pool", i, "min_idle",
                         fmt::format("{} is above max_size, {}", pool.min_idle, pool.max_size));
        }
        if (pool.user.empty() && !pool.password.empty()) {
            checks.error("pool", i, "password",
                         "needs a user: without one the pool logs in as the client itself");
        }
    }
}

}  // namespace weir::settings
