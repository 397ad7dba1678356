#include "proxy/redis_server.h"

#include <fmt/format.h>
#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <utility>

#include "proxy/pool_loop.h"
#include "proxy/redis_errors.h"
#include "proxy/redis_session.h"

namespace weir::proxy {

using pool::ReapReason;
using telemetry::Direction;
using telemetry::Side;
using telemetry::TransactionEnd;
using wire::redis::ReplyPiece;
using wire::redis::ReplyScanner;

namespace {

constexpr std::size_t longest_name = 32;

// The word at its front, which is a kind of error: "ERR" where it can't be told.
std::string_view error_prefix(const ReplyPiece& piece) {
    std::string_view word = piece.first && piece.type == '-' ? piece.bytes.substr(1) : "ERR";
    word = word.substr(0, word.find_first_of(" \r"));
    const bool named =
        !word.empty() && word.size() <= longest_name &&
        std::all_of(word.begin(), word.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
    return named ? word : "ERR";
}

bool is_null(const ReplyPiece& piece) { return piece.first && piece.bytes == "*-1\r\n"; }

}  // namespace

RedisServer::RedisServer(PoolLoop& home, TenantPool& tenant, pool::CompatibilityKey key,
                         upstream::Established established, std::uint32_t id)
    : ServerConnection(home, tenant, key, established, id), resp3_(established.resp3) {
    if (resp3_) home.upstream(tenant).speaks_resp3 = true;
}

RedisServer::~RedisServer() {
    while (sharers_.pop_front() != nullptr) {  // their loop has ended
    }
}

void RedisServer::join(RedisSession& sharer) {
    assert(holder_ == nullptr && chore_ == Chore::none);
    sharers_.push_back(sharer);
}

void RedisServer::hold(RedisSession& holder) {
    assert(holder_ == nullptr && sharers_.empty() && turns_.empty() && chore_ == Chore::none);
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

void RedisServer::expect(RedisSession& client, unsigned replies, bool muted,
                         std::optional<base::Instant> transaction) {
    assert(!relays_);
    const base::Instant now = home_.now();
    if (!turns_.empty()) {
        RedisTurn& last = turns_.back();
        if (last.client == &client && last.since == now && last.muted == muted &&
            !last.transaction) {
            last.replies += replies;
            last.transaction = transaction;
            return;
        }
    }
    turns_.push_back({&client, replies, muted, now, transaction, {}});
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

void RedisServer::part(RedisSession& sharer) {
    sharers_.erase(sharer);
    pool()->part(*this, sharer.joined_at(), home_.now());
}

void RedisServer::pause(bool paused) {
    if (stream_ == nullptr) return;
    if (paused) {
        stream_->pause_receive();
    } else {
        stream_->resume_receive();
    }
}

void RedisServer::relay_everything() {
    assert(holder_ != nullptr && turns_.empty());
    relays_ = true;
    relay_.begin(resp3_);
}

void RedisServer::fence() {
    assert(relays_);
    std::array<unsigned char, 8> random{};
    RAND_bytes(random.data(), random.size());
    stream_->write(relay_.ask(fmt::format("{:02x}", fmt::join(random, ""))));
}

// -- what the server says

void RedisServer::received(loop::Slice bytes) {
    tenant_.pool->probe().transferred(Side::upstream, Direction::in, bytes.size());
    std::string_view rest = bytes.bytes();
    Place place{};
    ReplyPiece piece;
    while (!closing_) {
        place.begin = bytes.size() - rest.size();
        const ReplyScanner::Status status = scanner_.next(rest, piece);
        if (status == ReplyScanner::Status::need_more) return;
        if (status == ReplyScanner::Status::invalid) return desync();
        place.end = bytes.size() - rest.size();
        if (relays_) {
            relay(bytes, piece, place);
        } else if (turns_.empty() || piece.type == '>') {
            return unasked(piece);
        } else {
            take_turn(bytes, piece, place);
        }
    }
}

void RedisServer::unasked(const ReplyPiece& piece) {
    // Before it hangs up a server may say why: that is no disorder.
    if (piece.type == '-') {
        pool()->server_lost(*this, home_.now());
    } else {
        desync();
    }
}

void RedisServer::pass(RedisSession* client, const loop::Slice& bytes, std::size_t from,
                       std::size_t to) {
    if (client != nullptr && to > from) client->reply(bytes.part(from, to - from));
}

// A client's replies that came together go to it together.
void RedisServer::take_turn(const loop::Slice& bytes, const ReplyPiece& piece, Place& place) {
    const RedisTurn& turn = turns_.front();
    if (chore_ != Chore::none && turns_.size() == 1) note_chore_reply(piece);
    if ((piece.last && turn.replies == 1) || place.end == bytes.size()) {
        pass(turn.muted ? nullptr : turn.client, bytes, place.from, place.end);
        place.from = place.end;
    }
    // Who can't take so much has left meanwhile.
    if (piece.last && !closing_) turn_ended(piece);
}

void RedisServer::turn_ended(const ReplyPiece& piece) {
    RedisTurn& turn = turns_.front();
    RedisSession* const client = turn.client;
    const bool ours = client == nullptr && chore_ != Chore::none && turns_.size() == 1;
    if (!ours) count(turn, piece);
    const base::Duration took = home_.now() - turn.since;
    const std::string_view error = !ours && (piece.type == '-' || piece.type == '!')
                                       ? error_prefix(piece)
                                       : std::string_view();
    if (--turn.replies == 0) {
        const std::optional<base::Instant> parts = turn.parts;
        turns_.pop_front();
        if (parts) pool()->part(*this, *parts, home_.now());
    }
    if (client != nullptr) client->answered(piece.type, error, took);
    if (ours && turns_.empty()) chore_done();
}

void RedisServer::count(const RedisTurn& turn, const ReplyPiece& piece) {
    telemetry::PoolProbe& probe = tenant_.pool->probe();
    const bool failed = piece.type == '-' || piece.type == '!';
    probe.query_ended(failed ? telemetry::QueryOutcome::error : telemetry::QueryOutcome::ok,
                      home_.now() - turn.since);
    if (failed) probe.query_failed({});
    tenant_.pool->tenant_probe().query_ended();
    if (turn.transaction && turn.replies == 1) {
        const bool done = piece.type == '*' && !is_null(piece);
        probe.transaction_ended(done ? TransactionEnd::commit : TransactionEnd::rollback,
                                home_.now() - *turn.transaction);
    }
}

void RedisServer::relay(const loop::Slice& bytes, const ReplyPiece& piece, Place& place) {
    const RedisRelay::Seen seen = relay_.see(piece);
    if (chore_ != Chore::none && piece.first && piece.bytes.starts_with("-NOPERM")) refused_ = true;
    if (seen == RedisRelay::Seen::passes) {
        if (place.end == bytes.size()) pass(holder_, bytes, place.from, place.end);
    } else {
        pass(holder_, bytes, place.from, place.begin);
        place.from = seen == RedisRelay::Seen::was_not ? place.begin : place.end;
        if (seen == RedisRelay::Seen::was_not && holder_ != nullptr) holder_->say(relay_.kept());
        if (seen == RedisRelay::Seen::was_not && place.end == bytes.size()) {
            pass(holder_, bytes, place.from, place.end);
        }
    }
    if (!piece.last) return;
    if (seen == RedisRelay::Seen::ours && chore_ != Chore::none) {
        relay_cleaned();
    } else if (holder_ != nullptr && seen == RedisRelay::Seen::ours) {
        holder_->fence_reached();
    } else if (holder_ != nullptr) {
        holder_->relayed();
    }
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
    home_.upstream(tenant_).speaks_resp3 = false;  // another server may stand there now
    fail(ReapReason::server_closed,
         redis_error(fmt::format("ERR upstream \"{}\" lost the connection before it answered",
                                 tenant_.pool->settings().upstream)));
}

Session* RedisServer::holder() const {
    if (holder_ != nullptr) return holder_;
    if (RedisSession* const next = turns_.next()) return next;
    return sharers_.first();
}

std::string RedisServer::held_state() const {
    return state() == pool::ServerState::pinned ? std::string(base::word(*pin_reason())) : "held";
}

}  // namespace weir::proxy
