// The time types of the whole agent. Monotonic time is a parameter everywhere but in loop/ and the
// threads that own a wait; wire, pool and telemetry never ask a clock themselves.
#pragma once

#include <chrono>

namespace weir::base {

using Clock = std::chrono::steady_clock;
using Instant = Clock::time_point;
using Duration = std::chrono::nanoseconds;

[[nodiscard]] constexpr double seconds(Duration d) {
    return std::chrono::duration<double>(d).count();
}

}  // namespace weir::base
