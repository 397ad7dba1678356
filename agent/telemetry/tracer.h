// Makes the ids of one loop's spans, decides which traces are kept, and hands finished spans on.
// A trace with a parent is sampled as its parent was; a root by a threshold on the random part of
// its id, so that everybody who applies the same ratio keeps the same traces (the dice are thrown
// once for all roots up to the next sampled one; ids are made to fit when somebody asks for them).
// What was not sampled may still be kept when it turns out slow, failed or leaked, within an
// allowance that all loops share. One a loop, on its thread; chance is seeded and time told by the
// caller. Sources: OpenTelemetry, "Tracestate: Probability Sampling"; W3C Trace Context Level 2,
// "Random Trace ID Flag".
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "base/clock.h"
#include "telemetry/span.h"
#include "telemetry/span_ring.h"

namespace weir::telemetry {

struct SamplingRules {
    double ratio = 0.01;    // of roots, 0 to 1
    base::Duration slow{};  // 0: nothing is slow
    unsigned slow_per_second = 10;
    bool queries = false;  // are spans, too
};

// How many traces may be kept besides the sampled ones, over all loops: any thread.
class SpanAllowance {
  public:
    // Whether one more may be kept in this second.
    [[nodiscard]] bool take(base::Instant now, unsigned per_second) {
        const std::uint64_t second = second_of(now);
        std::uint64_t before = spent_.load(std::memory_order_relaxed);
        for (;;) {
            // Loops' clocks differ a little: one that is late takes from the second that is.
            const std::uint64_t window = std::max(before >> count_bits, second);
            const std::uint64_t count = window == before >> count_bits ? before & count_mask : 0;
            if (count >= per_second) return false;
            const std::uint64_t after = window << count_bits | (count + 1);
            if (spent_.compare_exchange_weak(before, after, std::memory_order_relaxed)) return true;
        }
    }
    // Whether take() would give one, which it may not any more a moment later.
    [[nodiscard]] bool has(base::Instant now, unsigned per_second) const {
        const std::uint64_t before = spent_.load(std::memory_order_relaxed);
        return before >> count_bits < second_of(now) || (before & count_mask) < per_second;
    }

  private:
    static std::uint64_t second_of(base::Instant now) {
        return static_cast<std::uint64_t>(
            std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count());
    }
    static constexpr unsigned count_bits = 24;
    static constexpr std::uint64_t count_mask = (std::uint64_t{1} << count_bits) - 1;
    std::atomic<std::uint64_t> spent_{0};  // the second, and how many in it
};

class Tracer {
  public:
    static constexpr std::uint64_t random_bits = (std::uint64_t{1} << 56U) - 1;

    // `ring`: nullptr: tracing is off for good, and nothing but on() may be asked.
    Tracer(std::shared_ptr<SpanRing> ring, std::shared_ptr<SpanAllowance> allowance,
           std::uint64_t seed);

    [[nodiscard]] bool on() const { return ring_ != nullptr; }
    void rule(const SamplingRules& rules);
    // Both clocks at the same moment; what lies between two calls follows the monotonic one.
    void clocks(base::Instant now, std::int64_t unix_ns) {
        unix_offset_ = unix_ns - now.time_since_epoch().count();
    }
    [[nodiscard]] std::int64_t unix_ns(base::Instant at) const {
        return at.time_since_epoch().count() + unix_offset_;
    }

    // Never 0. Source: Steele, Lea, Flood, "Fast Splittable Pseudorandom Number Generators".
    [[nodiscard]] std::uint64_t random() {
        std::uint64_t z = 0;
        do {
            state_ += 0x9e3779b97f4a7c15U;
            z = state_;
            z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
            z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
            z ^= z >> 31U;
        } while (z == 0);
        return z;
    }
    // Whether the next root is sampled; its trace id ends in a root_id().
    [[nodiscard]] bool samples_next() {
        if (--until_sampled_ > 0) [[likely]]
            return false;
        until_sampled_ = next_gap();
        return true;
    }
    // The low half of a trace id by which everybody who knows the ratio decides the same.
    [[nodiscard]] std::uint64_t root_id(bool sampled);
    // The tracestate of a root that was: which share of roots it stands for.
    [[nodiscard]] const std::shared_ptr<const std::string>& trace_state() const {
        return trace_state_;
    }
    [[nodiscard]] bool follows_queries() const { return queries_; }
    [[nodiscard]] bool slow(base::Duration took) const { return took > slow_; }
    // Whether one that was not sampled may be kept all the same.
    [[nodiscard]] bool allows(base::Instant now) { return allowance_->take(now, slow_per_second_); }
    [[nodiscard]] bool would_allow(base::Instant now) const {
        return allowance_->has(now, slow_per_second_);
    }
    void push(Span&& span) { ring_->push(std::move(span)); }
    void unsampled() { ring_->unsampled(); }

  private:
    [[nodiscard]] std::uint64_t next_gap();

    const std::shared_ptr<SpanRing> ring_;
    const std::shared_ptr<SpanAllowance> allowance_;
    std::uint64_t state_;
    double ratio_ = 0;
    std::uint64_t until_sampled_ = 0;  // how many roots on: a geometric distribution's
    std::uint64_t threshold_ = 0;      // of 2^56: the ids of roots below it are not sampled
    std::shared_ptr<const std::string> trace_state_;
    base::Duration slow_ = base::Duration::max();
    unsigned slow_per_second_ = 0;
    bool queries_ = false;
    std::int64_t unix_offset_ = 0;
};

}  // namespace weir::telemetry
