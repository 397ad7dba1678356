#include "telemetry/pool_probe.h"

#include <cassert>

namespace weir::telemetry {

void PoolProbe::failed(AcquireOutcome outcome, Duration waited) {
    assert(outcome != AcquireOutcome::ok && outcome != AcquireOutcome::rejected);
    acquires_[outcome].add();
    wait_failed_.observe(waited);
}

void PoolProbe::rejected(RejectReason reason, Duration waited) {
    acquires_[AcquireOutcome::rejected].add();
    rejections_[reason].add();
    wait_failed_.observe(waited);
}

void PoolProbe::pinned(PinReason reason) {
    pinned_[reason].add(1);
    pins_[reason].add();
}

void PoolProbe::unpinned(PinReason reason) { pinned_[reason].add(-1); }

void PoolProbe::created(Duration took) {
    creates_.add();
    create_time_.observe(took);
}

void PoolProbe::create_failed(CreateFailure reason) { create_failures_[reason].add(); }

void PoolProbe::reaped(ReapReason reason, Duration age) {
    reaps_[reason].add();
    age_.observe(age);
}

void PoolProbe::entered(ServerState to, Instant now) {
    states_[to].add(1);
    use_changed(in_use(to), now);
}

void PoolProbe::left(ServerState from, Instant now) {
    states_[from].add(-1);
    use_changed(-in_use(from), now);
}

void PoolProbe::ticked(Instant now, Duration oldest_wait, Duration oldest_use,
                       Duration oldest_idle_in_transaction) {
    in_use_.advanced(now);
    saturated_.advanced(now);
    for (Integral& cause : waiting_.values) cause.advanced(now);
    trough_.ticked(now, in_use_.level());
    oldest_wait_.set(oldest_wait.count());
    oldest_use_.set(oldest_use.count());
    oldest_idle_in_transaction_.set(oldest_idle_in_transaction.count());
}

void PoolProbe::leak_suspected(LeakAction action) {
    leaks_now_[action].add(1);
    leaks_suspected_[action].add();
}

void PoolProbe::leak_reclaimed(LeakAction action) { leaks_reclaimed_[action].add(); }

void PoolProbe::leak_cleared(LeakAction action) { leaks_now_[action].add(-1); }

void PoolProbe::query_failed(std::string_view sqlstate) {
    query_errors_[sqlstate_class(sqlstate)].add();
}

void PoolProbe::sized(std::int64_t max_change, std::int64_t min_idle_change) {
    max_.add(max_change);
    min_idle_.add(min_idle_change);
}

std::int64_t PoolProbe::pending() const {
    std::int64_t all = 0;
    for (const Integral& cause : waiting_.values) all += cause.level();
    return all;
}

}  // namespace weir::telemetry
