// Which connections go, when and why; and what operators want done with them.
#include <algorithm>
#include <cassert>

#include "pool/pool.h"

namespace weir::pool {

Server::~Server() {
    if (pool_ != nullptr) pool_->abandon(*this);
}

// A free connection that is closed instead of going to a waiter or becoming idle.
bool Pool::close_instead(Server& server, Instant now) {
    if (const std::optional<ReapReason> reason = must_close(server, now)) {
        close(server, *reason, now);
        return true;
    }
    if (owed_ > 0 && now - server.created_ >= quantum_ && surrender(server, now)) return true;
    if (starves_another_key(server, now)) {
        close(server, ReapReason::stolen, now);
        return true;
    }
    return false;
}

std::optional<ReapReason> Pool::must_close(const Server& server, Instant now) const {
    if (server.condemned_.has_value()) return server.condemned_;
    if (live() > max_size_) return ReapReason::shrink;
    if (settings_.max_lifetime.count() > 0 && now >= server.expires_) {
        return ReapReason::max_lifetime;
    }
    if (settings_.mode == settings::PoolMode::direct || is_dedicated(server.key_)) {
        // A fresh connection for each client, and never a second one.
        const bool taken = server.state_ == ServerState::connecting && !paused_ &&
                           oldest_compatible(server.key_) != nullptr;
        if (!taken) return ReapReason::idle;
    }
    return std::nullopt;
}

// Hand-off among the clients of one key could go on for ever: after a quantum the pool's oldest
// waiter gets a connection of its own key instead.
bool Pool::starves_another_key(const Server& server, Instant now) {
    const Waiter* oldest = waiters_.first();
    if (oldest == nullptr || oldest->key == server.key_ || paused_) return false;
    if (counts_[ServerState::closing] > 0 || (room() > 0 && demand_ == 0)) return false;
    const Lane& lane = lanes_.of(oldest->key);
    if (lane.unserved() == 0 || now < lane.retry_at || stalled_) return false;
    return now - oldest->since_ >= std::max<Duration>(quantum_, std::chrono::milliseconds(50));
}

bool Pool::surrender(Server& server, Instant now) {
    if (!scope_.gate.budget.surrender(account_, now)) {
        owed_ = 0;  // the recall was cancelled meanwhile
        return false;
    }
    --owed_;
    close_now(server, ReapReason::stolen, now);
    return true;
}

void Pool::close(Server& server, ReapReason reason, Instant now) {
    scope_.gate.budget.closing(account_, now);
    if (owed_ > 0) --owed_;  // whatever the reason, it pays
    close_now(server, reason, now);
}

void Pool::close_now(Server& server, ReapReason reason, Instant now) {
    if (server.state_ == ServerState::idle) left_idle(server);
    unschedule(server);
    enter(server, ServerState::closing, now);
    probe_.reaped(reason, now - server.created_);
    host_.close(server, reason);
}

void Pool::closed(Server& server, Instant now) {
    assert(server.pool_ == this && server.state_ == ServerState::closing);
    abandon(server);
    scope_.gate.budget.closed(account_, now);
    settle(now);
}

// Out of all lists and counts; the budget is not told.
void Pool::abandon(Server& server) {
    if (server.base::ListHook<HeldTag>::linked()) let_go(server);
    if (server.base::ListHook<IdleTag>::linked()) idle_.erase(server);
    unschedule(server);
    members_.erase(server);
    if (packed_ == &server) packed_ = nullptr;
    probe_.left(server.state_, std::max(server.since_, last_used_));
    if (server.state_ == ServerState::checking) --lanes_.of(server.key_).checking;
    const unsigned before = in_use();
    --counts_[server.state_];
    --size_;
    tenant_->used(in_use());
    if (before > 0 && in_use() == 0) probe_.tenant_active(-1);
    server.pool_ = nullptr;
}

void Pool::server_lost(Server& server, Instant now) {
    discard(server, ReapReason::server_closed, now);
}

void Pool::outdated(Server& server, Instant now) {
    if (!server.condemned_.has_value()) condemn_all(ReapReason::check_failed, now);
}

void Pool::condemn_all(ReapReason reason, Instant now) {
    cleared_at_ = now;
    cleared_for_ = reason;
    for (Server* server = members_.first(); server != nullptr; server = members_.next(*server)) {
        if (server->state_ != ServerState::closing) server->condemned_ = reason;
    }
    while (!idle_.empty()) close(idle_.front(), reason, now);
    settle(now);
}

void Pool::pay_with_idle(Instant now) {
    while (owed_ > 0 && !idle_.empty()) {
        if (!surrender(idle_.front(), now)) return;
    }
}

// Its lifetime is drawn once: up to 10 % less than the longest, so that connections made together
// do not all end together. splitmix64.
void Pool::begin_life(Server& server, Instant now) {
    scope_.random += 0x9e3779b97f4a7c15U;
    std::uint64_t z = scope_.random;
    z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
    z ^= z >> 31U;
    const double jitter = 0.1 * static_cast<double>(z >> 11U) / static_cast<double>(1ULL << 53U);
    const Duration lifetime = settings_.max_lifetime;
    server.expires_ =
        now + lifetime -
        Duration(static_cast<std::int64_t>(static_cast<double>(lifetime.count()) * jitter));
    put_off(server, now);
}

void Pool::schedule(Server& server, Instant at) {
    unschedule(server);
    server.due_ = at;
    server.scheduled_ = true;
    scope_.agenda.emplace(at, &server);
}

void Pool::unschedule(Server& server) {
    if (server.scheduled_) scope_.agenda.erase({server.due_, &server});
    server.scheduled_ = false;
}

// The next moment at which it could have to go, as far as can be known now.
void Pool::put_off(Server& server, Instant now) {
    Instant at = Instant::max();
    if (const Duration limit = settings_.idle_timeout; limit.count() > 0) {
        at = now + limit;
        if (server.state_ == ServerState::idle && server.since_ + limit > now) {
            at = server.since_ + limit;
        }
    }
    if (settings_.max_lifetime.count() > 0 && server.expires_ > now) {
        at = std::min(at, server.expires_);
    }
    if (at != Instant::max()) schedule(server, at);
}

void Pool::due(Server& server, Instant now) {
    assert(!server.scheduled_);
    if (server.state_ == ServerState::idle) {
        if (settings_.max_lifetime.count() > 0 && now >= server.expires_) {
            close(server, ReapReason::max_lifetime, now);
            settle(now);
            return;
        }
        const bool long_enough =
            settings_.idle_timeout.count() > 0 && now - server.since_ >= settings_.idle_timeout;
        if (long_enough && idle_.size() > settings_.min_idle) {
            Server& coldest = idle_.front();
            if (&coldest != &server) schedule(server, now);  // its turn is next
            close(coldest, ReapReason::idle, now);
            settle(now);
            return;
        }
    }
    put_off(server, now);
}

void Pool::retire(Instant now) {
    dormant_ = true;
    while (!idle_.empty()) close(idle_.front(), ReapReason::idle, now);
}

bool Pool::unused_since(Instant moment) const {
    return in_use() == 0 && waiters_.empty() && last_used_ <= moment &&
           counts_[ServerState::resetting] == 0 && counts_[ServerState::cancelling] == 0;
}

bool Pool::empty() const { return size_ == 0 && waiters_.empty() && demand_ == 0; }

}  // namespace weir::pool
