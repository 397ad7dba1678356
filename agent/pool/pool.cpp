#include "pool/pool.h"

#include <algorithm>
#include <cassert>

namespace weir::pool {
namespace {

constexpr bool in_use(ServerState state) {
    return state == ServerState::used || state == ServerState::pinned;
}

}  // namespace

Pool::Pool(Scope& scope, PoolName name, std::uint64_t number, Instant now)
    : max_size_(scope.settings.max_size),
      last_used_(now),
      validate_after_(scope.settings.validate_after),
      probe_(*scope.probe),
      tenant_(scope.registry.tenants().opened(*scope.desk, name.tenant, now)),
      scope_(scope),
      settings_(scope.settings),
      host_(scope.host),
      account_(scope.group, scope.settings.weight, scope.port, scope.mailbox, number, name.tenant),
      name_(std::move(name)),
      number_(number) {
    open_ = settings_.mode != settings::PoolMode::direct;
    keeps_idle_ = open_ && settings_.min_idle > 0;
    // Key 0 is the template's own account: known before any client came.
    if (!settings_.user.empty()) warm_key_ = 0;
    if (disabled_by(settings_)) disable(true, now);
    tenant_->sized(max_size_);
    probe_.tenant_known(1);
    probe_.sized(max_size_, settings_.min_idle);
    notice_thin();
}

Pool::~Pool() {
    while (Waiter* waiter = waiters_.first()) abandon(*waiter);
    while (Server* server = members_.first()) abandon(*server);
    if (base::ListHook<BlockedTag>::linked()) tell_blame(last_used_);
    if (base::ListHook<StalledTag>::linked()) scope_.stalled.erase(*this);
    if (base::ListHook<ThinTag>::linked()) scope_.thin.erase(*this);
    if (disabled_) probe_.tenant_disabled(-1);
    probe_.tenant_known(-1);
    probe_.sized(-static_cast<std::int64_t>(max_size_),
                 -static_cast<std::int64_t>(settings_.min_idle));
    for (; counts_[ServerState::connecting] > 0; --counts_[ServerState::connecting]) {
        probe_.left(ServerState::connecting, last_used_);
    }
    scope_.gate.budget.close(account_, last_used_);
    scope_.registry.tenants().closed(*scope_.desk, name_.tenant, *tenant_);
}

Acquired Pool::acquire(Waiter& waiter, Instant now) {
    assert(!waiter.waiting());
    last_used_ = now;
    if (open_ && waiters_.empty()) {
        if (waiter.shares) {
            if (Server* const server = packable(waiter.key, now)) {
                join(*server, Duration::zero());
                return {Acquired::Kind::ready, server, {}};
            }
        }
        Server* server = idle_.last();
        if (server != nullptr && server->key_ == waiter.key &&
            (validate_after_.count() == 0 || now - server->since_ <= validate_after_)) {
            left_idle(*server);
            check_out(*server, waiter, ServedSource::idle, Duration::zero(), now);
            return {Acquired::Kind::ready, server, {}};
        }
    }
    return acquire_slowly(waiter, now);
}

Acquired Pool::acquire_slowly(Waiter& waiter, Instant now) {
    dormant_ = false;
    if (draining_ || scope_.draining) return reject(RejectReason::draining);
    if (disabled_) return reject(RejectReason::tenant_disabled);
    Lane& lane = lanes_.of(waiter.key);
    if (!is_dedicated(waiter.key)) warm_key_ = waiter.key;
    Server* idle = lane.waiting == 0 && open_ ? hottest_compatible(waiter.key) : nullptr;
    if (idle != nullptr && fresh(*idle, now)) {
        left_idle(*idle);
        check_out(*idle, waiter, ServedSource::idle, Duration::zero(), now);
        return {Acquired::Kind::ready, idle, {}};
    }
    if (settings_.max_waiting > 0 && waiting() >= settings_.max_waiting) {
        return reject(RejectReason::queue_full);
    }
    if (idle == nullptr && !paused_) {
        if (lane.backoff.count() > 0 && now < lane.retry_at && in_use() == 0) {
            Acquired refused{Acquired::Kind::refused, nullptr,
                             refusal(AcquireOutcome::error, Duration::zero())};
            refused.refusal.failure = lane.failure;
            refused.refusal.sqlstate = lane.sqlstate;
            refused.refusal.message = lane.message;
            probe_.failed(AcquireOutcome::error, Duration::zero());
            count_acquire(AcquireOutcome::error, Duration::zero());
            return refused;
        }
        // When a probe is due somebody must ask for it: whoever comes then waits for it.
        if (!scope_.gate.breaker.would_permit(now)) {
            return reject(RejectReason::breaker_open);
        }
    }
    enqueue(waiter, now);
    asking_ = &waiter;
    settle(now);
    asking_ = nullptr;
    if (!waiter.waiting()) return {Acquired::Kind::ready, joined_, {}};
    return {Acquired::Kind::waiting, nullptr, {}};
}

Acquired Pool::reject(RejectReason reason) {
    probe_.rejected(reason, Duration::zero());
    count_acquire(AcquireOutcome::rejected, Duration::zero());
    Acquired refused{Acquired::Kind::refused, nullptr,
                     refusal(AcquireOutcome::rejected, Duration::zero())};
    refused.refusal.reason = reason;
    return refused;
}

// The one function that changes a state.
void Pool::enter(Server& server, ServerState to, Instant now) {
    const ServerState from = server.state_;
    assert(may_follow(from, to));
    --counts_[from];
    ++counts_[to];
    probe_.changed(from, to, now);
    server.state_ = to;
    server.since_ = now;
    if (from == ServerState::checking) --lanes_.of(server.key_).checking;
    if (to == ServerState::checking) ++lanes_.of(server.key_).checking;
    const bool pin_changed = (from == ServerState::pinned) != (to == ServerState::pinned);
    if (recalls_limited_ && pin_changed) report_recallable(now);
    const int change =
        static_cast<int>(weir::pool::in_use(to)) - static_cast<int>(weir::pool::in_use(from));
    if (change == 0) return;
    const unsigned count = in_use();
    tenant_->used(count);
    if (change > 0 && count == 1) probe_.tenant_active(1);
    if (change < 0 && count == 0) probe_.tenant_active(-1);
}

void Pool::became_idle(Server& server, Instant now) {
    enter(server, ServerState::idle, now);
    idle_.push_back(server);
    account_.idle_count(idle_.size());
    if (idle_.size() == 1) account_.coldest_idle(now);
}

void Pool::left_idle(Server& server) {
    const bool coldest = &idle_.front() == &server;
    idle_.erase(server);
    account_.idle_count(idle_.size());
    if (coldest && !idle_.empty()) account_.coldest_idle(idle_.front().since_);
    if (keeps_idle_) notice_thin();
}

void Pool::check_out(Server& server, const Waiter& waiter, ServedSource source, Duration waited,
                     Instant now) {
    enter(server, ServerState::used, now);
    server.sharers_ = waiter.shares ? 1 : 0;
    server.served_as_ = source;
    server.held_since_ = now;
    server.quiet_ = server.in_transaction_ = false;
    server.working_ = true;
    server.leak_suspected_ = server.limit_told_ = false;
    scope_.held.push_back(server);
    scope_.limits.began(server, now);
    probe_.granted(source, waited);
    count_acquire(AcquireOutcome::ok, waited);
}

void Pool::count_work(Server& server, bool transaction_goes_on, Instant now) {
    const auto nanoseconds = [now](Instant since) {
        return static_cast<std::uint64_t>(std::max(now - since, Duration()).count());
    };
    // A checkout that ends in the turn it began in brought no query.
    if (!server.working_ || now == server.held_since_) return;
    if (!server.quiet_) tenant_->query_took(nanoseconds(server.busy_since_));
    if (transaction_goes_on) return;
    server.working_ = false;
    tenant_->transaction_took(nanoseconds(server.transaction_since_));
}

void Pool::let_go(Server& server) {
    scope_.held.erase(server);
    scope_.limits.ended(server);
    scope_.leaks.busy(server);
    server.quiet_ = false;
    server.sharers_ = 0;
    if (server.leak_suspected_) {
        server.leak_suspected_ = false;
        --leaks_;
        probe_.leak_cleared(server.leak_action_);
    }
    if (server.pin_reason_.has_value()) {
        probe_.unpinned(*server.pin_reason_);
        server.pin_reason_.reset();
    }
}

void Pool::release(Server& server, ReleaseResult result, Instant now) {
    assert(server.pool_ == this && server.sharers_ == 0);
    last_used_ = now;
    if (weir::pool::in_use(server.state_)) {
        count_work(server, false, now);
        let_go(server);
    }
    probe_.released(result, now - server.held_since_);
    // A pinned connection is an ordinary used one again before it goes on.
    if (server.state_ == ServerState::pinned) enter(server, ServerState::used, now);
    available(server, ServedSource::waited, now);
}

void Pool::part(Server& server, Instant since, Instant now) {
    assert(server.pool_ == this && server.sharers_ > 0);
    last_used_ = now;
    probe_.released(ReleaseResult::clean, now - since);
    count_work(server, false, now);
    if (server.sharers_ == 1) {
        let_go(server);
        available(server, ServedSource::waited, now);
        return;
    }
    // Somebody's coming and going for ever is no long use, and no long query.
    --server.sharers_;
    server.held_since_ = now;
    server.working_ = true;
    scope_.held.erase(server);
    scope_.held.push_back(server);
    scope_.limits.ended(server);
    scope_.limits.began(server, now);
}

// A connection is free: it is closed if it has to be, else goes to the oldest waiter, else idle.
void Pool::available(Server& server, ServedSource source, Instant now) {
    if (close_instead(server, now)) {
        settle(now);
        return;
    }
    Waiter* waiter = waiters_.empty() || paused_ ? nullptr : oldest_compatible(server.key_);
    if (waiter == nullptr) {
        became_idle(server, now);
        if (!waiters_.empty() || demand_ > 0) settle(now);
        return;
    }
    const Duration waited = now - waiter->since_;
    dequeue(*waiter);
    check_out(server, *waiter, source, waited, now);
    settle(now);
    host_.grant(*waiter, server);
}

void Pool::discard(Server& server, ReapReason reason, Instant now) {
    assert(server.pool_ == this);
    if (server.state_ == ServerState::closing) return;
    const bool held = server.state_ != ServerState::idle && server.state_ != ServerState::checking;
    if (held) {
        last_used_ = now;
        const unsigned clients = std::max(server.sharers_, 1U);
        if (weir::pool::in_use(server.state_)) {
            count_work(server, false, now);
            let_go(server);
        }
        for (unsigned i = 0; i < clients; ++i) {
            probe_.released(ReleaseResult::broken, now - server.held_since_);
        }
    }
    close(server, reason, now);
    settle(now);
}

void Pool::pin(Server& server, PinReason reason, Instant now) {
    assert(server.sharers_ == 0);
    if (server.state_ == ServerState::used) enter(server, ServerState::pinned, now);
    assert(server.state_ == ServerState::pinned);
    if (server.pin_reason_.has_value()) probe_.unpinned(*server.pin_reason_);
    server.pin_reason_ = reason;
    probe_.pinned(reason);
    if (server.quiet_) scope_.leaks.quiet(server);
    if (owed_ > 0) report_recallable(now);
}

void Pool::unpin(Server& server, Instant now) {
    if (server.state_ != ServerState::pinned) return;
    probe_.unpinned(*server.pin_reason_);
    server.pin_reason_.reset();
    enter(server, ServerState::used, now);
    if (server.quiet_) scope_.leaks.quiet(server);
}

void Pool::begin_reset(Server& server, Instant now) {
    assert(server.sharers_ == 0);
    if (weir::pool::in_use(server.state_)) {
        count_work(server, false, now);
        let_go(server);
    }
    enter(server, ServerState::resetting, now);
}

void Pool::begin_cancel(Server& server, Instant now) {
    if (weir::pool::in_use(server.state_)) {
        count_work(server, false, now);
        let_go(server);
    }
    enter(server, ServerState::cancelling, now);
}

void Pool::quiet(Server& server, bool in_transaction, Instant now) {
    assert(weir::pool::in_use(server.state_));
    count_work(server, in_transaction, now);
    server.quiet_ = true;
    server.in_transaction_ = in_transaction;
    server.quiet_since_ = now;
    scope_.limits.quiet(server);
    scope_.leaks.quiet(server);
}

void Pool::busy(Server& server, Instant now) {
    assert(weir::pool::in_use(server.state_));
    server.quiet_ = false;
    server.working_ = true;
    scope_.limits.busy(server, now);
    scope_.leaks.busy(server);
}

}  // namespace weir::pool
