// What a Redis client's commands mean: which go out among those of others, which need a connection
// of their own and for how long, and what Weir answers itself.
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <utility>

#include "proxy/pool_loop.h"
#include "proxy/redis_errors.h"
#include "proxy/redis_server.h"
#include "proxy/redis_session.h"
#include "settings/credential.h"

namespace weir::proxy {

using telemetry::ClientClose;
using telemetry::ClientState;
using telemetry::PinReason;
using wire::redis::classify;
using wire::redis::is_word;

namespace {

constexpr std::string_view ok = "+OK\r\n";

std::string shown(std::string_view name) {
    constexpr std::size_t longest = 32;
    std::string text(name.substr(0, longest));
    std::erase_if(text, [](unsigned char c) { return std::isgraph(c) == 0; });
    return text;
}

std::string wrong_number(std::string_view name) {
    return redis_error(fmt::format("ERR wrong number of arguments for '{}' command", shown(name)));
}

bool is_number(std::string_view text) {
    const bool digits =
        std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
    return !text.empty() && text.size() <= 9 && digits && (text == "0" || text.front() != '0');
}

// Takes the connection with what it has not read to the home of another pool.
class Moving final : public loop::DetachDone {
  public:
    Moving(Shared& shared, Newcomer newcomer, std::string unread)
        : shared_(shared), newcomer_(std::move(newcomer)), unread_(std::move(unread)) {}
    void detached(loop::Detached connection) override {
        connection.unread.insert(0, unread_);
        newcomer_.connection = std::move(connection);
        shared_.readmit(std::move(newcomer_));
    }

  private:
    Shared& shared_;
    Newcomer newcomer_;
    std::string unread_;
};

}  // namespace

RedisSession::Verdict RedisSession::handle(const Request& request) {
    const Command command = classify(request.arguments);
    if (refused_multi_) return in_refused_multi(command);
    if (refusal_) {
        refused_multi_ = command == Command::multi;
        return answer(*refusal_);
    }
    const Verdict verdict = handle_as(command, request);
    if (refusal_ && verdict == Verdict::later && !finished_) {  // meanwhile, at once
        refused_multi_ = command == Command::multi;
        return answer(*refusal_);
    }
    return verdict;
}

// Its MULTI found no connection: nothing of what follows may be run outside of it.
RedisSession::Verdict RedisSession::in_refused_multi(Command command) {
    if (command != Command::exec && command != Command::discard) {
        return answer(redis_error("ERR not queued: MULTI has failed"));
    }
    refused_multi_ = false;
    return answer(command == Command::discard
                      ? std::string(ok)
                      : redis_error("EXECABORT Transaction discarded because MULTI has failed"));
}

RedisSession::Verdict RedisSession::handle_as(Command command, const Request& request) {
    const bool alone = request.arguments.size() == 1;  // else the server will refuse it
    const bool admin = tenant_.pool->settings().admin_commands;
    Verdict verdict = Verdict::done;
    switch (command) {
        case Command::ordinary:
            return forward(request);
        case Command::ping:
        case Command::echo:
            if (due_ > 0 || lease_.multi || lease_.relayed) return forward(request);
            return answer_here(command, request);
        case Command::quit:
            if (answer(ok) == Verdict::later) return Verdict::later;
            leave(ClientClose::client);
            return Verdict::done;
        case Command::hello:
        case Command::auth:
        case Command::select:
        case Command::client_setname:
        case Command::client_getname:
        case Command::client_id:
        case Command::client_info:
        case Command::client_setinfo:
        case Command::client_reply:
            return lease_.multi ? refuse_queued(request) : answer_here(command, request);
        case Command::reset:
            return reset();
        case Command::multi:
            verdict = forward_alone(PinReason::multi, request);
            if (verdict == Verdict::done && alone) lease_.multi = true;
            return verdict;
        case Command::exec:
        case Command::discard:
            verdict = forward(request);
            if (verdict == Verdict::done && alone && lease_.multi) {
                lease_.multi = lease_.watch = false;
            }
            return verdict;
        case Command::watch:
            verdict = forward_alone(PinReason::watch, request);
            if (verdict == Verdict::done && !lease_.multi) lease_.watch = true;
            return verdict;
        case Command::unwatch:
            verdict = forward(request);
            if (verdict == Verdict::done && alone && !lease_.multi) lease_.watch = false;
            return verdict;
        case Command::blocking:
            return lease_.multi ? forward(request) : forward_alone(PinReason::blocking, request);
        case Command::wait:
            if (lease_.held) return forward_alone(PinReason::blocking, request);
            return answer(redis_error(
                "ERR WAIT needs a pool of mode \"session\": here the writes before it may have "
                "gone out on another connection"));
        case Command::subscribe:
            if (lease_.multi) return refuse_queued(request);
            return relay_from(PinReason::subscribe, request);
        case Command::unsubscribe:
            if (lease_.multi) return refuse_queued(request);
            // Where nothing is subscribed each name is confirmed, and no name as one.
            return forward(request,
                           std::max(1U, static_cast<unsigned>(request.arguments.size()) - 1));
        case Command::tracking:
            return relay_from(PinReason::tracking, request);
        case Command::readonly:
            return relay_from(PinReason::other, request);
        case Command::monitor:
            if (admin) return relay_from(PinReason::monitor, request);
            break;
        case Command::dangerous:
            if (admin) return forward_alone(PinReason::other, request);
            break;
    }
    if (lease_.multi) return refuse_queued(request);
    return answer(
        redis_error(fmt::format("NOPERM pool \"{}\" lets no '{}' through: its "
                                "admin_commands is off",
                                tenant_.pool->settings().name, shown(request.arguments.front()))));
}

RedisSession::Verdict RedisSession::forward(const Request& request, unsigned replies) {
    if (!obtain(false, PinReason::other)) return Verdict::later;
    if (std::exchange(quiet_, false)) {
        tenant_.pool->busy(*server_, home_.now());
        enter(ClientState::active);
    }
    RedisServer& connection = server();
    connection.note_command(request.arguments.front());
    connection.send(request.bytes);
    if (!lease_.relayed) {
        connection.expect(*this, replies);
        due_ += replies;
    }
    if (connection.unsent() > loop::Stream::pause_mark) pause_client(server_full_);
    return Verdict::done;
}

RedisSession::Verdict RedisSession::forward_alone(PinReason reason, const Request& request) {
    if (!obtain(true, reason)) return Verdict::later;
    const Verdict verdict = forward(request);
    if (reason == PinReason::blocking && !lease_.relayed) {
        lease_.blocking = true;
        keep_quiet();  // it waits, for as long as it likes
    }
    return verdict;
}

RedisSession::Verdict RedisSession::relay_from(PinReason reason, const Request& request) {
    if (!obtain(true, reason)) return Verdict::later;
    if (!lease_.relayed) {
        if (due_ > 0) return Verdict::later;
        if (server_->pin_reason() != reason) tenant_.pool->pin(*server_, reason, home_.now());
        lease_.relayed = true;
        server().relay_everything();
    }
    const Verdict verdict = forward(request);
    keep_quiet();
    return verdict;
}

// Makes the server refuse it, so that the transaction fails as it would there.
RedisSession::Verdict RedisSession::refuse_queued(const Request& request) {
    const std::string name = shown(request.arguments.front()) + "-is-refused-by-weir-inside-MULTI";
    std::string bytes;
    wire::redis::append_request(bytes, {name});
    return forward({bytes, {name}, 0});
}

RedisSession::Verdict RedisSession::handle_long(const Request& request) {
    const Command command = classify(request.arguments);
    switch (command) {
        case Command::ordinary:
        case Command::ping:
        case Command::echo:
        case Command::watch:
        case Command::blocking:
            break;
        default:
            farewell(redis_error(fmt::format("ERR Protocol error: too long a '{}'",
                                             shown(request.arguments.front()))),
                     ClientClose::protocol_error);
            return Verdict::done;
    }
    long_command_ = command;
    long_head_ = request.bytes;
    long_ = Long::waits;
    if (refused_multi_) refusal_ = redis_error("ERR not queued: MULTI has failed");
    begin_long();
    return Verdict::done;
}

void RedisSession::begin_long() {
    const PinReason reason = long_command_ == Command::watch      ? PinReason::watch
                             : long_command_ == Command::blocking ? PinReason::blocking
                                                                  : PinReason::other;
    if (!refusal_ && !obtain(true, reason) && !refusal_) return;
    const std::string head = std::exchange(long_head_, {});
    if (refusal_) {
        long_ = Long::dropped;
        long_refusal_ = *std::exchange(refusal_, std::nullopt);
        return;
    }
    long_ = Long::streams;
    (void)forward({head, {"long"}, 0});
    if (lease_.multi) return;
    if (long_command_ == Command::watch) lease_.watch = true;
    if (long_command_ == Command::blocking) lease_.blocking = true;
}

// -- what Weir answers itself

RedisSession::Verdict RedisSession::answer(std::string_view text) {
    const bool in_a_reply = lease_.relayed && !server().between_replies();
    if (due_ > 0 || in_a_reply) return Verdict::later;
    say(text);
    return Verdict::done;
}

RedisSession::Verdict RedisSession::answer_here(Command command, const Request& request) {
    const auto& words = request.arguments;
    switch (command) {
        case Command::ping:
            if (words.size() > 2) return answer(wrong_number("ping"));
            return answer(words.size() == 1 ? "+PONG\r\n" : redis_bulk(words[1]));
        case Command::echo:
            return answer(words.size() == 2 ? redis_bulk(words[1]) : wrong_number("echo"));
        case Command::hello:
            return hello(request);
        case Command::auth:
            return answer(redis_error(
                "ERR this connection is logged in: open another one for another account"));
        case Command::select:
            return select(request);
        case Command::client_setname:
        case Command::client_setinfo: {
            const bool sets_name = command == Command::client_setname;
            if (words.size() != (sets_name ? 3U : 4U)) return answer(wrong_number("client"));
            const std::string_view value = words.back();
            if (std::any_of(value.begin(), value.end(),
                            [](char c) { return c < '!' || c > '~'; })) {
                return answer(
                    redis_error("ERR Client names cannot contain spaces, newlines or "
                                "special characters."));
            }
            const Verdict verdict = answer(ok);
            // A library's name is better than none.
            if (verdict == Verdict::done &&
                (sets_name || (who_.application_name.empty() && is_word(words[2], "LIB-NAME")))) {
                who_.application_name = value;
            }
            return verdict;
        }
        case Command::client_getname:
            return answer(who_.application_name.empty() ? "$-1\r\n"
                                                        : redis_bulk(who_.application_name));
        case Command::client_id:
            return answer(redis_integer(home_.process_id_of(*this)));
        case Command::client_info:
            return answer(redis_bulk(client_info()));
        default:  // CLIENT REPLY
            return answer(words.size() == 3 && is_word(words[2], "ON")
                              ? std::string(ok)
                              : redis_error("ERR CLIENT REPLY OFF and SKIP are not supported: "
                                            "every command has its reply"));
    }
}

std::string RedisSession::client_info() const {
    return fmt::format("id={} addr={} name={} db={} user={} resp=2\n", home_.process_id_of(*this),
                       who_.address, who_.application_name, who_.database, who_.user);
}

RedisSession::Verdict RedisSession::hello(const Request& request) {
    const auto& words = request.arguments;
    if (words.size() > 1 && words[1] != "2") {
        return answer(redis_error("NOPROTO unsupported protocol version"));
    }
    std::string_view name;
    for (std::size_t i = 2; i < words.size(); i += 2) {
        if (i + 1 == words.size() || !is_word(words[i], "SETNAME")) {
            return answer(redis_error("ERR Syntax error in HELLO: after a login only SETNAME"));
        }
        name = words[i + 1];
    }
    const Verdict verdict = answer(redis_greeting(home_.process_id_of(*this)));
    if (verdict == Verdict::done && !name.empty()) who_.application_name = name;
    return verdict;
}

RedisSession::Verdict RedisSession::reset() {
    if (due_ > 0 && !lease_.relayed) return Verdict::later;
    const Verdict verdict = answer("+RESET\r\n");
    if (verdict == Verdict::later) return verdict;
    let_go();
    who_.application_name.clear();
    enter(ClientState::idle);
    return verdict;
}

RedisSession::Verdict RedisSession::select(const Request& request) {
    if (request.arguments.size() != 2) return answer(wrong_number("select"));
    const std::string_view number = request.arguments[1];
    if (!is_number(number)) {
        return answer(redis_error("ERR value is not an integer or out of range"));
    }
    if (number == who_.database) return answer(ok);
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
    const Verdict verdict = answer(ok);
    if (verdict == Verdict::done) {
        destination_ = std::move(*route);
        destination_database_ = number;
    }
    return verdict;
}

void RedisSession::move() {
    let_go();
    Shared& shared = home_.shared();
    Newcomer newcomer = std::move(who_);
    const settings::Pool& pool = *shared.templates[destination_->template_index];
    newcomer.route = std::move(*destination_);
    newcomer.database = destination_database_;
    newcomer.password = {};
    if (pool.user.empty() && newcomer.account != nullptr) {
        newcomer.password = newcomer.account->user->password;
    }
    stream_->detach(
        std::make_unique<Moving>(shared, std::move(newcomer), std::exchange(pending_, {})));
    stream_ = nullptr;
    depart();
}

}  // namespace weir::proxy
