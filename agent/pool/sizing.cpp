// How many connections a pool has: asks the budget for tokens, dials with them for the oldest
// waiter who lacks one, keeps min_idle, and backs off where dialing fails.
#include <algorithm>
#include <cassert>
#include <limits>

#include "pool/pool.h"

namespace weir::pool {
namespace {

constexpr Duration first_retry = std::chrono::milliseconds(100);
constexpr Duration longest_retry = std::chrono::seconds(1);

}  // namespace

// Registers with the budget what the waiters lack and dials with what it gives. `ask`: also when
// nothing has changed, because the budget has news.
void Pool::seek(Instant now, bool ask) {
    if (waiters_.empty() && demand_ == 0 && !ask) {
        stall(false);
        return;
    }
    unsigned unserved = 0, allowed = 0;
    if (!paused_) {
        for (const Lane& lane : lanes_) {
            unserved += lane.unserved();
            if (lane.backoff.count() == 0 || now >= lane.retry_at) allowed += lane.unserved();
        }
    }
    blocked_ = allowed > 0 && !scope_.gate.breaker.would_permit(now);
    if (blocked_ || now < retry_at_) allowed = 0;
    // A breaker that is not closed lets one dial through, to see.
    if (allowed > 1 && !scope_.gate.breaker.closed()) allowed = 1;
    stall(allowed < unserved);

    const unsigned wanted = std::min(allowed, room());
    if (wanted != demand_ || ask) {
        const Budget::Answer answer = scope_.gate.budget.want(account_, wanted, now);
        demand_ = wanted - answer.tokens;
        owed_ = answer.owed;
        quantum_ = answer.quantum;
        spend(answer, now);
    }
    if (!idle_.empty() && allowed > 0 && scope_.gate.breaker.closed()) replace_incompatible(now);
}

void Pool::stall(bool is) {
    stalled_ = is;
    const bool listed = base::ListHook<StalledTag>::linked();
    if (is && !listed) scope_.stalled.push_back(*this);
    if (!is && listed) scope_.stalled.erase(*this);
}

void Pool::spend(Budget::Answer answer, Instant now) {
    for (; answer.tokens > 0; --answer.tokens) {
        Lane* lane = lane_to_dial(now);
        if (lane == nullptr || !scope_.gate.breaker.permit(now)) {
            scope_.gate.budget.return_unused(account_, now);
            if (lane != nullptr) {
                blocked_ = true;
                stall(true);
            }
            continue;
        }
        if (answer.stolen > 0) {
            --answer.stolen;
            ++stolen_dials_;
        }
        dial(*lane, now);
    }
}

// The lane of the oldest waiter for whom no connection is on its way.
Lane* Pool::lane_to_dial(Instant now) {
    for (Waiter* waiter = waiters_.first(); waiter != nullptr; waiter = waiters_.next(*waiter)) {
        Lane& lane = lanes_.of(waiter->key);
        if (lane.unserved() > 0 && (lane.backoff.count() == 0 || now >= lane.retry_at))
            return &lane;
    }
    return nullptr;
}

void Pool::dial(Lane& lane, Instant now) {
    assert(size_ < max_size_);
    ++lane.dialing;
    ++size_;
    ++counts_[ServerState::connecting];
    probe_.entered(ServerState::connecting, now);
    host_.dial(*this, lane.key);
}

// Idle connections beside waiters are of other keys: with no size or token left for a new one, as
// many are closed as waiters lack, less those that are going already.
void Pool::replace_incompatible(Instant now) {
    unsigned lacking = 0;
    for (const Lane& lane : lanes_) {
        if (lane.backoff.count() == 0 || now >= lane.retry_at) lacking += lane.unserved();
    }
    while (lacking > counts_[ServerState::closing] && !idle_.empty()) {
        close(idle_.front(), ReapReason::stolen, now);
    }
}

void Pool::dialed(Server& server, CompatibilityKey key, Duration took, Instant now) {
    assert(server.state_ == ServerState::connecting && server.pool_ == nullptr);
    server.pool_ = this;
    server.key_ = key;
    server.created_ = server.since_ = now;
    members_.push_back(server);
    Lane& lane = lanes_.of(key);
    assert(lane.dialing > 0);
    --lane.dialing;
    lane.reached();
    retry_at_ = {};
    retry_backoff_ = {};
    if (now - took < cleared_at_) server.condemned_ = cleared_for_;
    scope_.gate.budget.dialed(account_, took, now);
    scope_.gate.breaker.reached(now);
    probe_.created(took);
    begin_life(server, now);
    const bool stolen = stolen_dials_ > 0;
    if (stolen) --stolen_dials_;
    available(server, stolen ? ServedSource::stolen : ServedSource::created, now);
}

// … without a connection.
void Pool::dial_ended(CompatibilityKey key, Instant now) {
    Lane& lane = lanes_.of(key);
    assert(lane.dialing > 0);
    --lane.dialing;
    --size_;
    --counts_[ServerState::connecting];
    stolen_dials_ = std::min(stolen_dials_, counts_[ServerState::connecting]);
    probe_.left(ServerState::connecting, now);
}

void Pool::dial_failed(CompatibilityKey key, CreateFailure failure, std::string sqlstate,
                       std::string message, Instant now) {
    dial_ended(key, now);
    Lane& lane = lanes_.of(key);
    probe_.create_failed(failure);
    switch (failure) {
        case CreateFailure::auth:
        case CreateFailure::database:
            // The server is well; it is this account or database that it will not serve.
            scope_.gate.breaker.reached(now);
            lane.refused(failure, std::move(sqlstate), std::move(message), now);
            scope_.gate.budget.dial_failed(account_, now);
            refuse_lane(lane, now);
            break;
        case CreateFailure::too_many:
            scope_.gate.breaker.reached(now);
            back_off(now);
            scope_.gate.budget.too_many(account_, now);
            break;
        default:
            scope_.gate.breaker.failed(now);
            back_off(now);
            scope_.gate.budget.dial_failed(account_, now);
            break;
    }
    settle(now);
}

void Pool::back_off(Instant now) {
    retry_backoff_ =
        retry_backoff_.count() == 0 ? first_retry : std::min(retry_backoff_ * 2, longest_retry);
    retry_at_ = now + retry_backoff_;
}

void Pool::budget_moved(Instant now) {
    seek(now, true);
    pay_with_idle(now);
    if (owed_ > 0 && counts_[ServerState::pinned] > 0) report_recallable(now);
    recount_waiting(now);
}

// Pinned connections are never recalled: the budget is told how many are left to choose from, so
// that it asks elsewhere for what this pool can't give.
void Pool::report_recallable(Instant now) {
    const unsigned pinned = counts_[ServerState::pinned];
    const unsigned recallable = live() - counts_[ServerState::connecting] - pinned;
    if (pinned > 0 && recallable >= owed_ && !recalls_limited_) return;
    recalls_limited_ = pinned > 0;
    owed_ = std::min(owed_, recallable);
    scope_.gate.budget.limit_recalls(
        account_, recalls_limited_ ? recallable : std::numeric_limits<unsigned>::max(), now);
}

// Idle connections, those on their way to it included, that nobody waits for.
unsigned Pool::spare() const {
    const unsigned coming = static_cast<unsigned>(idle_.size()) + counts_[ServerState::checking] +
                            counts_[ServerState::connecting];
    return coming > waiting() ? coming - waiting() : 0;
}

void Pool::notice_thin() {
    if (spare() >= settings_.min_idle || dormant_ || draining_ || disabled_) return;
    if (!base::ListHook<ThinTag>::linked()) scope_.thin.push_back(*this);
}

// Up to min_idle, with free tokens only. Leaves the list when there is nothing more to do here.
bool Pool::warm(Instant now) {
    assert(base::ListHook<ThinTag>::linked());
    const auto done = [this] {
        scope_.thin.erase(*this);
        return true;
    };
    if (dormant_ || draining_ || disabled_ || !warm_key_.has_value()) return done();
    Lane& lane = lanes_.of(*warm_key_);
    if (!scope_.gate.breaker.closed() || now < retry_at_ || now < lane.retry_at) return true;
    for (;;) {
        if (room() == 0 || spare() >= settings_.min_idle) return done();
        if (!scope_.gate.budget.take_free(account_, now)) return false;
        if (!scope_.gate.breaker.permit(now)) {
            scope_.gate.budget.return_unused(account_, now);
            return true;
        }
        dial(lane, now);
    }
}

}  // namespace weir::pool
