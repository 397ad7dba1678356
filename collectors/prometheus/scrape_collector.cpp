#include "collectors/prometheus/scrape_collector.h"

#include "collectors/prometheus/samples.h"

namespace weir::collectors {
namespace {

constexpr std::string_view endpoint = "/metrics";

}  // namespace

std::vector<::prometheus::MetricFamily> ScrapeCollector::Collect() const {
    telemetry::HistogramReading<catalogue::scrape_bounds> reading;
    reading.add(took_);
    Samples time(catalogue::scrape_seconds);
    time.add({endpoint}, reading);
    Samples size(catalogue::scrape_bytes);
    size.add({endpoint}, bytes_.read());
    return {time.take(), size.take()};
}

}  // namespace weir::collectors
