// A level (connections in use, waiters) and its integral over time, in nanoseconds times the level:
// what happened between two scrapes is in it, however short. Advanced as level x dt by the one
// writer at each change and each tick; never advanced by a reader. Like every counter of
// nanoseconds it wraps at 2^64, which a scraper sees as a counter's reset.
#pragma once

#include <cassert>

#include "base/clock.h"
#include "telemetry/cell.h"

namespace weir::telemetry {

class Integral {
  public:
    void changed(std::int64_t by, base::Instant now) {
        advanced(now);
        level_.add(by);
        assert(level_.read() >= 0);
    }
    // A `now` before the last one is taken for the last one.
    void advanced(base::Instant now) {
        const std::int64_t passed = (now - since_).count();
        if (passed <= 0) return;
        total_.add(static_cast<std::uint64_t>(level_.read()) * static_cast<std::uint64_t>(passed));
        since_ = now;
    }

    [[nodiscard]] std::int64_t level() const { return level_.read(); }
    [[nodiscard]] std::uint64_t total_nanoseconds() const { return total_.read(); }

  private:
    Gauge level_;
    Counter total_;
    base::Instant since_{};
};

}  // namespace weir::telemetry
