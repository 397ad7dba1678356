// What operators do to a pool, and what they see of it.
#include <algorithm>

#include "pool/pool.h"

namespace weir::pool {

void Pool::reopen() {
    open_ = !paused_ && !disabled_ && !draining_ && settings_.mode != settings::PoolMode::direct;
}

void Pool::pause(Instant now) {
    paused_ = true;
    reopen();
    settle(now);
}

void Pool::resume(Instant now) {
    if (!paused_) return;
    paused_ = false;
    reopen();
    serve_from_idle(now);
    settle(now);
}

void Pool::disable(bool on, Instant now) {
    if (disabled_ == on) return;
    disabled_ = on;
    reopen();
    probe_.tenant_disabled(on ? 1 : -1);
    while (on && !waiters_.empty()) {
        Waiter& waiter = waiters_.front();
        Refusal rejected = refusal(AcquireOutcome::rejected, now - waiter.since_);
        rejected.reason = RejectReason::tenant_disabled;
        refuse(waiter, rejected, now);
    }
    if (keeps_idle_) notice_thin();
}

void Pool::clear(Instant now) { condemn_all(ReapReason::admin, now); }

void Pool::resize(unsigned max_size, Instant now) {
    probe_.sized(std::int64_t{max_size} - std::int64_t{max_size_}, 0);
    max_size_ = max_size;
    tenant_->sized(max_size);
    while (live() > max_size_ && !idle_.empty()) {
        close(idle_.front(), ReapReason::shrink, now);
    }
    settle(now);
}

void Pool::drain(Instant now) {
    draining_ = true;
    reopen();
    settle(now);
}

void Pool::reclaimed(Server&, LeakAction action, Instant) { probe_.leak_reclaimed(action); }

PoolCounts Pool::counts(Instant now) const {
    PoolCounts result;
    result.connecting = counts_[ServerState::connecting];
    result.idle = counts_[ServerState::idle];
    result.checking = counts_[ServerState::checking];
    result.used = counts_[ServerState::used];
    result.pinned = counts_[ServerState::pinned];
    result.resetting = counts_[ServerState::resetting];
    result.cancelling = counts_[ServerState::cancelling];
    result.closing = counts_[ServerState::closing];
    result.waiting = waiting();
    result.leaks = leaks_;
    result.max = max_size_;
    if (!waiters_.empty()) result.oldest_wait = now - waiters_.front().since_;
    result.paused = paused_;
    result.disabled = disabled_;
    return result;
}

void Pool::for_each_server(const std::function<void(Server&)>& visit) const {
    Server* next = nullptr;
    for (Server* server = members_.first(); server != nullptr; server = next) {
        next = members_.next(*server);
        visit(*server);
    }
}

}  // namespace weir::pool
