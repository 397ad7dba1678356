// One event loop's health: how late its ticks are, how long it works, when it was last alive.
#pragma once

#include "base/clock.h"
#include "telemetry/cell.h"
#include "telemetry/histogram.h"

namespace weir::telemetry {

inline constexpr Bounds<9> loop_lag_bounds{100'000,     500'000,     1'000'000,
                                           5'000'000,   10'000'000,  50'000'000,
                                           100'000'000, 500'000'000, 1'000'000'000};

class alignas(64) LoopProbe {
  public:
    void worked(base::Duration busy) { busy_.add(static_cast<std::uint64_t>(busy.count())); }
    void ticked(base::Instant now, base::Duration lag) {
        heartbeat_.set(now.time_since_epoch().count());
        lag_.observe(lag);
    }

    [[nodiscard]] std::uint64_t busy_nanoseconds() const { return busy_.read(); }
    [[nodiscard]] const Histogram<loop_lag_bounds>& lag() const { return lag_; }
    [[nodiscard]] base::Instant heartbeat() const {
        return base::Instant(base::Duration(heartbeat_.read()));
    }

  private:
    Counter busy_;
    Gauge heartbeat_;
    Histogram<loop_lag_bounds> lag_;
};

}  // namespace weir::telemetry
