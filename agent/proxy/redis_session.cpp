#include "proxy/redis_session.h"

#include <fmt/format.h>

#include <cassert>
#include <utility>

#include "proxy/pool_loop.h"
#include "proxy/redis_errors.h"
#include "proxy/redis_server.h"

namespace weir::proxy {

using telemetry::ClientClose;
using telemetry::ClientState;
using telemetry::Direction;
using telemetry::PinReason;
using telemetry::Side;
using wire::redis::RequestScanner;

RedisSession::RedisSession(PoolLoop& home, Newcomer newcomer, TenantPool& tenant, std::uint32_t id)
    : Session(home, std::move(newcomer), tenant, id) {}

void RedisSession::begin() {
    stream_ = &home_.loop().open(std::move(who_.connection), *this);
    const settings::Pool& settings = tenant_.pool->settings();
    lease_.kept = settings.mode != settings::PoolMode::multiplex;
    const Handshake handshake = settings.user.empty() ? Handshake{who_.user, who_.password}
                                                      : Handshake{tenant_.handshake(0).user, {}};
    const auto compatible = settings.mode == settings::PoolMode::direct
                                ? tenant_.dedicated_key(handshake)
                                : tenant_.key(handshake);
    if (!compatible) {
        farewell(redis_error("ERR too many different accounts in this pool at the same time"),
                 ClientClose::limit);
        return;
    }
    key = *compatible;
    has_key_ = true;
    enter(ClientState::idle);
}

// -- its connection

bool RedisSession::obtain(bool alone, PinReason reason) {
    alone = alone || lease_.kept;
    if (server_ != nullptr) return !alone || lease_.held;  // a lease comes after what is due
    shares = !alone;
    wanted_ = reason;
    pool::Acquired acquired = tenant_.pool->acquire(*this, home_.now());
    switch (acquired.kind) {
        case pool::Acquired::Kind::ready:
            link(static_cast<ServerConnection&>(*acquired.server));
            return true;
        case pool::Acquired::Kind::waiting:
            enter(ClientState::waiting);
            return false;
        case pool::Acquired::Kind::refused:
            refused(acquired.refusal);
            return false;
    }
    return false;
}

void RedisSession::link(ServerConnection& connection) {
    server_ = &connection;
    joined_at_ = home_.now();
    lease_.held = !shares;
    quiet_ = false;
    if (shares) {
        server().join(*this);
    } else {
        server().hold(*this);
        if (!lease_.kept) tenant_.pool->pin(connection, wanted_, home_.now());
    }
    enter(ClientState::active);
}

void RedisSession::granted(ServerConnection& connection) {
    link(connection);
    home_.loop().defer(*this);
}

void RedisSession::refused(const pool::Refusal& refusal) {
    const UpstreamLink& upstream = home_.upstream(tenant_);
    refusal_ =
        redis_error(refusal, proxy::answer(refusal, tenant_.pool->settings(), tenant_.match.tenant,
                                           upstream.settings.name, upstream.last_error(), {}));
    home_.loop().defer(*this);
}

bool RedisSession::lease_over() const {
    return !lease_.kept && !lease_.relayed && !lease_.watch && !lease_.multi && long_ == Long::none;
}

void RedisSession::nothing_due() {
    lease_.blocking = false;
    if (lease_.held && !lease_over()) {
        keep_quiet();
    } else {
        give_back();
    }
    if (!pending_.empty() || long_ == Long::waits || leaving_ || draining_) go_on();
}

void RedisSession::give_back() {
    RedisServer& released = server();
    server_ = nullptr;
    if (server_paused_) released.pause(false);
    server_paused_ = false;
    if (std::exchange(lease_.held, false)) {
        released.release(std::exchange(lease_.in_doubt, false));
    } else {
        released.part(*this);
    }
    resume_client(server_full_);  // nobody else would wake it
    enter(ClientState::idle);
}

// Nothing runs on its own connection, which a watch, a MULTI or a kept one may leave so for long.
void RedisSession::keep_quiet() {
    if (std::exchange(quiet_, true)) return;
    const bool in_transaction = lease_.multi || lease_.watch;
    tenant_.pool->quiet(*server_, in_transaction, home_.now());
    if (!in_transaction && !lease_.relayed && !lease_.blocking) enter(ClientState::idle);
}

RedisServer& RedisSession::server() const { return *static_cast<RedisServer*>(server_); }

// -- what comes

void RedisSession::received(loop::Slice bytes) {
    tenant_.pool->probe().transferred(Side::client, Direction::in, bytes.size());
    tenant_.pool->tenant_probe().bytes_in.add(bytes.size());
    if (leaving_ || finished_) return;
    take(bytes);
}

void RedisSession::take(const loop::Slice& fresh) {
    if (pending_.empty() && !fresh.empty()) {
        const std::size_t used = process(fresh.bytes(), &fresh);
        if (finished_) return;
        pending_ = fresh.bytes().substr(used);
    } else {
        pending_ += fresh.bytes();
        if (!blocked()) {  // else it is looked at when that is over
            const std::string buffer = std::exchange(pending_, {});
            const std::size_t used = process(buffer, nullptr);
            if (finished_) return;
            pending_ = buffer.substr(used);
        }
    }
    if (destination_ && due_ == 0) {
        move();
        return;
    }
    if (blocked() && pending_.size() > loop::Stream::pause_mark) {
        pause_client(backlog_full_);
    } else if (!blocked()) {
        resume_client(backlog_full_);
    }
}

bool RedisSession::blocked() const {
    return finished_ || (waiting() && !refusal_) || output_full_ || server_full_ ||
           (due_ >= most_due && !lease_.held) || long_ == Long::waits || destination_.has_value();
}

std::size_t RedisSession::process(std::string_view buffer, const loop::Slice* slice) {
    std::size_t at = 0;
    while (at < buffer.size() && !finished_ && !blocked()) {
        if (long_ == Long::streams || long_ == Long::dropped) {
            const loop::Slice part = slice == nullptr ? loop::Slice() : slice->part(at);
            at += pass_long(buffer.substr(at), slice == nullptr ? nullptr : &part);
            continue;
        }
        Request request;
        const RequestScanner::Status status = scanner_.next(buffer.substr(at), request);
        if (status == RequestScanner::Status::need_more) break;
        if (status == RequestScanner::Status::invalid) {
            if (due_ > 0) break;
            farewell(redis_error(fmt::format("ERR {}", scanner_.error())),
                     ClientClose::protocol_error);
            return at;
        }
        if (status == RequestScanner::Status::request && request.arguments.empty()) {
            at += request.taken;
            continue;
        }
        const bool whole = status == RequestScanner::Status::request;
        const Verdict verdict = whole ? handle(request) : handle_long(request);
        if (finished_) return at;
        if (verdict == Verdict::later) break;
        at += request.taken;
    }
    if (refusal_ && !waiting()) refusal_.reset();  // told to all that had come
    if (server_ != nullptr && due_ == 0 && lease_over()) give_back();
    return at;
}

std::size_t RedisSession::pass_long(std::string_view bytes, const loop::Slice* slice) {
    const std::size_t size = scanner_.pass(bytes);
    if (!scanner_.error().empty()) {
        farewell(redis_error(fmt::format("ERR {}", scanner_.error())), ClientClose::protocol_error);
        return size;
    }
    if (long_ == Long::streams) {
        if (slice != nullptr) {
            server().send(slice->part(0, size));
        } else {
            server().send(bytes.substr(0, size));
        }
        if (server().unsent() > loop::Stream::pause_mark) pause_client(server_full_);
    }
    if (scanner_.passing()) return size;
    if (std::exchange(long_, Long::none) == Long::dropped) {
        say(std::exchange(long_refusal_, {}));
    } else if (due_ == 0) {
        nothing_due();  // the server was faster with an error
    }
    return size;
}

void RedisSession::go_on() { home_.loop().defer(*this); }

void RedisSession::run() {
    if (finished_ || (waiting() && !refusal_)) return;
    if (long_ == Long::waits) begin_long();
    take({});
    if (finished_ || due_ > 0 || waiting() || long_ != Long::none) return;
    if (leaving_) {
        leave(ClientClose::client);
    } else if (draining_ && server_ == nullptr) {
        dismiss(ClientClose::drain);
    } else if (server_ == nullptr) {
        enter(ClientState::idle);
    }
}

// -- what goes

void RedisSession::answered(char type) {
    assert(due_ > 0);
    if (type == '-' && lease_.held) lease_.in_doubt = true;
    if (--due_ == 0) {
        nothing_due();
    } else if (due_ < most_due / 2 && !pending_.empty()) {
        go_on();
    }
}

void RedisSession::relayed() {
    if (!pending_.empty()) go_on();
}

void RedisSession::reply(loop::Slice bytes) {
    count_out(bytes.size());
    stream_->write(std::move(bytes));
    wrote();
}

void RedisSession::say(std::string_view text) {
    count_out(text.size());
    stream_->write(text);
    wrote();
}

void RedisSession::count_out(std::size_t bytes) {
    tenant_.pool->probe().transferred(Side::client, Direction::out, bytes);
    tenant_.pool->tenant_probe().bytes_out.add(bytes);
}

// A client that does not take its answers may ask for no more. Its own connection waits for it; a
// shared one can't.
void RedisSession::wrote() {
    if (stream_->unsent() <= loop::Stream::pause_mark) return;
    pause_client(output_full_);
    if (lease_.held && server_ != nullptr && !server_paused_) {
        server_paused_ = true;
        server().pause(true);
    }
}

void RedisSession::drained() {
    if (std::exchange(server_paused_, false) && server_ != nullptr) server().pause(false);
    resume_client(output_full_);
    go_on();
}

void RedisSession::server_drained() {
    if (!server_full_) return;
    resume_client(server_full_);
    go_on();
}

void RedisSession::pause_client(bool& reason) {
    if (!server_full_ && !backlog_full_ && !output_full_) stream_->pause_receive();
    reason = true;
}

void RedisSession::resume_client(bool& reason) {
    if (!reason) return;
    reason = false;
    if (!server_full_ && !backlog_full_ && !output_full_ && stream_ != nullptr) {
        stream_->resume_receive();
    }
}

// -- the end

void RedisSession::server_lost(const std::string& error, bool torn) {
    server_ = nullptr;
    server_paused_ = false;
    const bool stateful = lease_.watch || lease_.multi || lease_.relayed || long_ != Long::none;
    for (; due_ > 0 && !torn; --due_) say(error);
    lease_ = {.kept = lease_.kept};
    if (torn || stateful) {
        leave(ClientClose::upstream_lost);
        return;
    }
    resume_client(server_full_);
    go_on();
}

void RedisSession::end_of_input() {
    const bool waits_for_others = lease_.blocking || lease_.relayed || waiting();
    const bool half_asked = long_ != Long::none;  // the rest will never come
    if (due_ > 0 && !waits_for_others && !half_asked) {
        leaving_ = true;  // what it asked for is answered still
    } else {
        leave(ClientClose::client);
    }
}

void RedisSession::closed(int /*error*/) {
    stream_ = nullptr;
    leave(ClientClose::client);
}

void RedisSession::dismiss(ClientClose reason) {
    const bool told = due_ == 0;  // between replies; within one the end says enough
    std::string error;
    if (told && reason == ClientClose::drain) {
        error = redis_error(home_.served(tenant_) ? draining()
                                                  : pool_removed(tenant_.pool->settings().name));
    }
    if (told && reason == ClientClose::timeout) {
        error = redis_error("ERR closed after client_idle_timeout");
    }
    if (told && error.empty()) error = redis_error("ERR closed by an operator");
    farewell(error, reason);
}

void RedisSession::drain() {
    draining_ = true;
    if (due_ > 0 || waiting() || lease_.multi || lease_.watch || long_ != Long::none) return;
    dismiss(ClientClose::drain);
}

void RedisSession::reclaimed(ClientClose reason, const std::string& /*sqlstate*/,
                             const std::string& message) {
    server_ = nullptr;
    lease_ = {};
    farewell(redis_error("ERR " + message), reason);
}

void RedisSession::farewell(const std::string& error, ClientClose reason) {
    if (finished_) return;
    if (stream_ != nullptr && !error.empty()) say(error);
    leave(reason);
}

// Of its connection, in whatever state that is.
void RedisSession::let_go() {
    if (server_ == nullptr) return;
    RedisServer& left = server();
    server_ = nullptr;
    const bool whole = long_ != Long::streams;
    const bool stateful = lease_.relayed || lease_.watch || lease_.multi;
    if (lease_.held && due_ == 0 && whole && !stateful) {
        left.release(lease_.in_doubt);
    } else {
        left.abandon(*this, whole && !lease_.blocking && !lease_.relayed);
    }
    lease_ = {.kept = lease_.kept};
}

void RedisSession::leave(ClientClose reason) {
    if (finished_) return;
    tenant_.pool->cancel(*this, home_.now());
    let_go();
    if (stream_ != nullptr) {
        stream_->close_after_flush();
        stream_ = nullptr;
    }
    finish(reason);
}

}  // namespace weir::proxy
