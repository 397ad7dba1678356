// The pool's part of telemetry: every acquire, release, wait and reap of one template on one loop,
// and the scalars of each of its tenants. Written by the template's pools on their home loop.
#pragma once

#include "base/clock.h"
#include "telemetry/cell.h"
#include "telemetry/histogram.h"
#include "telemetry/vocabulary.h"

namespace weir::telemetry {

using base::Duration;
using base::Instant;

// At most 256 bytes, scalars only: there may be tens of thousands.
struct TenantProbe {
    Gauge used;      // used + pinned
    Gauge pending;   // acquires waiting now
    Gauge max;
    base::ByWord<AcquireOutcome, Counter> acquires;
    Counter wait_nanoseconds, waits, rejections, leaks_suspected, queries, bytes_in, bytes_out;
};
static_assert(sizeof(TenantProbe) <= 256);

class PoolProbe {
  public:
    // An acquire ended. `waited` is from the request to the grant or the refusal.
    void granted(ServedSource source, Duration waited);
    void failed(AcquireOutcome outcome, Duration waited);  // timeout, cancelled or error
    void rejected(RejectReason reason, Duration waited);   // outcome "rejected"
    // A connection came back after `used`, however it came back.
    void released(ReleaseResult result, Duration used);
    void pinned(PinReason reason);
    void unpinned(PinReason reason);

    void created(Duration took);
    void create_failed(CreateFailure reason);
    void reaped(ReapReason reason, Duration age);
    // A connection entered, changed or left a state; `now` advances the integrals first.
    void entered(ServerState to, Instant now);
    void changed(ServerState from, ServerState to, Instant now);
    void left(ServerState from, Instant now);

    void wait_began(WaitCause cause, Instant now);
    void wait_cause_changed(WaitCause from, WaitCause to, Instant now);
    void wait_ended(WaitCause cause, Instant now);
    // A tenant's pool became, or is no longer, saturated: somebody waits and nothing can be granted.
    void saturated(bool is, Instant now);
    // Advances the integrals and tells the oldest of this template on this loop; zero when none.
    void ticked(Instant now, Duration oldest_wait, Duration oldest_use,
                Duration oldest_idle_in_transaction);

    void leak_suspected(LeakAction action);
    void leak_reclaimed(LeakAction action);
    void leak_cleared(LeakAction action);  // no longer held: the gauge goes down

    void query_ended(QueryOutcome outcome, Duration took);
    void query_failed(std::string_view sqlstate);  // class from an allow-list, the rest "other"
    void transaction_ended(TransactionEnd end, Duration took);
    void transferred(Side side, Direction direction, std::uint64_t bytes);
    void settings_replayed();
    void desynced();

    void tenant_known(int change);     // +1, -1: the gauges of `tenants`
    void tenant_active(int change);
    void tenant_waiting(int change);
    void tenant_saturated(int change);
    void tenant_disabled(int change);
};

}  // namespace weir::telemetry
