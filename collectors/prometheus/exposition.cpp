#include "collectors/prometheus/exposition.h"

#include <prometheus/text_serializer.h>

#include <iterator>

#include "base/clock.h"
#include "collectors/prometheus/agent_collector.h"
#include "collectors/prometheus/client_collector.h"
#include "collectors/prometheus/connection_collector.h"
#include "collectors/prometheus/exemplar_collector.h"
#include "collectors/prometheus/loop_collector.h"
#include "collectors/prometheus/openmetrics.h"
#include "collectors/prometheus/pool_collector.h"
#include "collectors/prometheus/process_collector.h"
#include "collectors/prometheus/query_collector.h"
#include "collectors/prometheus/scrape_collector.h"
#include "collectors/prometheus/server_collector.h"
#include "collectors/prometheus/span_collector.h"
#include "collectors/prometheus/tenant_collector.h"
#include "collectors/prometheus/tenant_page.h"
#include "collectors/prometheus/upstream_collector.h"

namespace weir::collectors {

Exposition::Exposition(telemetry::Registry& registry, const AgentFacts& facts,
                       std::size_t pools_max)
    : registry_(registry), pools_max_(pools_max) {
    auto scrape = std::make_unique<ScrapeCollector>();
    scrape_ = scrape.get();
    collectors_.push_back(std::make_unique<PoolCollector>(registry, pools_max));
    collectors_.push_back(std::make_unique<ConnectionCollector>(registry, pools_max));
    collectors_.push_back(std::make_unique<QueryCollector>(registry, pools_max));
    collectors_.push_back(std::make_unique<TenantCollector>(registry, pools_max));
    collectors_.push_back(std::make_unique<ClientCollector>(registry));
    collectors_.push_back(std::make_unique<UpstreamCollector>(registry));
    collectors_.push_back(std::make_unique<ServerCollector>(registry));
    collectors_.push_back(std::make_unique<LoopCollector>(registry));
    collectors_.push_back(std::make_unique<SpanCollector>(registry));
    collectors_.push_back(std::make_unique<AgentCollector>(facts));
    collectors_.push_back(std::move(scrape));
    collectors_.push_back(std::make_unique<ProcessCollector>());
}

Exposition::~Exposition() = default;

std::string Exposition::metrics_text(Format format) {
    const std::scoped_lock lock(mutex_);
    const base::Instant began = base::Clock::now();
    std::vector<::prometheus::MetricFamily> families;
    for (const auto& collector : collectors_) {
        std::vector<::prometheus::MetricFamily> some = collector->Collect();
        families.insert(families.end(), std::make_move_iterator(some.begin()),
                        std::make_move_iterator(some.end()));
    }
    std::string text =
        format == Format::openmetrics
            ? openmetrics_text(families,
                               collect_exemplars(registry_, group_pools(registry_, pools_max_)))
            : ::prometheus::TextSerializer().Serialize(families);
    scrape_->scraped(Endpoint::metrics, base::Clock::now() - began, text.size());
    return text;
}

std::string Exposition::tenants_text(const TenantView& view, Format format) {
    const std::scoped_lock lock(mutex_);
    const base::Instant began = base::Clock::now();
    const auto families = collect_tenants(registry_, pools_max_, view);
    std::string text = format == Format::openmetrics
                           ? openmetrics_text(families, {})
                           : ::prometheus::TextSerializer().Serialize(families);
    scrape_->scraped(Endpoint::tenants, base::Clock::now() - began, text.size());
    return text;
}

}  // namespace weir::collectors
