// What /metrics and /metrics/tenants answer: collectors over one registry, printed in Prometheus'
// text format or in OpenMetrics. Made once at start-up; scrapes come on any thread and take turns.
// The registry and the facts outlive it.
#pragma once

#include <prometheus/collectable.h>

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "collectors/prometheus/agent_facts.h"
#include "collectors/prometheus/format.h"
#include "collectors/prometheus/tenant_view.h"
#include "telemetry/registry.h"

namespace weir::collectors {

class ScrapeCollector;

class Exposition {
  public:
    // `pools_max`: templates with series of their own (metrics.pools_max).
    Exposition(telemetry::Registry& registry, const AgentFacts& facts, std::size_t pools_max);
    ~Exposition();

    // Every family of the catalogue, each with HELP and TYPE also when it has no sample.
    [[nodiscard]] std::string metrics_text(Format format);
    // The same of the families of tenants.
    [[nodiscard]] std::string tenants_text(const TenantView& view, Format format);

  private:
    telemetry::Registry& registry_;
    const std::size_t pools_max_;
    std::mutex mutex_;                   // one scrape at a time; guards scrape_
    ScrapeCollector* scrape_ = nullptr;  // one of collectors_
    std::vector<std::unique_ptr<::prometheus::Collectable>> collectors_;
};

}  // namespace weir::collectors
