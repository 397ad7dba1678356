// Where probes are made at start-up or when a tenant comes, and found by scrapes. Locked only then.
// A probe stays readable here until forgotten() and one more scrape, so that nothing counted is lost:
// the counters of pool, session, loop and upstream probes never go away while the process lives.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "telemetry/probes.h"

namespace weir::telemetry {

struct PoolLabels {
    std::string pool;      // template
    std::string engine, upstream, mode;
    unsigned max_size = 0, min_idle = 0;  // of each tenant
};
struct ListenerLabels {
    std::string listener, engine;
    unsigned max_clients = 0;
};

template <class Labels, class Probe>
struct Registered {
    Labels labels;
    unsigned loop = 0;
    std::shared_ptr<Probe> probe;
};

struct TenantLabels {
    std::string pool, engine, tenant, app;
};

class Registry {
  public:
    // Each gives the same probe for the same labels and loop, made at the first call.
    std::shared_ptr<PoolProbe> pool(const PoolLabels& labels, unsigned loop);
    std::shared_ptr<SessionProbe> session(const ListenerLabels& labels, unsigned loop);
    std::shared_ptr<LoopProbe> loop(unsigned index, std::string backend);
    std::shared_ptr<UpstreamProbe> upstream(const std::string& name, const std::string& engine);
    std::shared_ptr<TenantProbe> tenant(const TenantLabels& labels);
    void forget_tenant(const TenantLabels& labels);

    [[nodiscard]] std::vector<Registered<PoolLabels, PoolProbe>> pools() const;
    [[nodiscard]] std::vector<Registered<ListenerLabels, SessionProbe>> sessions() const;
    [[nodiscard]] std::vector<Registered<std::string, LoopProbe>> loops() const;  // label: backend
    [[nodiscard]] std::vector<Registered<std::string, UpstreamProbe>> upstreams() const;  // label: name
    [[nodiscard]] std::vector<Registered<TenantLabels, TenantProbe>> tenants() const;
};

}  // namespace weir::telemetry
