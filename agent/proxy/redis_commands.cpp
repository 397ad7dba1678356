// What a Redis client's commands mean: which go out among those of others, and which need a
// connection of their own and for how long.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "proxy/pool_loop.h"
#include "proxy/redis_errors.h"
#include "proxy/redis_server.h"
#include "proxy/redis_session.h"

namespace weir::proxy {

using telemetry::ClientClose;
using telemetry::PinReason;
using wire::redis::classify;
using wire::redis::is_word;

RedisSession::Verdict RedisSession::handle(Request& request, std::string_view buffer) {
    const Command command = classify(request.arguments);
    if (refused_multi_) return in_refused_multi(command);
    Verdict verdict = Verdict::later;
    if (!refusal_) verdict = handle_as(command, request, buffer);
    if (refusal_ && verdict == Verdict::later && !finished_) {  // told meanwhile, or at once
        refused_multi_ = command == Command::multi;
        if (tries_resp3_) fall_back();
        verdict = answer(*refusal_);
    }
    if (verdict == Verdict::done && command != Command::client_reply) skips_ = false;
    return verdict;
}

RedisSession::Verdict RedisSession::handle_as(Command command, Request& request,
                                              std::string_view buffer) {
    const auto& words = request.arguments;
    const bool admin = tenant_.pool->settings().admin_commands;
    switch (command) {
        case Command::ordinary:
            return forward(request);
        case Command::ping:
        case Command::echo:
            if (due_ > 0 || lease_.multi || lease_.relayed) return forward(request);
            return answer_here(command, request);
        case Command::quit:
            if (!lease_.multi && answer(redis_ok) == Verdict::later) return Verdict::later;
            if (lease_.multi) say(redis_ok);
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
            return multi(request, buffer);
        case Command::exec:
        case Command::discard:
            return end_multi(request);
        case Command::watch: {
            const Verdict verdict = forward_alone(PinReason::watch, request);
            if (verdict == Verdict::done && !lease_.multi) put_on(&Lease::watch);
            return verdict;
        }
        case Command::unwatch: {
            const Verdict verdict = forward(request);
            if (verdict == Verdict::done && !lease_.multi && words.size() == 1) {
                lease_.watch = false;
            }
            return verdict;
        }
        case Command::blocking:
            return lease_.multi ? forward(request) : forward_alone(PinReason::blocking, request);
        case Command::wait:
            return lease_.multi ? forward(request) : wait(request);
        case Command::subscribe:
            if (lease_.multi) return refuse_queued(request);
            return relay_from(PinReason::subscribe, request);
        case Command::unsubscribe:
            if (lease_.multi) return refuse_queued(request);
            // With RESP3 each is confirmed by a push, which a shared connection has no place for.
            if (who_.resp3) return relay_from(PinReason::subscribe, request);
            return unsubscribe(request);
        case Command::tracking:
            return lease_.multi ? refuse_queued(request) : tracking(request);
        case Command::no_touch:
            return forward_until(PinReason::other, request, &Lease::no_touch,
                                 words.size() < 3 || !is_word(words[2], "OFF"));
        case Command::readonly:
            return forward_until(PinReason::other, request, &Lease::readonly, true);
        case Command::readwrite:
            return forward_until(PinReason::other, request, &Lease::readonly, false);
        case Command::asking:
            return forward_until(PinReason::other, request, &Lease::asking, true);
        case Command::monitor:
            if (!admin) return not_allowed(request);
            if (lease_.multi) return refuse_queued(request);
            return relay_from(PinReason::monitor, request);
        case Command::dangerous:
            if (!admin) return not_allowed(request);
            return forward_alone(PinReason::other, request);
    }
    return Verdict::done;
}

RedisSession::Verdict RedisSession::forward(const Request& request, unsigned replies,
                                            std::optional<base::Instant> transaction) {
    if (!obtain(false, PinReason::other)) return Verdict::later;
    if (who_.resp3 && !server().resp3()) {
        let_go();
        refusal_ = redis_error("ERR the upstream has ceased to speak RESP3: connect again");
        return Verdict::later;
    }
    be_busy();
    RedisServer& connection = server();
    carrier_ = connection.id();
    lease_.asking = false;  // of the command before
    begun_ = nullptr;
    connection.note_command(request.arguments.front());
    if (trace_ != nullptr && !lease_.relayed) {
        trace_->query_began(home_.now(), replies);
        if (trace_->wants_text()) trace_->query_text(connection.last_statement());
    }
    connection.send(request.bytes);
    if (lease_.relayed) {
        lease_.settled = false;
    } else {
        connection.expect(*this, replies, silent_ || skips_, transaction);
        due_ += replies;
    }
    if (connection.unsent() > loop::Stream::pause_mark) pause_client(server_full_);
    return Verdict::done;
}

RedisSession::Verdict RedisSession::forward_alone(PinReason reason, const Request& request) {
    if (!obtain(true, reason)) return Verdict::later;
    if (trace_ != nullptr && reason == PinReason::blocking) trace_->meant_to_wait();
    const Verdict verdict = forward(request);
    if (verdict == Verdict::done && reason == PinReason::blocking && !lease_.relayed) {
        lease_.blocking = true;
        keep_quiet();  // it waits, for as long as it likes
    }
    return verdict;
}

// A state of the connection, which this command puts on or ends.
RedisSession::Verdict RedisSession::forward_until(PinReason reason, const Request& request,
                                                  bool Lease::*state, bool on) {
    if (lease_.multi) return refuse_queued(request);
    const Verdict verdict = on ? forward_alone(reason, request) : forward(request);
    if (verdict != Verdict::done) return verdict;
    if (on) {
        put_on(state);
    } else {
        lease_.*state = false;
    }
    return verdict;
}

// It is off again where the server refuses.
void RedisSession::put_on(bool Lease::*state) {
    if (!(lease_.*state)) begun_ = state;
    lease_.*state = true;
}

RedisSession::Verdict RedisSession::relay_from(PinReason reason, const Request& request) {
    if (!obtain(true, reason)) return Verdict::later;
    if (trace_ != nullptr) trace_->meant_to_wait();
    if (!lease_.relayed) {
        if (due_ > 0) return Verdict::later;
        if (server_->pin_reason() != reason) tenant_.pool->pin(*server_, reason, home_.now());
        lease_.relayed = true;
        server().relay_everything();
    }
    if (reason == PinReason::monitor) lease_.monitor = true;
    const Verdict verdict = forward(request);
    if (verdict == Verdict::done) keep_quiet();
    return verdict;
}

// Each name is confirmed, but an error comes once: one by one each has one reply for certain.
RedisSession::Verdict RedisSession::unsubscribe(const Request& request) {
    const auto& words = request.arguments;
    if (lease_.relayed || words.size() < 3) return forward(request);
    std::string bytes;
    for (std::size_t i = 1; i < words.size(); ++i) {
        wire::redis::append_request(bytes, {words.front(), words[i]});
    }
    return forward({bytes, {words.front()}, 0}, static_cast<unsigned>(words.size()) - 1);
}

RedisSession::Verdict RedisSession::tracking(const Request& request) {
    const auto& words = request.arguments;
    const bool on = words.size() > 2 && is_word(words[2], "ON");
    const bool redirected = std::any_of(words.begin(), words.end(), [](std::string_view word) {
        return is_word(word, "REDIRECT");
    });
    if (on && (redirected || !who_.resp3)) {
        return answer(
            redis_error("ERR tracking needs RESP3 here: what is invalidated can't be redirected "
                        "to another connection of a pool"));
    }
    // What the server refuses must keep no connection.
    for (std::size_t i = 3; i < words.size(); ++i) {
        const bool prefix = is_word(words[i], "PREFIX") && i + 1 < words.size();
        if (prefix) ++i;
        if (!prefix && !is_word(words[i], "BCAST") && !is_word(words[i], "OPTIN") &&
            !is_word(words[i], "OPTOUT") && !is_word(words[i], "NOLOOP")) {
            return answer(redis_error("ERR syntax error"));
        }
    }
    if (!on && !lease_.tracking) return forward(request);
    const Verdict verdict = relay_from(PinReason::tracking, request);
    if (verdict == Verdict::done) lease_.tracking = on;
    return verdict;
}

// It tells of the writes of the connection that carries it: who has used it once stays on one.
RedisSession::Verdict RedisSession::wait(const Request& request) {
    const std::uint32_t carrier = carrier_;
    if (!obtain(true, PinReason::blocking)) return Verdict::later;
    if (carrier == 0 || carrier == server_->id()) {
        lease_.waits = true;
        return forward_alone(PinReason::blocking, request);
    }
    const Verdict verdict =
        answer(redis_error("ERR WAIT: another client has the connection that carried the writes "
                           "before it; those from now on stay on one"));
    if (verdict == Verdict::done) lease_.waits = true;
    if (verdict == Verdict::done) carrier_ = server_->id();
    return verdict;
}

// Makes the server refuse it, so that the transaction fails as it would there.
RedisSession::Verdict RedisSession::refuse_queued(const Request& request) {
    const std::string name =
        shown_command(request.arguments.front()) + "-is-refused-by-weir-inside-MULTI";
    std::string bytes;
    wire::redis::append_request(bytes, {name});
    return forward({bytes, {name}, 0});
}

}  // namespace weir::proxy
