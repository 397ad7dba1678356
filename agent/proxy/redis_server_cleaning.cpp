// How a Redis server connection is checked, cleaned of what a client left, and given up.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "proxy/pool_loop.h"
#include "proxy/redis_errors.h"
#include "proxy/redis_server.h"
#include "proxy/redis_session.h"
#include "proxy/span_facts.h"

namespace weir::proxy {

using pool::ReapReason;
using pool::ReleaseResult;
using wire::redis::ReplyPiece;

namespace {

constexpr std::string_view ping = "*1\r\n$4\r\nPING\r\n";
// Whatever of these is in place; where nothing is, or a server knows no such thing, its error says
// no worse. The last is answered by OK, and only outside of a MULTI.
constexpr std::string_view undo =
    "*1\r\n$7\r\nDISCARD\r\n"
    "*3\r\n$6\r\nCLIENT\r\n$8\r\nTRACKING\r\n$3\r\nOFF\r\n"
    "*3\r\n$6\r\nCLIENT\r\n$8\r\nNO-TOUCH\r\n$3\r\nOFF\r\n"
    "*3\r\n$6\r\nCLIENT\r\n$8\r\nNO-EVICT\r\n$3\r\nOFF\r\n"
    "*1\r\n$9\r\nREADWRITE\r\n"
    "*1\r\n$7\r\nUNWATCH\r\n";
constexpr unsigned undo_replies = 6;
// Before all that of one with subscriptions.
constexpr std::string_view unsubscribe =
    "*1\r\n$7\r\nDISCARD\r\n"
    "*1\r\n$11\r\nUNSUBSCRIBE\r\n"
    "*1\r\n$12\r\nPUNSUBSCRIBE\r\n"
    "*1\r\n$12\r\nSUNSUBSCRIBE\r\n";
constexpr std::size_t told_of_a_reply = 32;

}  // namespace

void RedisServer::release(bool in_doubt) {
    assert(turns_.empty() && !relays_);
    holder_ = nullptr;
    pause(false);
    if (in_doubt) {
        clean();
    } else {
        pool()->release(*this, ReleaseResult::clean, home_.now());
    }
}

void RedisServer::abandon(RedisSession& client, bool fit) {
    if (&client != holder_) {
        sharers_.erase(client);
        std::size_t last = turns_.size();
        while (last > 0 && turns_[last - 1].client != &client) --last;
        if (last == 0) {
            pool()->part(*this, client.joined_at(), home_.now());
            return;
        }
        turns_[last - 1].parts = client.joined_at();
        forget(client);
        return;
    }
    holder_ = nullptr;
    pause(false);
    if (!fit) {
        turns_.clear();
        pool()->discard(*this, ReapReason::desync, home_.now());
        return;
    }
    forget(client);
    clean();
}

void RedisServer::forget(const RedisSession& client) {
    for (std::size_t i = 0; i < turns_.size(); ++i) {
        if (turns_[i].client == &client) turns_[i].client = nullptr;
    }
}

void RedisServer::clean() {
    pool()->begin_reset(*this, home_.now());
    refused_ = false;
    if (!relays_) {
        begin(Chore::clean, undo, undo_replies);
        return;
    }
    chore_ = Chore::clean;
    stream_->write(unsubscribe);
    stream_->write(undo);
    fence();
    chore_began();
}

void RedisServer::begin(Chore chore, std::string_view commands, unsigned replies) {
    chore_ = chore;
    turns_.push_back({nullptr, replies, false, home_.now(), {}, {}});
    stream_->write(commands);
    chore_began();
}

void RedisServer::check() { begin(Chore::check, ping, 1); }

void RedisServer::note_chore_reply(const ReplyPiece& piece) {
    if (piece.first) chore_reply_.clear();
    const std::size_t room = told_of_a_reply - std::min(told_of_a_reply, chore_reply_.size());
    chore_reply_.append(piece.bytes.substr(0, room));
    if (piece.last && chore_reply_.starts_with("-NOPERM")) refused_ = true;
}

void RedisServer::chore_done() {
    chore_ended();
    const Chore done = std::exchange(chore_, Chore::none);
    if (done == Chore::check) {
        pool()->checked(*this, chore_reply_.starts_with("+PONG"), home_.now());
    } else if (refused_ || !chore_reply_.starts_with("+OK")) {
        pool()->discard(*this, ReapReason::desync, home_.now());
    } else {
        trace_reset(home_, *this);
        pool()->release(*this, ReleaseResult::reset, home_.now());
    }
}

// The answer to our question has come, so everything before it was done; within a MULTI it would
// not have.
void RedisServer::relay_cleaned() {
    chore_ended();
    chore_ = Chore::none;
    end_relay();
    if (refused_ || subscriptions() > 0) {
        pool()->discard(*this, ReapReason::desync, home_.now());
    } else {
        trace_reset(home_, *this);
        pool()->release(*this, ReleaseResult::reset, home_.now());
    }
}

void RedisServer::fail(ReapReason reason, const std::string& error) {
    // Who has part of a reply can't be told anything any more.
    RedisSession* const torn = scanner_.between_replies() ? nullptr : receiver();
    if (holder_ != nullptr) set_left_by(holder_->span());
    RedisSession* const holder = std::exchange(holder_, nullptr);
    turns_.clear();
    chore_ = Chore::none;
    pool()->discard(*this, reason, home_.now());
    while (RedisSession* client = sharers_.pop_front()) client->server_lost(error, client == torn);
    if (holder != nullptr) holder->server_lost(error, holder == torn);
}

void RedisServer::desync() {
    base::log::error("connection.desync", {{"server", home_.name_of(id())},
                                           {"pool", tenant_.pool->settings().name},
                                           {"tenant", tenant_.match.tenant}});
    tenant_.pool->probe().desynced();
    fail(ReapReason::desync, redis_error(fmt::format("ERR upstream \"{}\" broke the protocol",
                                                     tenant_.pool->settings().upstream)));
}

void RedisServer::reclaim(bool /*keep_connection*/, telemetry::ClientClose reason,
                          const std::string& sqlstate, const std::string& message) {
    if (state() == pool::ServerState::closing) return;
    if (holder_ != nullptr && scanner_.between_replies()) {
        RedisSession& session = *std::exchange(holder_, nullptr);
        turns_.clear();
        pool()->discard(*this, ReapReason::leak, home_.now());
        session.reclaimed(reason, sqlstate, message);
        return;
    }
    fail(ReapReason::leak, redis_error("ERR " + message));
}

}  // namespace weir::proxy
