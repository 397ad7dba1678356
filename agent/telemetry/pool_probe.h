// The pool's part of telemetry: every acquire, release, wait and reap of one template on one loop.
// Written by the template's pools on their home loop, read by scrapes on any thread. Verbs on the
// way of a query are inline: a few plain stores each.
#pragma once

#include <array>
#include <string_view>

#include "base/clock.h"
#include "telemetry/buckets.h"
#include "telemetry/cell.h"
#include "telemetry/histogram.h"
#include "telemetry/integral.h"
#include "telemetry/sqlstate_class.h"
#include "telemetry/trough.h"
#include "telemetry/vocabulary.h"

namespace weir::telemetry {

using base::Duration;
using base::Instant;

class alignas(64) PoolProbe {
  public:
    // -- told by the pool and the session
    // An acquire ended. `waited` is from the request to the grant or the refusal.
    void granted(ServedSource source, Duration waited) {
        acquires_[AcquireOutcome::ok].add();
        served_[source].add();
        wait_ok_.observe(waited);
    }
    void failed(AcquireOutcome outcome, Duration waited);  // timeout, cancelled or error
    void rejected(RejectReason reason, Duration waited);   // outcome "rejected"
    // A connection came back after `used`, however it came back.
    void released(ReleaseResult result, Duration used) {
        releases_[result].add();
        use_.observe(used);
    }
    void pinned(PinReason reason);
    void unpinned(PinReason reason);

    void created(Duration took);
    void create_failed(CreateFailure reason);
    void reaped(ReapReason reason, Duration age);
    // A connection entered, changed or left a state; `now` advances the integrals first.
    void entered(ServerState to, Instant now);
    void changed(ServerState from, ServerState to, Instant now) {
        states_[from].add(-1);
        states_[to].add(1);
        use_changed(in_use(to) - in_use(from), now);
    }
    void left(ServerState from, Instant now);

    void wait_began(WaitCause cause, Instant now) { waiting_[cause].changed(1, now); }
    void wait_cause_changed(WaitCause from, WaitCause to, Instant now) {
        waiting_[from].changed(-1, now);
        waiting_[to].changed(1, now);
    }
    void wait_ended(WaitCause cause, Instant now) { waiting_[cause].changed(-1, now); }
    // A tenant's pool became, or is no longer, saturated: somebody waits and nothing can be
    // granted.
    void saturated(bool is, Instant now) { saturated_.changed(is ? 1 : -1, now); }
    // So many more (or fewer) wait for this cause: a pool's waiters all at once.
    void waiting_changed(WaitCause cause, std::int64_t by, Instant now) {
        waiting_[cause].changed(by, now);
    }
    // So much waiting was spent on connections that this holder used.
    void blamed(Holder holder, std::uint64_t nanoseconds) { blocked_[holder].add(nanoseconds); }
    // Advances the integrals and tells the oldest of this template on this loop; zero when none.
    void ticked(Instant now, Duration oldest_wait, Duration oldest_use,
                Duration oldest_idle_in_transaction);

    // The gauge goes up when suspected and down when cleared; reclaimed only counts.
    void leak_suspected(LeakAction action);
    void leak_reclaimed(LeakAction action);
    void leak_cleared(LeakAction action);  // no longer held: the gauge goes down

    void query_ended(QueryOutcome outcome, Duration took) {
        queries_[outcome].add();
        query_time_.observe(took);
    }
    void query_failed(std::string_view sqlstate);  // class from an allow-list, the rest "other"
    void transaction_ended(TransactionEnd end, Duration took) {
        transactions_[end].add();
        transaction_time_.observe(took);
    }
    void transferred(Side side, Direction direction, std::uint64_t bytes) {
        bytes_[side][direction].add(bytes);
    }
    void settings_replayed() { settings_replayed_.add(); }
    // A client used a shared prepared statement that its connection had, or had not.
    void statement_used(bool hit) { statement_uses_[hit ? 0 : 1].add(); }
    void statement_evicted() { statement_evictions_.add(); }
    void statements_kept(std::int64_t change) { statements_.add(change); }
    void desynced() { desyncs_.add(); }

    void tenant_known(int change) { tenants_[TenantState::known].add(change); }
    void tenant_active(int change) { tenants_[TenantState::active].add(change); }
    void tenant_waiting(int change) { tenants_[TenantState::waiting].add(change); }
    void tenant_saturated(int change) { tenants_[TenantState::saturated].add(change); }
    void tenant_disabled(int change) { tenants_[TenantState::disabled].add(change); }
    // A tenant's pool came (+max_size, +min_idle), went (both negative) or was resized.
    void sized(std::int64_t max_change, std::int64_t min_idle_change);

    // -- read by scrapes; numbers of this template on this loop
    [[nodiscard]] std::uint64_t acquires(AcquireOutcome o) const { return acquires_[o].read(); }
    [[nodiscard]] std::uint64_t rejections(RejectReason r) const { return rejections_[r].read(); }
    [[nodiscard]] std::uint64_t served(ServedSource s) const { return served_[s].read(); }
    [[nodiscard]] const Histogram<wait_bounds>& wait_ok() const { return wait_ok_; }
    [[nodiscard]] const Histogram<wait_bounds>& wait_failed() const { return wait_failed_; }
    [[nodiscard]] std::uint64_t releases(ReleaseResult r) const { return releases_[r].read(); }
    [[nodiscard]] const Histogram<use_bounds>& use() const { return use_; }
    [[nodiscard]] std::int64_t pinned_connections(PinReason r) const { return pinned_[r].read(); }
    [[nodiscard]] std::uint64_t pins(PinReason r) const { return pins_[r].read(); }
    [[nodiscard]] std::uint64_t creates() const { return creates_.read(); }
    [[nodiscard]] std::uint64_t create_failures(CreateFailure r) const {
        return create_failures_[r].read();
    }
    [[nodiscard]] const Histogram<create_bounds>& create_time() const { return create_time_; }
    [[nodiscard]] std::uint64_t reaps(ReapReason r) const { return reaps_[r].read(); }
    [[nodiscard]] const Histogram<age_bounds>& age_at_close() const { return age_; }
    [[nodiscard]] std::int64_t connections(ServerState s) const { return states_[s].read(); }
    [[nodiscard]] std::int64_t connections_in_use() const { return in_use_.level(); }
    [[nodiscard]] std::uint64_t use_nanoseconds() const { return in_use_.total_nanoseconds(); }
    [[nodiscard]] std::int64_t use_trough() const { return trough_.least(); }
    [[nodiscard]] std::int64_t max_connections() const { return max_.read(); }
    [[nodiscard]] std::int64_t min_idle_connections() const { return min_idle_.read(); }
    [[nodiscard]] std::int64_t pending() const;
    [[nodiscard]] std::int64_t pending(WaitCause c) const { return waiting_[c].level(); }
    [[nodiscard]] std::uint64_t wait_nanoseconds(WaitCause c) const {
        return waiting_[c].total_nanoseconds();
    }
    [[nodiscard]] std::uint64_t saturated_nanoseconds() const {
        return saturated_.total_nanoseconds();
    }
    [[nodiscard]] std::uint64_t blocked_nanoseconds(Holder h) const { return blocked_[h].read(); }
    [[nodiscard]] Duration oldest_wait() const { return Duration(oldest_wait_.read()); }
    [[nodiscard]] Duration oldest_use() const { return Duration(oldest_use_.read()); }
    [[nodiscard]] Duration oldest_idle_in_transaction() const {
        return Duration(oldest_idle_in_transaction_.read());
    }
    [[nodiscard]] std::int64_t leaks_now(LeakAction a) const { return leaks_now_[a].read(); }
    [[nodiscard]] std::uint64_t leaks_suspected(LeakAction a) const {
        return leaks_suspected_[a].read();
    }
    [[nodiscard]] std::uint64_t leaks_reclaimed(LeakAction a) const {
        return leaks_reclaimed_[a].read();
    }
    [[nodiscard]] std::uint64_t queries(QueryOutcome o) const { return queries_[o].read(); }
    // `index` as in sqlstate_classes.
    [[nodiscard]] std::uint64_t query_errors(std::size_t index) const {
        return query_errors_[index].read();
    }
    [[nodiscard]] const Histogram<query_bounds>& query_time() const { return query_time_; }
    [[nodiscard]] std::uint64_t transactions(TransactionEnd e) const {
        return transactions_[e].read();
    }
    [[nodiscard]] const Histogram<query_bounds>& transaction_time() const {
        return transaction_time_;
    }
    [[nodiscard]] std::uint64_t bytes(Side s, Direction d) const { return bytes_[s][d].read(); }
    [[nodiscard]] std::uint64_t settings_replayed_count() const {
        return settings_replayed_.read();
    }
    [[nodiscard]] std::uint64_t statement_hits() const { return statement_uses_[0].read(); }
    [[nodiscard]] std::uint64_t statement_misses() const { return statement_uses_[1].read(); }
    [[nodiscard]] std::uint64_t statement_evictions() const { return statement_evictions_.read(); }
    [[nodiscard]] std::int64_t statements() const { return statements_.read(); }
    [[nodiscard]] std::uint64_t desyncs() const { return desyncs_.read(); }
    [[nodiscard]] std::int64_t tenants(TenantState s) const { return tenants_[s].read(); }

  private:
    static constexpr std::int64_t in_use(ServerState s) {
        return s == ServerState::used || s == ServerState::pinned ? 1 : 0;
    }
    void use_changed(std::int64_t by, Instant now) {
        in_use_.changed(by, now);
        trough_.fell_to(in_use_.level());
    }

    // What each transaction writes stands together.
    base::ByWord<AcquireOutcome, Counter> acquires_;
    base::ByWord<ServedSource, Counter> served_;
    base::ByWord<ReleaseResult, Counter> releases_;
    base::ByWord<TransactionEnd, Counter> transactions_;
    base::ByWord<QueryOutcome, Counter> queries_;
    base::ByWord<ServerState, Gauge> states_;
    base::ByWord<Side, base::ByWord<Direction, Counter>> bytes_;
    Integral in_use_;
    Histogram<wait_bounds> wait_ok_;
    Histogram<use_bounds> use_;
    Histogram<query_bounds> query_time_;
    Histogram<query_bounds> transaction_time_;
    base::ByWord<WaitCause, Integral> waiting_;
    Integral saturated_;
    base::ByWord<Holder, Counter> blocked_;
    Trough trough_;

    Histogram<wait_bounds> wait_failed_;
    Histogram<create_bounds> create_time_;
    Histogram<age_bounds> age_;
    base::ByWord<RejectReason, Counter> rejections_;
    base::ByWord<PinReason, Gauge> pinned_;
    base::ByWord<PinReason, Counter> pins_;
    Counter creates_;
    base::ByWord<CreateFailure, Counter> create_failures_;
    base::ByWord<ReapReason, Counter> reaps_;
    Gauge oldest_wait_, oldest_use_, oldest_idle_in_transaction_;
    base::ByWord<LeakAction, Gauge> leaks_now_;
    base::ByWord<LeakAction, Counter> leaks_suspected_, leaks_reclaimed_;
    std::array<Counter, sqlstate_classes.size()> query_errors_;
    Counter settings_replayed_, desyncs_;
    std::array<Counter, 2> statement_uses_;  // hits, misses
    Counter statement_evictions_;
    Gauge statements_;
    base::ByWord<TenantState, Gauge> tenants_;
    Gauge max_, min_idle_;
};
static_assert(sizeof(PoolProbe) <= 4096);

}  // namespace weir::telemetry
