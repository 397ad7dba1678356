// The thread that takes finished spans from all loops' rings and posts them to the collector, a
// batch at a time. Nobody ever waits for it: while the collector is slow or gone the rings fill up,
// and what they lose is counted. What it holds is bounded by one batch. Made and stopped by the
// main thread.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "collectors/otlp/encoder.h"
#include "collectors/otlp/post.h"
#include "collectors/otlp/resource.h"
#include "settings/trace_export.h"
#include "telemetry/registry.h"

namespace weir::collectors::otlp {

class Exporter {
  public:
    // How long a stop takes at most, give or take a second.
    static constexpr std::chrono::milliseconds stop_limit{5'000};

    // Begins at once, with the rings that `registry` has; it outlives the exporter.
    Exporter(telemetry::Registry& registry, settings::TraceExport traces, const Identity& identity);
    ~Exporter() { stop(); }
    Exporter(const Exporter&) = delete;
    Exporter& operator=(const Exporter&) = delete;

    // Once no loop makes spans any more: sends what is left, each batch once, and ends.
    void stop();

  private:
    void run();
    void flush();
    [[nodiscard]] std::size_t waiting() const;
    [[nodiscard]] bool pressing() const;
    [[nodiscard]] std::vector<telemetry::Span> take_batch();
    void deliver(const std::vector<telemetry::Span>& batch);
    [[nodiscard]] Answer try_until_answered(std::string_view body);
    void settle(const Answer& answer, std::uint64_t spans);
    void works(const PartialSuccess& partial);
    void fails(const Answer& answer);
    [[nodiscard]] bool stopping() const;
    void rest_until(base::Instant instant);  // or until a stop

    const settings::TraceExport traces_;
    const Resource resource_;
    const std::vector<std::shared_ptr<telemetry::SpanRing>> rings_;
    telemetry::SpanCounts& counts_;
    Post post_;

    mutable std::mutex mutex_;
    std::condition_variable stop_;
    base::Instant stop_by_ = base::Instant::max();  // guarded by the mutex; max: no stop

    // The thread's own.
    std::string body_;                          // of a batch, encoded
    std::size_t next_ring_ = 0;                 // each batch begins with another loop's spans
    base::Instant quiet_until_{};               // the collector asked for a rest, or is given one
    bool failing_ = false, rejecting_ = false;  // said already
    std::minstd_rand random_{std::random_device{}()};
    std::thread thread_;
};

}  // namespace weir::collectors::otlp
