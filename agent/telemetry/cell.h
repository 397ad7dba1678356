// A number with one writer and any readers: relaxed loads and stores, no read-modify-write, so that
// counting costs what a plain increment costs. The writer is one thread (or whoever holds one
// mutex).
#pragma once

#include <atomic>
#include <cstdint>

namespace weir::telemetry {

template <class N>
class BasicCell {
  public:
    void add(N n = 1) {
        value_.store(static_cast<N>(value_.load(std::memory_order_relaxed) + n),
                     std::memory_order_relaxed);
    }
    void set(N n) { value_.store(n, std::memory_order_relaxed); }
    [[nodiscard]] N read() const { return value_.load(std::memory_order_relaxed); }

  private:
    std::atomic<N> value_{0};
};

using Counter = BasicCell<std::uint64_t>;
using Gauge = BasicCell<std::int64_t>;

}  // namespace weir::telemetry
