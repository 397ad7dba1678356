// Finished spans on their way from one loop to the exporter's thread, and what became of those that
// are not. The loop alone pushes and counts, the exporter alone pops, anybody reads: no lock, no
// wait, no system call. A full ring loses the newest span and counts it: memory is bounded, and a
// collector that is gone costs a loop nothing else.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "telemetry/cell.h"
#include "telemetry/span.h"

namespace weir::telemetry {

class SpanRing {
  public:
    explicit SpanRing(std::size_t capacity) : slots_(std::max<std::size_t>(capacity, 1)) {}

    // By the loop: false, counted, and the span is left as it was, when there is no room.
    bool push(Span&& span) {
        const std::uint64_t pushed = pushed_.load(std::memory_order_relaxed);
        if (pushed - popped_.load(std::memory_order_acquire) == slots_.size()) {
            dropped_queue_full_.add();
            return false;
        }
        slots_[pushed % slots_.size()] = std::move(span);
        pushed_.store(pushed + 1, std::memory_order_release);
        return true;
    }
    // By the loop: a trace came to its end here that nobody will see.
    void unsampled() { unsampled_.add(); }

    // By the exporter: the oldest join `batch`, until it has `most` or there are no more.
    void pop_into(std::vector<Span>& batch, std::size_t most) {
        const std::uint64_t popped = popped_.load(std::memory_order_relaxed);
        const std::uint64_t there = pushed_.load(std::memory_order_acquire) - popped;
        const std::uint64_t taken =
            std::min<std::uint64_t>(there, most - std::min(most, batch.size()));
        for (std::uint64_t i = 0; i < taken; ++i) {
            batch.push_back(std::move(slots_[(popped + i) % slots_.size()]));
        }
        popped_.store(popped + taken, std::memory_order_release);
    }

    // By anybody. A size read while both ends are at work may be a moment old.
    [[nodiscard]] std::size_t size() const {
        const std::uint64_t popped = popped_.load(std::memory_order_acquire);
        return std::min<std::size_t>(pushed_.load(std::memory_order_acquire) - popped,
                                     slots_.size());
    }
    [[nodiscard]] std::size_t capacity() const { return slots_.size(); }
    [[nodiscard]] std::uint64_t unsampled_count() const { return unsampled_.read(); }
    [[nodiscard]] std::uint64_t dropped_queue_full() const { return dropped_queue_full_.read(); }

  private:
    std::vector<Span> slots_;  // its size never changes
    // The two ends on cache lines of their own: pushing does not wait for what popping writes.
    alignas(64) std::atomic<std::uint64_t> pushed_{0};
    Counter unsampled_, dropped_queue_full_;
    alignas(64) std::atomic<std::uint64_t> popped_{0};
};

}  // namespace weir::telemetry
