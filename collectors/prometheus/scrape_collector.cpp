#include "collectors/prometheus/scrape_collector.h"

#include "collectors/prometheus/samples.h"

namespace weir::collectors {

std::vector<::prometheus::MetricFamily> ScrapeCollector::Collect() const {
    Samples time(catalogue::scrape_seconds);
    Samples size(catalogue::scrape_bytes);
    for (const Endpoint endpoint : {Endpoint::metrics, Endpoint::tenants}) {
        telemetry::HistogramReading<catalogue::scrape_bounds> reading;
        reading.add(took_[endpoint]);
        time.add({base::word(endpoint)}, reading);
        size.add({base::word(endpoint)}, bytes_[endpoint].read());
    }
    return {time.take(), size.take()};
}

}  // namespace weir::collectors
