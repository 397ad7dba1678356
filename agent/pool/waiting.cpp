// The pool's waiters: who is in the queue, who is served, refused or given up, and what telemetry
// is told of why they wait.
#include <algorithm>
#include <cassert>
#include <utility>

#include "pool/pool.h"

namespace weir::pool {
namespace {

// Clients with a command under way on one connection. None waits for more than the replies of
// these.
constexpr unsigned well_shared = 16;

}  // namespace

Waiter::~Waiter() {
    if (pool_ != nullptr) pool_->abandon(*this);
}

void Pool::enqueue(Waiter& waiter, Instant now) {
    waiter.since_ = now;
    waiter.pool_ = this;
    waiters_.push_back(waiter);
    scope_.waiters.push_back(waiter);
    ++lanes_.of(waiter.key).waiting;
    if (paused_) return;
    // An idle connection is here for it, but has to show first that it lives.
    if (Server* server = hottest_compatible(waiter.key)) check(*server, now);
}

void Pool::dequeue(Waiter& waiter) {
    assert(waiter.pool_ == this);
    waiters_.erase(waiter);
    scope_.waiters.erase(waiter);
    --lanes_.of(waiter.key).waiting;
    waiter.pool_ = nullptr;
}

void Pool::abandon(Waiter& waiter) {
    const Instant when = waiter.since_;
    dequeue(waiter);
    recount_waiting(when);
}

Waiter* Pool::oldest_compatible(CompatibilityKey key) const {
    Waiter* waiter = waiters_.first();
    while (waiter != nullptr && waiter->key != key) waiter = waiters_.next(*waiter);
    return waiter;
}

Server* Pool::hottest_compatible(CompatibilityKey key) const {
    for (Server* server = idle_.last(); server != nullptr; server = idle_.previous(*server)) {
        if (server->key_ == key) return server;
    }
    return nullptr;
}

void Pool::check(Server& server, Instant now) {
    left_idle(server);
    enter(server, ServerState::checking, now);
    host_.check(server);
}

void Pool::checked(Server& server, bool alive, Instant now) {
    if (server.state_ != ServerState::checking) return;  // closing by now
    if (alive) {
        available(server, ServedSource::idle, now);
        return;
    }
    close(server, ReapReason::check_failed, now);
    settle(now);
}

// A check has failed: the next idle connection is tried before one is dialed.
void Pool::check_more(Instant now) {
    for (const Lane& lane : lanes_) {
        while (lane.waiting > lane.checking) {
            Server* server = hottest_compatible(lane.key);
            if (server == nullptr) break;
            check(*server, now);
        }
    }
}

// After a pause: whoever waits takes what became idle meanwhile, oldest first.
void Pool::serve_from_idle(Instant now) {
    Waiter* waiter = waiters_.first();
    while (waiter != nullptr && !idle_.empty()) {
        Server* server = hottest_compatible(waiter->key);
        if (server == nullptr) {
            waiter = waiters_.next(*waiter);
            continue;
        }
        if (!fresh(*server, now)) {
            check(*server, now);
            waiter = waiters_.next(*waiter);
            continue;
        }
        left_idle(*server);
        const Duration waited = now - waiter->since_;
        dequeue(*waiter);
        check_out(*server, *waiter, ServedSource::idle, waited, now);
        host_.grant(*waiter, *server);
        waiter = waiters_.first();
    }
}

// The oldest waiters that share join a connection in use; one that many use only where nothing is
// on its way for them. Behind one who wants a connection alone they wait, so that some connection
// comes to be free.
bool Pool::serve_sharers(Instant now) {
    bool served = false;
    for (Waiter* waiter = waiters_.first(); waiter != nullptr && waiter->shares;
         waiter = waiters_.first()) {
        Server* server = packable(waiter->key, now);
        if (server == nullptr) {
            if (lanes_.of(waiter->key).unserved() == 0) break;
            server = joinable(waiter->key, false, now);
        }
        if (server == nullptr) break;
        const Duration waited = now - waiter->since_;
        dequeue(*waiter);
        join(*server, waited);
        served = true;
        if (waiter == asking_) {
            joined_ = server;
        } else {
            host_.grant(*waiter, *server);
        }
    }
    return served;
}

void Pool::join(Server& server, Duration waited) {
    ++server.sharers_;
    probe_.granted(waited.count() > 0 ? ServedSource::waited : ServedSource::idle, waited);
    count_acquire(AcquireOutcome::ok, waited);
}

// A connection in use that takes one more before others are used or made: few busy ones cost a
// server, and us, fewer system calls than many that bring a command at a time.
Server* Pool::packable(CompatibilityKey key, Instant now) {
    if (counts_[ServerState::used] == 0) return nullptr;
    if (packed_ == nullptr || packed_->sharers_ >= well_shared ||
        !takes_sharers(*packed_, key, now)) {
        packed_ = joinable(key, true, now);
    }
    return packed_;
}

// The connection that the most share of those with room for one more, or that the fewest share.
Server* Pool::joinable(CompatibilityKey key, bool roomy, Instant now) const {
    Server* best = nullptr;
    for (Server* server = members_.first(); server != nullptr; server = members_.next(*server)) {
        if (!takes_sharers(*server, key, now) || (roomy && server->sharers_ >= well_shared))
            continue;
        const bool better = best == nullptr || (roomy ? server->sharers_ > best->sharers_
                                                      : server->sharers_ < best->sharers_);
        if (better) best = server;
    }
    return best;
}

// One that has to go, or is owed, takes nobody on.
bool Pool::takes_sharers(const Server& server, CompatibilityKey key, Instant now) const {
    return open_ && owed_ == 0 && server.sharers_ > 0 && server.key_ == key &&
           !must_close(server, now).has_value();
}

void Pool::cancel(Waiter& waiter, Instant now) {
    if (waiter.pool_ != this) return;
    const Duration waited = now - waiter.since_;
    dequeue(waiter);
    probe_.failed(AcquireOutcome::cancelled, waited);
    count_acquire(AcquireOutcome::cancelled, waited);
    settle(now);
}

void Pool::count_acquire(AcquireOutcome outcome, Duration waited) {
    tenant_->acquire_ended(outcome, waited);
}

void Pool::refuse(Waiter& waiter, Refusal refusal, Instant now) {
    dequeue(waiter);
    if (refusal.outcome == AcquireOutcome::rejected) {
        probe_.rejected(refusal.reason, refusal.waited);
    } else {
        probe_.failed(refusal.outcome, refusal.waited);
    }
    count_acquire(refusal.outcome, refusal.waited);
    settle(now);
    host_.refuse(waiter, refusal);
}

void Pool::timed_out(Waiter& waiter, Instant now) {
    refuse(waiter, refusal(AcquireOutcome::timeout, now - waiter.since_), now);
}

// The server refuses this account or database: those who wait for it get its words now.
void Pool::refuse_lane(const Lane& lane, Instant now) {
    const CompatibilityKey key = lane.key;
    Refusal error = refusal(AcquireOutcome::error, Duration::zero());
    error.failure = lane.failure;
    error.sqlstate = lane.sqlstate;
    error.message = lane.message;
    // Those who come while they are told wait for the next try.
    for (std::size_t left = lane.waiting; left > 0; --left) {
        Waiter* waiter = oldest_compatible(key);
        if (waiter == nullptr) return;
        error.waited = now - waiter->since_;
        refuse(*waiter, error, now);
    }
}

Refusal Pool::refusal(AcquireOutcome outcome, Duration waited) const {
    Refusal result;
    result.outcome = outcome;
    result.max = max_size_;
    result.used = in_use();
    result.waiting = waiting();
    result.waited = waited;
    result.cause = told_rest_ > 0 ? told_cause_ : WaitCause::connecting;
    for (Server* server = members_.first(); server != nullptr; server = members_.next(*server)) {
        if (!server->base::ListHook<HeldTag>::linked()) continue;
        if (result.longest_holder == nullptr ||
            server->held_since_ < result.longest_holder->held_since_) {
            result.longest_holder = server;
        }
    }
    return result;
}

// After every event that waiters could feel: get what they lack, tell why they wait.
void Pool::settle(Instant now) {
    if (!waiters_.empty() && !idle_.empty() && !paused_) check_more(now);
    seek(now, false);
    if (serve_sharers(now)) seek(now, false);  // what they no longer lack is not asked for
    recount_waiting(now);
    if (keeps_idle_) notice_thin();
}

WaitCause Pool::cause_of_the_rest() const {
    if (paused_) return WaitCause::paused;
    if (blocked_) return WaitCause::breaker;
    if (stalled_) return WaitCause::connecting;  // between two tries
    return room() == 0 ? WaitCause::pool_full : WaitCause::budget;
}

// Telemetry keeps causes as waiting × time: so many of the pool's waiters have a connection on its
// way, all others lack the same thing.
void Pool::recount_waiting(Instant moment) {
    const Instant now = scope_.blame.moved_on(moment);
    const unsigned before = told_connecting_ + told_rest_;
    unsigned connecting = 0;
    if (!paused_ && !waiters_.empty()) {
        for (const Lane& lane : lanes_) connecting += lane.waiting - lane.unserved();
    }
    const unsigned rest = waiting() - connecting;
    const WaitCause cause = rest == 0 ? told_cause_ : cause_of_the_rest();
    if (connecting == told_connecting_ && rest == told_rest_ && cause == told_cause_) return;
    const bool lacked_token = told_rest_ > 0 && told_cause_ == WaitCause::budget;
    blame(now);
    const auto moved = [&](WaitCause why, unsigned from, unsigned to) {
        if (from != to) {
            probe_.waiting_changed(why, std::int64_t{to} - std::int64_t{from}, now);
        }
    };
    moved(WaitCause::connecting, told_connecting_, connecting);
    if (cause == told_cause_) {
        moved(cause, told_rest_, rest);
    } else {
        moved(told_cause_, told_rest_, 0);
        moved(cause, 0, rest);
    }
    if ((rest > 0) != (told_rest_ > 0)) {
        probe_.saturated(rest > 0, now);
        probe_.tenant_saturated(rest > 0 ? 1 : -1);
    }
    if ((waiting() > 0) != (before > 0)) probe_.tenant_waiting(waiting() > 0 ? 1 : -1);
    tenant_->pending(waiting());
    told_connecting_ = connecting;
    told_rest_ = rest;
    told_cause_ = cause;
    const bool lacks_token = told_rest_ > 0 && told_cause_ == WaitCause::budget;
    if (lacks_token != lacked_token) scope_.blame.lack_of_tokens(lacks_token ? 1 : -1);
    if (lacks_token && !lacked_token) scope_.blame.look(scope_.gate.budget, now);
    if (blocked_by_holders() && !base::ListHook<BlockedTag>::linked()) {
        scope_.blocked.push_back(*this);
    }
}

bool Pool::blocked_by_holders() const { return told_rest_ > 0 && Blame::has_holders(told_cause_); }

// Accounts for the waiting since the last time: it was the same all the while.
void Pool::blame(Instant now) {
    const auto spent =
        std::uint64_t{told_rest_} * static_cast<std::uint64_t>((now - blamed_until_).count());
    blamed_until_ = now;
    if (!blocked_by_holders() || spent == 0) return;
    if (told_cause_ == WaitCause::budget) {
        scope_.blame.spent_on_tokens(name_.tenant, spent, probe_);
        return;
    }
    probe_.blamed(telemetry::Holder::same_tenant, spent);
    spent_on_pool_ += spent;
}

void Pool::tell_blame(Instant now) {
    blame(scope_.blame.moved_on(now));
    scope_.blame.spent_on_pool(name_.tenant, std::exchange(spent_on_pool_, 0));
    if (!blocked_by_holders()) scope_.blocked.erase(*this);
}

}  // namespace weir::pool
