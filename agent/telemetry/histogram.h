// A histogram of durations with fixed bounds and one writer. Its count is the sum of its buckets as
// read, so that count and buckets never disagree within a scrape.
#pragma once

#include <array>
#include <cstddef>

#include "base/clock.h"
#include "telemetry/cell.h"

namespace weir::telemetry {

// Upper bounds in nanoseconds, ascending; +Inf is implied. observability.md, "Buckets".
template <std::size_t N>
using Bounds = std::array<std::int64_t, N>;

template <const auto& bounds>
class Histogram {
  public:
    static constexpr std::size_t bucket_count = bounds.size() + 1;

    void observe(base::Duration value) {
        const std::int64_t nanoseconds = value.count() < 0 ? 0 : value.count();
        std::size_t i = 0;
        while (i < bounds.size() && nanoseconds > bounds[i]) ++i;
        buckets_[i].add();
        sum_.add(static_cast<std::uint64_t>(nanoseconds));
    }
    [[nodiscard]] std::uint64_t bucket(std::size_t i) const { return buckets_[i].read(); }
    [[nodiscard]] std::uint64_t sum_nanoseconds() const { return sum_.read(); }
    [[nodiscard]] static constexpr const auto& upper_bounds() { return bounds; }

  private:
    std::array<Counter, bucket_count> buckets_;
    Counter sum_;
};

}  // namespace weir::telemetry
