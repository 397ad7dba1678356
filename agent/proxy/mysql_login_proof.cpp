// How a MySQL client proves who it is, and what it may then enter.
#include <fmt/format.h>

#include "proxy/lobby.h"
#include "proxy/mysql_login.h"
#include "settings/credential.h"
#include "wire/mysql/authentication.h"
#include "wire/mysql/packets.h"

namespace weir::proxy {

namespace my = wire::mysql;
using telemetry::AuthFailure;
using telemetry::ClientClose;

namespace {

constexpr std::size_t native_response_size = 20, sha2_response_size = 32;

bool answers(std::string_view plugin, std::string_view response) {
    return (plugin == my::native_password && response.size() == native_response_size) ||
           (plugin == my::caching_sha2_password && response.size() == sha2_response_size);
}

// As a server says it; "using password" tells whether the client sent any.
Answer access_denied(std::string_view user, std::string_view address, bool password_given) {
    return {"28P01",
            fmt::format("Access denied for user '{}'@'{}' (using password: {})", user,
                        address.substr(0, address.rfind(':')), password_given ? "YES" : "NO"),
            {}};
}

}  // namespace

// `plugin` and `response` are what the client made of the greeting. A driver that does not begin
// with what the greeting named sends nothing usable: it is asked again, by what it named.
void MysqlLogin::challenge(std::string_view plugin, std::string_view response) {
    if (plugin.empty()) plugin = my::native_password;
    if (plugin == my::native_password && response.empty()) {
        judge(false);  // no password at all
        return;
    }
    if (lobby_.accounts().needs_password_itself(newcomer_.user)) {
        if (plugin == my::caching_sha2_password && answers(plugin, response)) {
            ask_for_password();
        } else {
            switch_to(my::caching_sha2_password);
        }
        return;
    }
    if (answers(plugin, response)) {
        plugin_ = plugin;
        take_switch_response(response);
    } else {
        switch_to(plugin == my::caching_sha2_password ? plugin : my::native_password);
    }
}

void MysqlLogin::switch_to(std::string_view plugin) {
    if (!make_scramble()) {
        refuse({"58000", "no random numbers for authentication", {}}, ClientClose::login_failed);
        return;
    }
    plugin_ = plugin;
    std::string out;
    my::append_auth_switch(out, sequence_, plugin_, {scramble_.data(), scramble_.size()});
    say(out);
    step_ = Step::switch_response;
}

// The password of an account that nobody has is one that nobody can give; it takes as long.
void MysqlLogin::take_switch_response(std::string_view response) {
    password_given_ = password_given_ || !response.empty();
    if (lobby_.accounts().needs_password_itself(newcomer_.user)) {
        if (answers(plugin_, response)) {
            ask_for_password();
        } else {
            judge(false);
        }
        return;
    }
    const bool known = newcomer_.account != nullptr;
    const std::string_view password =
        known ? newcomer_.account->user->password.reveal() : std::string_view("?");
    const std::string_view scramble(scramble_.data(), scramble_.size());
    const bool by_sha2 = plugin_ == my::caching_sha2_password;
    const bool matches = by_sha2 ? my::caching_sha2_matches(password, scramble, response)
                                 : my::native_password_matches(password, scramble, response);
    const bool proven = matches && known && !password.empty();
    if (proven && by_sha2) {
        std::string out;
        my::append_fast_auth_ok(out, sequence_);
        say(out);
    }
    judge(proven);
}

void MysqlLogin::ask_for_password() {
    std::string out;
    my::append_full_auth_wanted(out, sequence_);
    say(out);
    step_ = Step::password;
}

void MysqlLogin::take_password(std::string_view payload) {
    Accounts& accounts = lobby_.accounts();
    if (private_channel()) {
        const bool ended = !payload.empty() && payload.back() == '\0';
        judge(ended && accounts.proves(newcomer_.user, payload.substr(0, payload.size() - 1)));
        return;
    }
    const my::RsaKey* const key = lobby_.mysql_key();
    if (key == nullptr) {
        refuse({"58000", "no key for authentication", {}}, ClientClose::login_failed);
        return;
    }
    if (my::is_public_key_request(payload)) {
        std::string out;
        my::append_public_key(out, sequence_, key->public_pem());
        say(out);
        return;
    }
    const std::string_view scramble(scramble_.data(), scramble_.size());
    judge(key->proves(scramble, payload, [&](std::string_view password) {
        return accounts.proves(newcomer_.user, password);
    }));
}

void MysqlLogin::judge(bool proven) {
    const bool unchanged = lobby_.accounts().find(newcomer_.user) == newcomer_.account;
    if (proven && newcomer_.account != nullptr && unchanged) {  // by no reload meanwhile
        authenticated();
        return;
    }
    refuse(access_denied(newcomer_.user, address_, password_given_), AuthFailure::password);
}

void MysqlLogin::authenticated() {
    const Shared& shared = lobby_.shared();
    auto route = shared.routes.find(settings::Engine::mysql, newcomer_.database);
    if (!route) {
        refuse(no_pool(newcomer_.database), AuthFailure::no_pool);
        return;
    }
    const settings::Pool& pool = *shared.templates[route->template_index];
    if (!trusts()) {
        const settings::User& user = *newcomer_.account->user;
        switch (Accounts::permission(user, pool.name, route->match.tenant)) {
            case Accounts::Permission::granted:
                break;
            case Accounts::Permission::pool_denied:
                refuse(pool_not_allowed(user.name, pool.name), AuthFailure::pool_not_allowed);
                return;
            case Accounts::Permission::tenant_denied:
                refuse(tenant_not_allowed(user.name, route->match.tenant),
                       AuthFailure::tenant_not_allowed);
                return;
        }
        newcomer_.of_account = ClientCount(newcomer_.account->clients);
        if (user.max_clients > 0 && newcomer_.account->clients > user.max_clients) {
            refuse(client_limit("user \"" + user.name + "\"", user.max_clients), ClientClose::limit,
                   mysql_code::user_limit);
            return;
        }
    }
    if (pool.user.empty() && newcomer_.account != nullptr) {
        const settings::User& user = *newcomer_.account->user;
        if (settings::has_password(user)) {
            newcomer_.password = user.password;
        } else if (!trusts()) {
            refuse(password_unknown(user.name, pool.name), AuthFailure::pool_not_allowed);
            return;
        }
    }
    // Whom the listener trusts has no account whose rights bind it.
    if (trusts()) newcomer_.account = nullptr;
    newcomer_.route = std::move(*route);
    std::string out;
    my::append_ok(out, sequence_, {}, newcomer_.mysql.capabilities);
    say(out);
    drop_packet();
    hand_over(std::move(newcomer_), std::move(buffer_));
}

}  // namespace weir::proxy
