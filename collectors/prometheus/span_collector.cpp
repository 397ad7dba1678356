#include "collectors/prometheus/span_collector.h"

#include "collectors/prometheus/samples.h"

namespace weir::collectors {

std::vector<::prometheus::MetricFamily> SpanCollector::Collect() const {
    std::uint64_t unsampled = 0, dropped = 0, size = 0, capacity = 0;
    for (const auto& ring : registry_.rings()) {
        unsampled += ring->unsampled_count();
        dropped += ring->dropped_queue_full();
        size += ring->size();
        capacity += ring->capacity();
    }
    const telemetry::SpanCounts& counts = registry_.span_counts();
    Samples spans(catalogue::spans);
    spans.add({"exported"}, counts.exported());
    spans.add({"unsampled"}, unsampled);
    spans.add({"dropped_queue_full"}, dropped);
    spans.add({"rejected"}, counts.rejected());
    spans.add({"export_failed"}, counts.export_failed());
    Samples waiting(catalogue::span_queue_size), room(catalogue::span_queue_capacity);
    waiting.add({}, size);
    room.add({}, capacity);
    return {spans.take(), waiting.take(), room.take()};
}

}  // namespace weir::collectors
