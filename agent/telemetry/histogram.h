// A histogram of durations with fixed bounds and one writer. Its count is the sum of its buckets as
// read, so that count and buckets never disagree within a scrape.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "base/clock.h"
#include "telemetry/cell.h"

namespace weir::telemetry {

// Upper bounds in nanoseconds, ascending; +Inf is implied. observability.md, "Buckets".
template <std::size_t N>
using Bounds = std::array<std::int64_t, N>;

// For each bit width of a value the first bucket that a value so wide can fall into: the bounds are
// about a factor of two apart, so that the search ends after a step or two from there.
template <std::size_t N>
[[nodiscard]] constexpr std::array<std::uint8_t, 65> first_buckets(const Bounds<N>& bounds) {
    static_assert(N < 255);
    std::array<std::uint8_t, 65> first{};
    for (std::size_t width = 1; width < first.size(); ++width) {
        const std::uint64_t least = std::uint64_t{1} << (width - 1);
        std::size_t i = 0;
        while (i < N && least > static_cast<std::uint64_t>(bounds[i])) ++i;
        first[width] = static_cast<std::uint8_t>(i);
    }
    return first;
}

template <const auto& bounds>
class Histogram {
  public:
    static constexpr std::size_t bucket_count = bounds.size() + 1;

    // A bucket holds what is at most its bound (`le`); a negative value counts as zero.
    [[nodiscard]] static std::size_t bucket_of(base::Duration value) {
        const std::int64_t nanoseconds = value.count() < 0 ? 0 : value.count();
        std::size_t i = first_[static_cast<std::size_t>(
            std::bit_width(static_cast<std::uint64_t>(nanoseconds)))];
        while (i < bounds.size() && nanoseconds > bounds[i]) ++i;
        return i;
    }
    void observe(base::Duration value) {
        buckets_[bucket_of(value)].add();
        sum_.add(value.count() < 0 ? 0 : static_cast<std::uint64_t>(value.count()));
    }
    [[nodiscard]] std::uint64_t bucket(std::size_t i) const { return buckets_[i].read(); }
    [[nodiscard]] std::uint64_t sum_nanoseconds() const { return sum_.read(); }
    [[nodiscard]] static constexpr const auto& upper_bounds() { return bounds; }

  private:
    static constexpr std::array<std::uint8_t, 65> first_ = first_buckets(bounds);

    std::array<Counter, bucket_count> buckets_;
    Counter sum_;
};

}  // namespace weir::telemetry
