// For each bucket of a histogram the last sampled checkout that fell into it: what leads from a
// number to a trace. A block of its own beside the pool's probe, made only while there is tracing.
// One writer, its loop; read by scrapes on any thread, which see a whole exemplar or none.
// Source: OpenMetrics 1.0, "Exemplars".
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <optional>

#include "base/clock.h"
#include "telemetry/buckets.h"
#include "telemetry/histogram.h"
#include "telemetry/span.h"

namespace weir::telemetry {

struct Exemplar {
    TraceId trace;
    std::uint64_t span = 0;
    base::Duration value{};    // within its bucket
    std::int64_t unix_ns = 0;  // when it was observed
};

template <const auto& bounds>
class ExemplarRow {
  public:
    using Buckets = Histogram<bounds>;
    // A bucket takes no second one within this long.
    static constexpr std::int64_t least_distance_ns = 1'000'000'000;

    // By the loop. `value` as it was observed.
    void write(base::Duration value, const SpanContext& context, std::int64_t unix_ns) {
        Slot& slot = slots_[Buckets::bucket_of(value)];
        const std::uint64_t version = slot.version.load(std::memory_order_relaxed);
        const bool early =
            unix_ns - slot.unix_ns.load(std::memory_order_relaxed) < least_distance_ns;
        if (version != 0 && early) return;
        // Odd while it is written. Whoever sees one of the new values sees that, too.
        slot.version.store(version + 1, std::memory_order_relaxed);
        slot.high.store(context.trace.high, std::memory_order_release);
        slot.low.store(context.trace.low, std::memory_order_release);
        slot.span.store(context.span, std::memory_order_release);
        slot.value.store(value.count() < 0 ? 0 : value.count(), std::memory_order_release);
        slot.unix_ns.store(unix_ns, std::memory_order_release);
        slot.version.store(version + 2, std::memory_order_release);
    }

    // By anybody. Nothing: there is none, or it is just being replaced.
    [[nodiscard]] std::optional<Exemplar> read(std::size_t bucket) const {
        const Slot& slot = slots_[bucket];
        const std::uint64_t version = slot.version.load(std::memory_order_acquire);
        if (version == 0 || version % 2 != 0) return std::nullopt;
        Exemplar exemplar;
        exemplar.trace.high = slot.high.load(std::memory_order_acquire);
        exemplar.trace.low = slot.low.load(std::memory_order_acquire);
        exemplar.span = slot.span.load(std::memory_order_acquire);
        exemplar.value = base::Duration(slot.value.load(std::memory_order_acquire));
        exemplar.unix_ns = slot.unix_ns.load(std::memory_order_acquire);
        if (slot.version.load(std::memory_order_relaxed) != version) return std::nullopt;
        return exemplar;
    }

  private:
    struct Slot {
        std::atomic<std::uint64_t> version{0};  // 0: there never was one
        std::atomic<std::uint64_t> high{0}, low{0}, span{0};
        std::atomic<std::int64_t> value{0}, unix_ns{0};
    };
    std::array<Slot, Buckets::bucket_count> slots_;
};

// Of one template on one loop, as its PoolProbe's histograms of the same names.
struct PoolExemplars {
    ExemplarRow<wait_bounds> wait_ok;
    ExemplarRow<use_bounds> use;
    ExemplarRow<query_bounds> query_time;
};

}  // namespace weir::telemetry
