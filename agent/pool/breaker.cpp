#include "pool/breaker.h"

#include <algorithm>

namespace weir::pool {

using telemetry::BreakerState;

Breaker::Breaker(const settings::BreakerLimits& limits,
                 std::shared_ptr<telemetry::UpstreamProbe> probe)
    : probe_(std::move(probe)), limits_(limits), open_for_(limits.open_for) {}

bool Breaker::would_permit(base::Instant now) const {
    if (closed()) return true;
    const std::scoped_lock lock(mutex_);
    if (state_ == BreakerState::half_open) return false;
    return state_ == BreakerState::closed || now >= probe_at_;
}

bool Breaker::permit(base::Instant now) {
    const std::scoped_lock lock(mutex_);
    if (state_ == BreakerState::closed) return true;
    if (state_ == BreakerState::half_open || now < probe_at_) return false;
    enter(BreakerState::half_open);
    return true;
}

void Breaker::reached(base::Instant) {
    const std::scoped_lock lock(mutex_);
    failures_ = 0;
    open_for_ = limits_.open_for;
    probe_->reachable(true);
    if (state_ != BreakerState::closed) enter(BreakerState::closed);
}

void Breaker::failed(base::Instant now) {
    const std::scoped_lock lock(mutex_);
    probe_->reachable(false);
    ++failures_;
    if (state_ == BreakerState::half_open) {
        open_for_ = std::min<base::Duration>(open_for_ * 2, limits_.max_open_for);
        open(now);
    } else if (state_ == BreakerState::closed && limits_.failures > 0 &&
               failures_ >= limits_.failures) {
        open(now);
    }
    // A dial begun before it opened says nothing new about an open one.
}

void Breaker::withdrawn(base::Instant now) {
    const std::scoped_lock lock(mutex_);
    if (state_ != BreakerState::half_open) return;
    enter(BreakerState::open);
    probe_at_ = now;
}

void Breaker::reconfigure(const settings::BreakerLimits& limits) {
    const std::scoped_lock lock(mutex_);
    limits_ = limits;
    open_for_ = std::clamp<base::Duration>(open_for_, limits.open_for,
                                           std::max(limits.open_for, limits.max_open_for));
}

void Breaker::forget() {
    const std::scoped_lock lock(mutex_);
    failures_ = 0;
    open_for_ = limits_.open_for;
    if (state_ != BreakerState::closed) enter(BreakerState::closed);
}

BreakerState Breaker::state() const {
    const std::scoped_lock lock(mutex_);
    return state_;
}

void Breaker::open(base::Instant now) {
    enter(BreakerState::open);
    probe_at_ = now + open_for_;
}

void Breaker::enter(BreakerState to) {
    state_ = to;
    closed_.store(to == BreakerState::closed, std::memory_order_relaxed);
    probe_->breaker_entered(to);
}

}  // namespace weir::pool
