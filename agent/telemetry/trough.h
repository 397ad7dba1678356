// The least of a level over the last hour, by minutes: what slow leaks raise. One writer, which
// tells every fall of the level and ticks at least now and then; readers see what was true at a
// tick.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>

#include "base/clock.h"
#include "telemetry/cell.h"

namespace weir::telemetry {

class Trough {
  public:
    Trough() { minutes_.fill(std::numeric_limits<std::int32_t>::max()); }

    void fell_to(std::int64_t level) {
        least_this_minute_ = std::min(least_this_minute_, static_cast<std::int32_t>(level));
    }
    void ticked(base::Instant now, std::int64_t level);

    [[nodiscard]] std::int64_t least() const { return least_.read(); }

  private:
    Gauge least_;
    std::int64_t minute_ = -1;  // whole minutes of the clock; -1 before the first tick
    std::int32_t least_this_minute_ = 0;
    std::int32_t least_before_ = std::numeric_limits<std::int32_t>::max();
    std::array<std::int32_t, 60> minutes_{};  // least of each complete minute, by number modulo 60
};

}  // namespace weir::telemetry
