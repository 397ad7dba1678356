// A Redis client that goes on as somebody else: in another protocol, as another account, or in
// another database, which is another pool.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "proxy/moving.h"
#include "proxy/pool_loop.h"
#include "proxy/redis_errors.h"
#include "proxy/redis_server.h"
#include "proxy/redis_session.h"
#include "settings/credential.h"

namespace weir::proxy {

using telemetry::PinReason;
using wire::redis::is_word;

namespace {

bool is_number(std::string_view text) {
    const bool digits =
        std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
    return !text.empty() && text.size() <= 9 && digits && (text == "0" || text.front() != '0');
}

}  // namespace

// Why it can't go on otherwise just now: what its connection keeps for it would be lost.
std::optional<std::string> RedisSession::bound(std::string_view command) const {
    if (!lease_.stateful()) return std::nullopt;
    return redis_error(
        fmt::format("ERR {} is not possible while keys are watched, or anything is subscribed or "
                    "tracked: it takes the client to other connections",
                    command));
}

RedisSession::Verdict RedisSession::hello(const Request& request) {
    const auto& words = request.arguments;
    if (!may_answer()) return Verdict::later;
    const bool resp3 = words.size() > 1 ? words[1] == "3" : who_.resp3;
    if (words.size() > 1 && !resp3 && words[1] != "2") return answer(redis_noproto);
    std::string_view name;
    for (std::size_t i = 2; i < words.size();) {
        if (is_word(words[i], "AUTH") && i + 2 < words.size()) return auth(request);
        if (!is_word(words[i], "SETNAME") || i + 1 == words.size()) {
            return answer(redis_error("ERR Syntax error in HELLO option"));
        }
        name = words[i + 1];
        i += 2;
    }
    if (resp3 != who_.resp3) {
        if (const auto why = bound("HELLO")) return answer(*why);
    }
    if (const Verdict verdict = speak(resp3); verdict == Verdict::later) return verdict;
    if (who_.resp3 != resp3) return answer(redis_noproto);
    say(redis_greeting(home_.process_id_of(*this), resp3));
    if (!name.empty()) who_.application_name = name;
    return Verdict::done;
}

// Whether the server speaks it shows a connection of that protocol: the pool's first one is made
// for this, and what comes of it is known from then on.
RedisSession::Verdict RedisSession::speak(bool resp3) {
    if (resp3 != who_.resp3) {
        let_go();
        if (!change_protocol(resp3)) {
            refusal_ = redis_error("ERR too many different accounts in this pool at the same time");
            return Verdict::later;
        }
        tries_resp3_ = resp3;
    }
    if (resp3 && !home_.upstream(tenant_).speaks_resp3) {
        if (!obtain(false, PinReason::other)) return Verdict::later;
        if (!server().resp3()) fall_back();
    }
    tries_resp3_ = false;
    return Verdict::done;
}

// It has tried RESP3, which could not be had.
void RedisSession::fall_back() {
    tries_resp3_ = false;
    let_go();
    (void)change_protocol(false);
}

// The lobby asks for passwords: it reads the command again.
RedisSession::Verdict RedisSession::auth(const Request& request) {
    if (!may_answer()) return Verdict::later;
    if (const auto why = bound(request.arguments.size() > 3 ? "HELLO" : "AUTH")) {
        return answer(*why);
    }
    way_ = Way::to_lobby;
    return Verdict::later;
}

RedisSession::Verdict RedisSession::reset() {
    if (lease_.relayed ? !lease_.multi && !may_answer() : due_ > 0) return Verdict::later;
    say("+RESET\r\n");
    let_go();
    silent_ = skips_ = false;
    if (trace_ != nullptr) trace_->set_standing(std::nullopt);
    who_.application_name.clear();
    who_.account.reset();
    who_.of_account = ClientCount();
    who_.user = redis_nobody;
    who_.database = "0";
    who_.resp3 = false;
    way_ = Way::to_lobby;
    return Verdict::done;
}

RedisSession::Verdict RedisSession::select(const Request& request) {
    const std::string_view number = request.arguments[1];
    if (!is_number(number)) {
        return answer(redis_error("ERR value is not an integer or out of range"));
    }
    if (number == who_.database) return answer(redis_ok);
    if (const auto why = bound("SELECT")) return answer(*why);
    Shared& shared = home_.shared();
    auto route = shared.routes.find(settings::Engine::redis, number);
    if (!route) return answer(redis_error(no_pool(number)));
    const settings::Pool& pool = *shared.templates[route->template_index];
    if (who_.account != nullptr) {
        const settings::User& user = *who_.account->user;
        if (Accounts::permission(user, pool.name, route->match.tenant) !=
            Accounts::Permission::granted) {
            return answer(redis_error(pool_not_allowed(user.name, pool.name)));
        }
        if (pool.user.empty() && !settings::has_password(user)) {
            return answer(redis_error(password_unknown(user.name, pool.name)));
        }
    }
    const Verdict verdict = answer(redis_ok);
    if (verdict == Verdict::done) {
        way_ = Way::to_pool;
        destination_ = std::move(*route);
        destination_database_ = number;
    }
    return verdict;
}

// Precondition: nothing is due.
void RedisSession::move() {
    let_go();
    Shared& shared = home_.shared();
    Newcomer newcomer = std::move(who_);
    if (trace_ != nullptr) newcomer.trace = trace_->standing();
    newcomer.password = {};
    if (way_ == Way::to_pool) {
        const settings::Pool& pool = *shared.templates[destination_->template_index];
        newcomer.route = std::move(*destination_);
        newcomer.database = destination_database_;
        if (pool.user.empty() && newcomer.account != nullptr) {
            newcomer.password = newcomer.account->user->password;
        }
    }
    stream_->detach(
        std::make_unique<Moving>(way_ == Way::to_pool ? shared.readmit : shared.log_in_again,
                                 std::move(newcomer), std::exchange(pending_, {})));
    stream_ = nullptr;
    depart();
}

}  // namespace weir::proxy
