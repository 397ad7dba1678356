#include "proxy/redis_session.h"

#include <fmt/format.h>

#include <cassert>
#include <utility>

#include "base/log.h"
#include "proxy/pool_loop.h"
#include "proxy/redis_errors.h"
#include "proxy/redis_server.h"

namespace weir::proxy {

using telemetry::ClientClose;
using telemetry::ClientState;
using telemetry::Direction;
using telemetry::Side;
using wire::redis::RequestScanner;

namespace {

// More than a turn brings: what is left unread of it shows a client that can't keep up.
constexpr std::size_t slow_mark = std::size_t{1024} * 1024;

}  // namespace

RedisSession::RedisSession(PoolLoop& home, Newcomer newcomer, TenantPool& tenant, std::uint32_t id)
    : Session(home, std::move(newcomer), tenant, id) {
    trace_checkouts(nullptr);
}

void RedisSession::begin() {
    stream_ = &home_.loop().open(std::move(who_.connection), *this);
    lease_.kept = tenant_.pool->settings().mode != settings::PoolMode::multiplex;
    const auto compatible = key_for(who_.resp3);
    if (!compatible) {
        farewell(redis_error("ERR too many different accounts in this pool at the same time"),
                 ClientClose::limit);
        return;
    }
    key = *compatible;
    has_key_ = true;
    enter(ClientState::idle);
}

// -- what comes

void RedisSession::received(loop::Slice bytes) {
    tenant_.pool->probe().transferred(Side::client, Direction::in, bytes.size());
    tenant_.pool->tenant_probe().received(bytes.size());
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
        // What waits is looked at when that is over.
        if (!blocked() && (!stuck_ || fresh.empty())) {
            std::string buffer = std::exchange(pending_, {});
            const std::size_t used = process(buffer, nullptr);
            if (finished_) return;
            buffer.erase(0, used);
            pending_ = std::move(buffer);
        }
    }
    if (way_ != Way::stays && due_ == 0) {
        move();
        return;
    }
    if (stuck_ && !blocked() && (lease_.blocking || lease_.relayed)) {
        // Who waits for others is listened to, so that its going is noticed.
        resume_client(backlog_full_);
        if (pending_.size() > most_unasked) {
            farewell(redis_error("ERR too much was sent behind a command that waits"),
                     ClientClose::limit);
        }
        return;
    }
    const bool waits = blocked() || stuck_;
    // What waits brings on the next turn; a backlog that is gone would not.
    if (waits && pending_.size() > loop::Stream::pause_mark) {
        pause_client(backlog_full_);
    } else if (!waits || pending_.size() <= loop::Stream::resume_mark) {
        resume_client(backlog_full_);
    }
}

bool RedisSession::blocked() const {
    return finished_ || (waiting() && !refusal_) || output_full_ || server_full_ ||
           (due_ >= most_due && !lease_.held) || long_ == Long::waits || way_ != Way::stays ||
           (lease_.relayed && server().fenced());
}

std::size_t RedisSession::process(std::string_view buffer, const loop::Slice* slice) {
    std::size_t at = 0;
    stuck_ = false;
    Request request;  // its room serves all commands of the buffer
    while (at < buffer.size() && !finished_ && !blocked()) {
        if (long_ == Long::streams || long_ == Long::dropped) {
            const loop::Slice part = slice == nullptr ? loop::Slice() : slice->part(at);
            at += pass_long(buffer.substr(at), slice == nullptr ? nullptr : &part);
            continue;
        }
        const std::string_view rest = buffer.substr(at);
        const RequestScanner::Status status = scanner_.next(rest, request);
        if (status == RequestScanner::Status::need_more) break;
        if (status == RequestScanner::Status::invalid) {
            stuck_ = due_ > 0;
            if (stuck_) break;
            farewell(redis_error(fmt::format("ERR {}", scanner_.error())),
                     ClientClose::protocol_error);
            return at;
        }
        if (status == RequestScanner::Status::request && request.arguments.empty()) {
            at += request.taken;
            continue;
        }
        const bool whole = status == RequestScanner::Status::request;
        const Verdict verdict = whole ? handle(request, rest) : handle_long(request);
        if (finished_) return at;
        stuck_ = verdict == Verdict::later;
        if (stuck_) break;
        at += request.taken;
    }
    if (refusal_ && !waiting()) refusal_.reset();  // told to all that had come
    if (server_ != nullptr && due_ == 0 && lease_over()) give_back();
    return at;
}

void RedisSession::go_on() { home_.loop().defer(*this); }

void RedisSession::run() {
    if (finished_ || (waiting() && !refusal_)) return;
    if (long_ == Long::waits) begin_long();
    take({});
    // It has gone before it began to wait for what may never come.
    if (leaving_ && (lease_.blocking || lease_.relayed)) return leave(ClientClose::client);
    if (finished_ || stream_ == nullptr || due_ > 0 || waiting() || long_ != Long::none) return;
    const bool goes_on = output_full_ && !pending_.empty();  // when that is read
    const bool idle_session = lease_.kept && !lease_.multi && !lease_.watch && !lease_.relayed;
    if (leaving_ && !goes_on) {
        leave(ClientClose::client);
    } else if (draining_ && !goes_on && (server_ == nullptr || idle_session)) {
        dismiss(ClientClose::drain);
    } else if (server_ == nullptr) {
        enter(ClientState::idle);
    }
}

// -- what goes

void RedisSession::reply(loop::Slice bytes) {
    if (!lease_.held && stream_->unsent() > most_unread) {
        base::log::warn("client.reads_too_slowly", {{"client", home_.name_of(id())},
                                                    {"pool", tenant_.pool->settings().name},
                                                    {"tenant", tenant_.match.tenant},
                                                    {"unread", stream_->unsent()}});
        stream_->close();
        stream_ = nullptr;
        leave(ClientClose::limit);
        return;
    }
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
    tenant_.pool->tenant_probe().sent(bytes);
}

// A client that does not take its answers may ask for no more. Its own connection waits for it; a
// shared one can't.
void RedisSession::wrote() {
    const std::size_t unread = stream_->unsent();
    if (unread <= loop::Stream::pause_mark) return;
    pause_client(output_full_);
    if (server_ == nullptr) return;
    if (!lease_.held) {
        slow_ = slow_ || unread > slow_mark;
    } else if (!server_paused_) {
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

}  // namespace weir::proxy
