#include "proxy/redis_server.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <utility>

#include "base/log.h"
#include "proxy/pool_loop.h"
#include "proxy/redis_errors.h"
#include "proxy/redis_session.h"

namespace weir::proxy {

using pool::ReapReason;
using pool::ReleaseResult;
using telemetry::Direction;
using telemetry::Side;
using wire::redis::ReplyPiece;
using wire::redis::ReplyScanner;

namespace {

constexpr std::string_view ping = "*1\r\n$4\r\nPING\r\n";
// Whichever of both is in place, the second is answered by OK, and only outside of a MULTI.
constexpr std::string_view undo = "*1\r\n$7\r\nDISCARD\r\n*1\r\n$7\r\nUNWATCH\r\n";
constexpr std::size_t told_of_a_reply = 32;
constexpr std::size_t longest_name = 32;

}  // namespace

RedisServer::RedisServer(PoolLoop& home, TenantPool& tenant, pool::CompatibilityKey key,
                         upstream::Established established, std::uint32_t id)
    : ServerConnection(home, tenant, key, established, id) {}

RedisServer::~RedisServer() {
    while (sharers_.pop_front() != nullptr) {  // their loop has ended
    }
}

void RedisServer::join(RedisSession& sharer) {
    assert(holder_ == nullptr && chore_ == Chore::none);
    sharers_.push_back(sharer);
}

void RedisServer::hold(RedisSession& holder) {
    assert(holder_ == nullptr && sharers_.empty() && due_.empty() && chore_ == Chore::none);
    holder_ = &holder;
}

void RedisServer::send(loop::Slice bytes) {
    tenant_.pool->probe().transferred(Side::upstream, Direction::out, bytes.size());
    stream_->write(std::move(bytes));
}

void RedisServer::send(std::string_view text) {
    tenant_.pool->probe().transferred(Side::upstream, Direction::out, text.size());
    stream_->write(text);
}

void RedisServer::expect(RedisSession& client, unsigned replies) {
    if (relays_) return;
    const base::Instant now = home_.now();
    if (!due_.empty() && due_.back().client == &client && due_.back().since == now) {
        due_.back().replies += replies;
    } else {
        due_.push_back({&client, replies, now});
    }
}

void RedisServer::note_command(std::string_view name) {
    const auto is_letter = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' || c == '_';
    };
    // A word that is no name might be somebody's secret.
    const bool shown =
        name.size() <= longest_name && std::all_of(name.begin(), name.end(), is_letter);
    command_ = shown ? name : std::string_view();
}

void RedisServer::relay_everything() {
    assert(holder_ != nullptr);
    relays_ = true;
    due_.clear();
}

void RedisServer::part(RedisSession& sharer) {
    sharers_.erase(sharer);
    pool()->part(*this, sharer.joined_at(), home_.now());
}

void RedisServer::release(bool in_doubt) {
    assert(due_.empty() && !relays_);
    holder_ = nullptr;
    pause(false);
    if (in_doubt) {
        pool()->begin_reset(*this, home_.now());
        begin(Chore::clean, undo, 2);
    } else {
        pool()->release(*this, ReleaseResult::clean, home_.now());
    }
}

void RedisServer::abandon(RedisSession& client, bool fit) {
    if (&client != holder_) {
        sharers_.erase(client);
        const auto last = std::find_if(due_.rbegin(), due_.rend(),
                                       [&](const Due& due) { return due.client == &client; });
        if (last == due_.rend()) {
            pool()->part(*this, client.joined_at(), home_.now());
            return;
        }
        last->parts = true;
        last->joined_at = client.joined_at();
        forget(client);
        return;
    }
    holder_ = nullptr;
    pause(false);
    if (!fit || relays_) {
        due_.clear();
        pool()->discard(*this, ReapReason::desync, home_.now());
        return;
    }
    forget(client);
    pool()->begin_reset(*this, home_.now());
    begin(Chore::clean, undo, 2);
}

void RedisServer::forget(const RedisSession& client) {
    for (Due& due : due_) {
        if (due.client == &client) due.client = nullptr;
    }
}

void RedisServer::begin(Chore chore, std::string_view commands, unsigned replies) {
    chore_ = chore;
    due_.push_back({nullptr, replies, home_.now()});
    stream_->write(commands);
    chore_began();
}

void RedisServer::check() { begin(Chore::check, ping, 1); }

void RedisServer::pause(bool paused) {
    if (stream_ == nullptr) return;
    if (paused) {
        stream_->pause_receive();
    } else {
        stream_->resume_receive();
    }
}

RedisSession* RedisServer::receiver() const {
    return relays_ || due_.empty() ? holder_ : due_.front().client;
}

void RedisServer::received(loop::Slice bytes) {
    tenant_.pool->probe().transferred(Side::upstream, Direction::in, bytes.size());
    std::string_view rest = bytes.bytes();
    std::size_t from = 0;  // what lies before is passed on, or thrown away
    ReplyPiece piece;
    while (!closing_) {
        const ReplyScanner::Status status = scanner_.next(rest, piece);
        if (status == ReplyScanner::Status::need_more) return;
        if (status == ReplyScanner::Status::invalid || (due_.empty() && !relays_)) {
            // Before it hangs up a server may say why: that is no disorder.
            if (status == ReplyScanner::Status::piece && piece.type == '-') {
                pool()->server_lost(*this, home_.now());
            } else {
                desync();
            }
            return;
        }
        const std::size_t end = bytes.size() - rest.size();
        RedisSession* const client = receiver();
        if (client == nullptr && chore_ != Chore::none) {
            if (piece.first) chore_reply_.clear();
            const std::size_t room =
                told_of_a_reply - std::min(told_of_a_reply, chore_reply_.size());
            chore_reply_.append(piece.bytes.substr(0, room));
        }
        const bool turn_ends = piece.last && (relays_ || due_.front().replies == 1);
        if (turn_ends || rest.empty()) {
            if (client != nullptr) client->reply(bytes.part(from, end - from));
            from = end;
        }
        if (piece.last && !ended(piece)) return;
    }
}

bool RedisServer::ended(const ReplyPiece& piece) {
    if (relays_) {
        holder_->relayed();
        return true;
    }
    Due& due = due_.front();
    RedisSession* const client = due.client;
    const bool ours = client == nullptr && chore_ != Chore::none && due_.size() == 1;
    if (!ours) {
        telemetry::PoolProbe& probe = tenant_.pool->probe();
        const bool failed = piece.type == '-';
        probe.query_ended(failed ? telemetry::QueryOutcome::error : telemetry::QueryOutcome::ok,
                          home_.now() - due.since);
        if (failed) probe.query_failed({});
        tenant_.pool->tenant_probe().queries.add();
    }
    if (--due.replies == 0) {
        const Due over = due;
        due_.pop_front();
        if (over.parts) pool()->part(*this, over.joined_at, home_.now());
    }
    if (client != nullptr) client->answered(piece.type);
    return !ours || !due_.empty() || chore_done();
}

bool RedisServer::chore_done() {
    chore_ended();
    const Chore done = std::exchange(chore_, Chore::none);
    if (done == Chore::check) {
        pool()->checked(*this, chore_reply_.starts_with("+PONG"), home_.now());
        return !closing_;
    }
    if (!chore_reply_.starts_with("+OK")) {
        pool()->discard(*this, ReapReason::desync, home_.now());
        return false;
    }
    pool()->release(*this, ReleaseResult::reset, home_.now());
    return !closing_;
}

void RedisServer::drained() {
    if (holder_ != nullptr) holder_->server_drained();
    for (RedisSession* client = sharers_.first(); client != nullptr;) {
        RedisSession* const next = sharers_.next(*client);
        client->server_drained();
        client = next;
    }
}

void RedisServer::lost(int /*error*/, bool /*ended_cleanly*/) {
    fail(ReapReason::server_closed,
         redis_error(fmt::format("ERR upstream \"{}\" lost the connection before it answered",
                                 tenant_.pool->settings().upstream)));
}

void RedisServer::fail(ReapReason reason, const std::string& error) {
    // Who has part of a reply can't be told anything any more.
    RedisSession* const torn = scanner_.between_replies() ? nullptr : receiver();
    RedisSession* const holder = std::exchange(holder_, nullptr);
    due_.clear();
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
        due_.clear();
        pool()->discard(*this, ReapReason::leak, home_.now());
        session.reclaimed(reason, sqlstate, message);
        return;
    }
    fail(ReapReason::leak, redis_error("ERR " + message));
}

Session* RedisServer::holder() const {
    if (holder_ != nullptr) return holder_;
    if (!due_.empty() && due_.front().client != nullptr) return due_.front().client;
    return sharers_.first();
}

std::string RedisServer::held_state() const {
    return state() == pool::ServerState::pinned ? std::string(base::word(*pin_reason())) : "held";
}

}  // namespace weir::proxy
