#include "proxy/redis_login.h"

#include <fmt/format.h>
#include <openssl/crypto.h>

#include <algorithm>
#include <utility>

#include "loop/proxy_protocol.h"
#include "proxy/lobby.h"
#include "proxy/redis_errors.h"
#include "settings/credential.h"
#include "wire/redis/commands.h"

namespace weir::proxy {

using telemetry::AuthFailure;
using telemetry::ClientClose;
using wire::redis::classify;
using wire::redis::Command;
using wire::redis::RequestScanner;

namespace {

constexpr char tls_handshake = 0x16;

// "app@3": account and database. A name without a number at its end is the account's alone.
std::pair<std::string, std::string> account_and_database(std::string_view name) {
    const std::size_t at = name.rfind('@');
    const std::string_view number = at == std::string_view::npos ? "" : name.substr(at + 1);
    if (number.empty() || number.find_first_not_of("0123456789") != std::string_view::npos) {
        return {std::string(name), {}};
    }
    return {std::string(name.substr(0, at)), std::string(number)};
}

}  // namespace

RedisLogin::RedisLogin(Lobby& lobby, unsigned listener, base::Fd socket)
    : Login(lobby, listener, std::move(socket)),
      header_due_(listen().proxy_protocol),
      encryption_due_(true) {
    if (trusts()) scanner_.limit(RequestScanner::Limits());
    newcomer_.user = redis_nobody;
    newcomer_.database = "0";
}

RedisLogin::RedisLogin(Lobby& lobby, Newcomer returning)
    : Login(lobby, returning),
      newcomer_(std::move(returning)),
      encryption_due_(false),
      authenticated_(newcomer_.account != nullptr || trusts()) {
    if (authenticated_) scanner_.limit(RequestScanner::Limits());
    buffer_ = std::exchange(newcomer_.connection.unread, {});
}

const settings::Listen& RedisLogin::listen() const {
    return *lobby_.shared().listeners[listener_]->settings;
}

bool RedisLogin::trusts() const { return listen().auth == settings::AuthMode::trust; }

void RedisLogin::timed_out() { refuse(redis_error(login_timed_out()), ClientClose::timeout); }

void RedisLogin::end_of_input() {
    stream_->close();
    stream_ = nullptr;
    finish(ClientClose::client);
}

void RedisLogin::received(loop::Slice bytes) {
    buffer_.append(bytes.bytes());
    if (header_due_ && !read_proxy_header()) return;
    if (encryption_due_ && !begin_tls()) return;
    if (over_limit_) {
        refuse(
            redis_error(client_limit("listener \"" + listen().name + "\"", listen().max_clients)),
            ClientClose::limit);
        return;
    }
    serve();
}

void RedisLogin::serve() {
    while (!finished_ && advance()) {
    }
    if (finished_ || !authenticated_) return;
    // Where no pool serves the database that one begins in, SELECT has to come first.
    if (auto found = route()) go_home(std::move(*found));
}

bool RedisLogin::read_proxy_header() {
    const loop::ProxyHeader header = loop::parse_proxy_header(buffer_);
    if (header.status == loop::ProxyHeader::Status::need_more) return false;
    if (header.status == loop::ProxyHeader::Status::invalid) {
        refuse(redis_error("ERR a PROXY protocol header was expected"),
               ClientClose::protocol_error);
        return false;
    }
    if (!header.address.empty()) address_ = header.address;
    buffer_.erase(0, header.length);
    header_due_ = false;
    return true;
}

bool RedisLogin::begin_tls() {
    if (buffer_.empty()) return false;
    encryption_due_ = false;
    const auto& listener = lobby_.shared().listeners[listener_]->tls;
    if (buffer_.front() == tls_handshake && listener != nullptr) {
        auto tls = listener->accept();
        if (tls == nullptr) {
            refuse({}, ClientClose::protocol_error);
            return false;
        }
        stream_->start_tls(std::move(tls), std::exchange(buffer_, {}));
        return false;
    }
    using Mode = settings::ClientTls;
    if (listen().tls.mode == Mode::require || listen().tls.mode == Mode::verify) {
        lobby_.session_probe(listener_).refused_login(AuthFailure::method);
        refuse(redis_error(fmt::format("ERR listener \"{}\" takes encrypted connections only",
                                       listen().name)),
               ClientClose::login_failed);
        return false;
    }
    return true;
}

bool RedisLogin::advance() {
    Request request;
    switch (scanner_.next(buffer_, request)) {
        case RequestScanner::Status::need_more:
            return false;
        case RequestScanner::Status::long_request:
            // Too long for a login's: it is the session's.
            authenticated_ = authenticated_ || trusts();
            if (authenticated_ && route()) return false;
            [[fallthrough]];
        case RequestScanner::Status::invalid:
            refuse(redis_error(fmt::format("ERR {}", scanner_.error().empty()
                                                         ? "Protocol error: too long before login"
                                                         : scanner_.error())),
                   ClientClose::protocol_error);
            return false;
        case RequestScanner::Status::request:
            break;
    }
    if (!request.arguments.empty() && !handle(request)) return false;
    if (finished_) return false;
    // What gives away an account does not stay.
    OPENSSL_cleanse(buffer_.data(), request.taken);
    buffer_.erase(0, request.taken);
    return true;
}

bool RedisLogin::handle(const Request& request) {
    const auto& words = request.arguments;
    switch (classify(words)) {
        case Command::auth:
            if (words.size() == 2) {
                if (authenticate(redis_nobody, words[1])) say(redis_ok);
            } else if (words.size() == 3) {
                if (authenticate(words[1], words[2])) say(redis_ok);
            } else {
                say(redis_error("ERR wrong number of arguments for 'auth' command"));
            }
            return true;
        case Command::hello:
            return hello(request);
        case Command::quit:
            refuse(std::string(redis_ok), ClientClose::client);
            return true;
        case Command::reset:
            if (authenticated_ || trusts()) break;
            say("+RESET\r\n");
            return true;
        case Command::select:
            if (!authenticated_) break;
            select(request);
            return true;
        default:
            break;
    }
    if (!authenticated_ && !trusts()) {
        say(redis_error("NOAUTH Authentication required."));
        return true;
    }
    authenticated_ = true;
    if (route()) return false;  // it goes home with this request
    say(redis_error(no_pool(newcomer_.database)));
    return true;
}

bool RedisLogin::hello(const Request& request) {
    if (!read_hello(request)) return true;
    const bool resp3 = request.arguments.size() > 1 && request.arguments[1] == "3";
    if (!route()) {  // SELECT has to come first
        newcomer_.resp3 = resp3;
        say(redis_greeting(0, resp3));
        return true;
    }
    OPENSSL_cleanse(buffer_.data(), request.taken);
    buffer_.replace(0, request.taken, resp3 ? "HELLO 3\r\n" : "HELLO 2\r\n");
    return false;
}

// Does what it asks for; false: it was told why not.
bool RedisLogin::read_hello(const Request& request) {
    const auto& words = request.arguments;
    if (words.size() > 1 && words[1] != "2" && words[1] != "3") {
        say(redis_noproto);
        return false;
    }
    for (std::size_t i = 2; i < words.size();) {
        if (wire::redis::is_word(words[i], "AUTH") && i + 2 < words.size()) {
            if (!authenticate(words[i + 1], words[i + 2])) return false;
            i += 3;
        } else if (wire::redis::is_word(words[i], "SETNAME") && i + 1 < words.size()) {
            newcomer_.application_name = words[i + 1];
            i += 2;
        } else {
            say(redis_error("ERR Syntax error in HELLO option"));
            return false;
        }
    }
    if (authenticated_ || trusts()) {
        authenticated_ = true;
        return true;
    }
    say(
        redis_error("NOAUTH HELLO must be called with the client already authenticated, otherwise "
                    "the HELLO <proto> AUTH <user> <pass> option can be used"));
    return false;
}

void RedisLogin::select(const Request& request) {
    if (request.arguments.size() != 2) {
        say(redis_error("ERR wrong number of arguments for 'select' command"));
        return;
    }
    const std::string before = std::exchange(newcomer_.database, request.arguments[1]);
    if (const auto found = route(); !found) {
        newcomer_.database = before;
        say(redis_error(found.error()));
        return;
    }
    say(redis_ok);
}

bool RedisLogin::authenticate(std::string_view name, std::string_view password) {
    auto [user, number] = account_and_database(name);
    // An account may be called "app@3" itself.
    if (!number.empty() && lobby_.accounts().find(std::string(name)) != nullptr) {
        user = name;
        number.clear();
    }
    const loop::Tls* const tls = stream_->tls();
    if (listen().tls.mode == settings::ClientTls::verify && tls->peer_name() != user) {
        failed(other_certificate(user, tls->peer_name()), AuthFailure::method);
        return false;
    }
    if (!trusts() && !lobby_.accounts().proves(user, password)) {
        failed({"28P01", "invalid username-password pair or user is disabled.", {}},
               AuthFailure::password);
        return false;
    }
    const std::string user_before = newcomer_.user;
    const std::string database_before = newcomer_.database;
    const auto account_before = newcomer_.account;
    newcomer_.user = user;
    newcomer_.account = lobby_.accounts().find(user);
    if (!number.empty()) newcomer_.database = number;
    const auto found = route();
    if (!found && !number.empty()) {
        newcomer_.user = user_before;
        newcomer_.database = database_before;
        newcomer_.account = account_before;
        failed(found.error(), found.error().sqlstate == "28000" ? AuthFailure::pool_not_allowed
                                                                : AuthFailure::no_pool);
        return false;
    }
    authenticated_ = true;
    scanner_.limit(RequestScanner::Limits());
    return true;
}

base::Result<Route, Answer> RedisLogin::route() {
    const Shared& shared = lobby_.shared();
    auto found = shared.routes.find(settings::Engine::redis, newcomer_.database);
    if (!found) return tl::make_unexpected(no_pool(newcomer_.database));
    const settings::Pool& pool = *shared.templates[found->template_index];
    newcomer_.password = {};
    if (newcomer_.account == nullptr) return std::move(*found);
    const settings::User& user = *newcomer_.account->user;
    if (!trusts()) {
        switch (Accounts::permission(user, pool.name, found->match.tenant)) {
            case Accounts::Permission::granted:
                break;
            case Accounts::Permission::pool_denied:
                return tl::make_unexpected(pool_not_allowed(user.name, pool.name));
            case Accounts::Permission::tenant_denied:
                return tl::make_unexpected(tenant_not_allowed(user.name, found->match.tenant));
        }
    }
    if (pool.user.empty()) {
        if (!settings::has_password(user) && !trusts()) {
            return tl::make_unexpected(password_unknown(user.name, pool.name));
        }
        if (settings::has_password(user)) newcomer_.password = user.password;
    }
    return std::move(*found);
}

void RedisLogin::go_home(Route route) {
    if (newcomer_.account != nullptr && !trusts()) {
        const settings::User& user = *newcomer_.account->user;
        newcomer_.of_account = ClientCount(newcomer_.account->clients);
        if (user.max_clients > 0 && newcomer_.account->clients > user.max_clients) {
            refuse(redis_error(client_limit("user \"" + user.name + "\"", user.max_clients)),
                   ClientClose::limit);
            return;
        }
    }
    // Whom the listener trusts has no account whose rights bind it.
    if (trusts()) newcomer_.account = nullptr;
    newcomer_.route = std::move(route);
    hand_over(std::move(newcomer_), std::move(buffer_));
}

void RedisLogin::failed(const Answer& why, AuthFailure reason) {
    lobby_.session_probe(listener_).refused_login(reason);
    if (++newcomer_.failures == most_failures) {
        refuse(redis_error(why), ClientClose::login_failed);
    } else {
        say(redis_error(why));
    }
}

void RedisLogin::refuse(const std::string& error, ClientClose reason) {
    if (!error.empty()) say(error);
    stream_->close_after_flush();
    stream_ = nullptr;
    finish(reason);
}

}  // namespace weir::proxy
