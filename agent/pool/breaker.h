// The breaker of an upstream, shared by all loops: after so many failures in a row to reach the
// server nobody dials for a while, then one dial probes. Failures that belong to one account or
// database never come here. Any thread; no clock of its own, never calls out.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>

#include "base/clock.h"
#include "settings/settings.h"
#include "telemetry/upstream_probe.h"

namespace weir::pool {

class Breaker {
  public:
    Breaker(const settings::BreakerLimits& limits, std::shared_ptr<telemetry::UpstreamProbe> probe);

    [[nodiscard]] bool closed() const { return closed_.load(std::memory_order_relaxed); }
    // Whether permit() would say yes now; true for an open one whose next probe is due.
    [[nodiscard]] bool would_permit(base::Instant now) const;
    // Asks to dial. A yes is followed by exactly one of reached(), failed() and withdrawn(); of an
    // open breaker it makes a half-open one, and is the only yes until then.
    [[nodiscard]] bool permit(base::Instant now);
    void reached(base::Instant now);  // the server answered, even if with a refusal of its own
    void failed(base::Instant now);
    void withdrawn(base::Instant now);  // the dial never happened
    void reconfigure(const settings::BreakerLimits& limits);
    void forget();  // the server is another one: nothing is known of it, so it is closed

    [[nodiscard]] telemetry::BreakerState state() const;

  private:
    void enter(telemetry::BreakerState to);
    void open(base::Instant now);

    const std::shared_ptr<telemetry::UpstreamProbe> probe_;
    std::atomic<bool> closed_{true};  // a hint outside of the mutex

    mutable std::mutex mutex_;        // guards all below
    settings::BreakerLimits limits_;  // failures 0: it never opens
    telemetry::BreakerState state_ = telemetry::BreakerState::closed;
    unsigned failures_ = 0;  // in a row
    base::Duration open_for_{};
    base::Instant probe_at_{};
};

}  // namespace weir::pool
