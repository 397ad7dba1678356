#include "cli/dial_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <future>
#include <memory>
#include <optional>
#include <utility>

#include "cli/reach.h"
#include "settings/credential.h"
#include "upstream/role_query.h"

namespace weir::cli {
namespace {

// There is one on nearly every server; MySQL lets in without.
const char* usual_database(settings::Engine engine) {
    switch (engine) {
        case settings::Engine::postgresql:
            return "postgres";
        case settings::Engine::mysql:
            return "";
        case settings::Engine::redis:
            break;
    }
    return "0";
}

std::string shown_database(const std::string& name) {
    return name.empty() ? "no database" : "database " + name;
}

bool is_literal(const std::string& text) {
    return text != "*" && text.find('{') == std::string::npos;
}

// An account for a pool that logs in as its clients: the first that may open it with a password.
const settings::User* client_of(const settings::Settings& settings, const settings::Pool& pool) {
    for (const auto& user : settings.user) {
        const bool allowed =
            std::any_of(user.pools.begin(), user.pools.end(),
                        [&](const std::string& name) { return name == "*" || name == pool.name; });
        if (allowed && settings::has_password(user)) return &user;
    }
    return nullptr;
}

std::optional<PlannedDial> plan_dial(const settings::Settings& settings, const settings::Pool& pool,
                                     settings::Engine engine) {
    PlannedDial dial;
    dial.pool = pool.name;
    dial.request.application_name = "weir check";
    if (pool.user.empty()) {
        const auto* client = client_of(settings, pool);
        if (client == nullptr) return std::nullopt;
        dial.request.user = client->name;
        dial.request.password = client->password;
    } else if (is_literal(pool.user) && !pool.password.per_tenant()) {
        dial.request.user = pool.user;
        dial.request.password = pool.password;
    } else {
        return std::nullopt;
    }
    dial.request.database = pool.database.empty() ? pool.match : pool.database;
    dial.database_known = is_literal(dial.request.database);
    if (!dial.database_known) dial.request.database = usual_database(engine);
    if (is_literal(pool.search_path)) dial.request.search_path = pool.search_path;
    return dial;
}

bool same_connection(const PlannedDial& a, const PlannedDial& b) {
    return a.request.database == b.request.database && a.request.user == b.request.user &&
           a.request.search_path == b.request.search_path;
}

// What the result means, and whether it is a success.
std::pair<bool, std::string> meaning(const PlannedDial& dial, const upstream::DialResult& result) {
    if (result) {
        return {true, fmt::format("connected to {} in {:.1f} ms", result->address,
                                  base::seconds(result->took) * 1e3)};
    }
    const auto& failure = result.error();
    if (!dial.database_known && failure.reason == telemetry::CreateFailure::database) {
        return {true, "the account is accepted; which databases there are is for clients to ask"};
    }
    return {false, fmt::format("{}: {}", base::word(failure.reason), failure.message)};
}

bool dial_one(const settings::Settings& settings, const settings::Upstream& upstream,
              std::ostream& out, std::ostream& err) {
    const auto dials = plan_dials(settings, upstream);
    const auto about = fmt::format("upstream {} at {}", upstream.name, upstream.address);
    if (dials.empty()) {
        const auto reached = reach(upstream.address, upstream.connect_timeout);
        (reached ? out : err) << about << ": "
                              << (reached ? std::string("reachable; no account is known to log in")
                                          : reached.error().message)
                              << '\n';
        return reached.has_value();
    }
    std::vector<std::future<upstream::DialResult>> results;
    const auto dialer = upstream::make_dialer(upstream);
    for (const auto& dial : dials) {
        auto answer = std::make_shared<std::promise<upstream::DialResult>>();
        results.push_back(answer->get_future());
        dialer->dial(dial.request, [answer](upstream::DialResult result) {
            answer->set_value(std::move(result));
        });
    }
    bool fine = true;
    for (std::size_t i = 0; i < dials.size(); ++i) {
        const auto [succeeded, said] = meaning(dials[i], results[i].get());
        (succeeded ? out : err) << fmt::format("{}, pool {}: {} as {}: {}\n", about, dials[i].pool,
                                               shown_database(dials[i].request.database),
                                               dials[i].request.user, said);
        fine = fine && succeeded;
    }
    return fine;
}

// A command has no budget to take connections from.
class FreeSeat final : public upstream::Seat {
    bool take() override { return true; }
    void connected(base::Duration) override {}
    void not_connected(bool) override {}
    void rest(bool) override {}
    bool wanted_back() override { return false; }
    void closing() override {}
    void closed() override {}
};

// Asks for the asking account itself: any answer shows that the query can be run.
bool ask_one(const settings::Settings& settings, const settings::Upstream& upstream,
             std::ostream& out, std::ostream& err) {
    FreeSeat seat;
    std::promise<upstream::RoleAnswer> told;
    auto answer = told.get_future();
    const auto query = upstream::make_postgresql_role_query(upstream, settings.auth, seat);
    query->ask(settings.auth.query_user,
               [&told](upstream::RoleAnswer role) { told.set_value(std::move(role)); });
    const auto role = answer.get();
    (role ? out : err) << fmt::format("upstream {} at {}, auth.query as {}: {}\n", upstream.name,
                                      upstream.address, settings.auth.query_user,
                                      role ? std::string("answers") : role.error().message);
    return role.has_value();
}

}  // namespace

std::vector<PlannedDial> plan_dials(const settings::Settings& settings,
                                    const settings::Upstream& upstream) {
    std::vector<PlannedDial> dials;
    for (const auto& pool : settings.pool) {
        if (pool.upstream != upstream.name) continue;
        auto dial = plan_dial(settings, pool, upstream.engine);
        if (!dial) continue;
        const bool planned = std::any_of(dials.begin(), dials.end(), [&](const PlannedDial& other) {
            return same_connection(*dial, other);
        });
        if (!planned) dials.push_back(std::move(*dial));
    }
    return dials;
}

bool asks_server(const settings::Settings& settings) {
    return std::any_of(settings.listen.begin(), settings.listen.end(), [](const auto& listener) {
        return listener.engine == settings::Engine::postgresql &&
               listener.auth == settings::AuthMode::query;
    });
}

bool dial_upstreams(const settings::Settings& settings, std::ostream& out, std::ostream& err) {
    bool fine = true;
    const bool asks = asks_server(settings);
    for (const auto& upstream : settings.upstream) {
        fine = dial_one(settings, upstream, out, err) && fine;
        if (asks && upstream.engine == settings::Engine::postgresql)
            fine = ask_one(settings, upstream, out, err) && fine;
    }
    return fine;
}

}  // namespace weir::cli
