// What scrapes themselves cost. The scrape that is being answered appears in the next one. Written
// and read under the exposition's mutex.
#pragma once

#include <prometheus/collectable.h>

#include <vector>

#include "collectors/prometheus/catalogue.h"
#include "telemetry/histogram.h"

namespace weir::collectors {

class ScrapeCollector final : public ::prometheus::Collectable {
  public:
    void scraped(base::Duration took, std::size_t bytes) {
        took_.observe(took);
        bytes_.set(static_cast<std::int64_t>(bytes));
    }
    [[nodiscard]] std::vector<::prometheus::MetricFamily> Collect() const override;

  private:
    telemetry::Histogram<catalogue::scrape_bounds> took_;
    telemetry::Gauge bytes_;
};

}  // namespace weir::collectors
