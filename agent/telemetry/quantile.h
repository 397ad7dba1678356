// What a reader makes of histograms: the buckets of several (one a loop) read once and added up,
// and quantiles estimated from them. A value of its reader; never on the way of a query.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "base/clock.h"
#include "telemetry/histogram.h"

namespace weir::telemetry {

// The q-quantile (0 <= q <= 1) by linear interpolation within its bucket, as Prometheus'
// histogram_quantile() does it: the lowest bucket begins at 0, and what lies above the highest
// bound is told as that bound. Nothing when nothing was observed. `counts` has one more than
// `bounds`.
[[nodiscard]] std::optional<base::Duration> estimate_quantile(std::span<const std::uint64_t> counts,
                                                              std::span<const std::int64_t> bounds,
                                                              double q);

template <const auto& bounds>
class HistogramReading {
  public:
    static constexpr std::size_t bucket_count = Histogram<bounds>::bucket_count;

    void add(const Histogram<bounds>& histogram) {
        for (std::size_t i = 0; i < bucket_count; ++i) counts_[i] += histogram.bucket(i);
        sum_ += histogram.sum_nanoseconds();
    }
    void add(const HistogramReading& other) {
        for (std::size_t i = 0; i < bucket_count; ++i) counts_[i] += other.counts_[i];
        sum_ += other.sum_;
    }

    [[nodiscard]] std::uint64_t count() const {
        std::uint64_t all = 0;
        for (const std::uint64_t one : counts_) all += one;
        return all;
    }
    [[nodiscard]] const std::array<std::uint64_t, bucket_count>& counts() const { return counts_; }
    [[nodiscard]] std::uint64_t sum_nanoseconds() const { return sum_; }
    [[nodiscard]] std::optional<base::Duration> quantile(double q) const {
        return estimate_quantile(counts_, bounds, q);
    }

  private:
    std::array<std::uint64_t, bucket_count> counts_{};
    std::uint64_t sum_ = 0;
};

}  // namespace weir::telemetry
