#include "collectors/prometheus/loop_collector.h"

#include "collectors/prometheus/samples.h"

namespace weir::collectors {

std::vector<::prometheus::MetricFamily> LoopCollector::Collect() const {
    Samples lag(catalogue::event_loop_lag_seconds), busy(catalogue::event_loop_busy_seconds);
    Samples backend(catalogue::event_loop_backend);
    for (const auto& one : registry_.loops()) {
        const std::string loop = std::to_string(one.loop);
        telemetry::HistogramReading<telemetry::loop_lag_bounds> reading;
        reading.add(one.probe->lag());
        lag.add({loop}, reading);
        busy.add({loop}, seconds(one.probe->busy_nanoseconds()));
        backend.add({loop, one.labels}, 1);
    }
    return {lag.take(), busy.take(), backend.take()};
}

}  // namespace weir::collectors
