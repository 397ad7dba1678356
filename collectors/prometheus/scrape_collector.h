// What scrapes themselves cost. The scrape that is being answered appears in the next one. Written
// and read under the exposition's mutex.
#pragma once

#include <prometheus/collectable.h>

#include <vector>

#include "base/words.h"
#include "collectors/prometheus/catalogue.h"
#include "telemetry/cell.h"
#include "telemetry/histogram.h"

namespace weir::collectors {

enum class Endpoint : std::uint8_t { metrics, tenants };

}  // namespace weir::collectors

namespace weir::base {
template <>
struct Words<collectors::Endpoint> {
    static constexpr std::array<std::string_view, 2> all{"/metrics", "/metrics/tenants"};
};
}  // namespace weir::base

namespace weir::collectors {

class ScrapeCollector final : public ::prometheus::Collectable {
  public:
    void scraped(Endpoint endpoint, base::Duration took, std::size_t bytes) {
        took_[endpoint].observe(took);
        bytes_[endpoint].set(static_cast<std::int64_t>(bytes));
    }
    [[nodiscard]] std::vector<::prometheus::MetricFamily> Collect() const override;

  private:
    base::ByWord<Endpoint, telemetry::Histogram<catalogue::scrape_bounds>> took_;
    base::ByWord<Endpoint, telemetry::Gauge> bytes_;
};

}  // namespace weir::collectors
