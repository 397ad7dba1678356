// Where probes are made at start-up or when a tenant comes, and found by scrapes. Locked only then.
// A probe stays readable here until forgotten() and one more scrape, so that nothing counted is
// lost: the counters of pool, session, loop and upstream probes never go away while the process
// lives.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <tuple>
#include <vector>

#include "telemetry/probes.h"
#include "telemetry/server_probe.h"

namespace weir::telemetry {

struct PoolLabels {
    std::string pool;  // template
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
    // Each gives the same probe for the same labels and loop, made at the first call. The identity
    // of a pool, listener or upstream is its name (and engine); other labels are those last told.
    std::shared_ptr<PoolProbe> pool(const PoolLabels& labels, unsigned loop);
    std::shared_ptr<SessionProbe> session(const ListenerLabels& labels, unsigned loop);
    std::shared_ptr<LoopProbe> loop(unsigned index, std::string backend);
    std::shared_ptr<UpstreamProbe> upstream(const std::string& name, const std::string& engine);
    // `upstream`: the name of the one that leads there.
    std::shared_ptr<ServerProbe> server(const std::string& upstream);
    void forget_server(const std::string& upstream);  // nobody asks it any more
    std::shared_ptr<TenantProbe> tenant(const TenantLabels& labels);
    // The tenant's pool is gone. Its probe stays readable until release_forgotten(), and goes on
    // from where it stood when the tenant comes back before that.
    void forget_tenant(const TenantLabels& labels);
    // A scrape begins: drops what was forgotten before the scrape before it, so that one whole
    // scrape has read it. Where nobody scrapes, the oldest beyond forgotten_kept go.
    void release_forgotten();

    [[nodiscard]] std::vector<Registered<PoolLabels, PoolProbe>> pools() const;
    [[nodiscard]] std::vector<Registered<ListenerLabels, SessionProbe>> sessions() const;
    [[nodiscard]] std::vector<Registered<std::string, LoopProbe>> loops() const;  // label: backend
    [[nodiscard]] std::vector<Registered<std::string, UpstreamProbe>> upstreams()
        const;  // label: name
    [[nodiscard]] std::vector<Registered<std::string, ServerProbe>> servers() const;
    [[nodiscard]] std::vector<Registered<TenantLabels, TenantProbe>> tenants() const;

  private:
    static constexpr std::size_t forgotten_kept = 4096;
    using TenantKey = std::tuple<std::string, std::string, std::string, std::string>;
    struct Tenant {
        std::shared_ptr<TenantProbe> probe;
        std::uint64_t forgotten_in = 0;  // number of the scrape under way then; 0: alive
    };

    void drop_oldest_forgotten();

    mutable std::mutex mutex_;  // guards all below
    std::vector<Registered<PoolLabels, PoolProbe>> pools_;
    std::vector<Registered<ListenerLabels, SessionProbe>> sessions_;
    std::vector<Registered<std::string, LoopProbe>> loops_;
    std::vector<Registered<std::string, UpstreamProbe>> upstreams_;
    std::vector<Registered<std::string, ServerProbe>> servers_;
    std::map<TenantKey, Tenant> tenants_;  // pool, engine, tenant, app
    std::deque<TenantKey> forgotten_;      // oldest first; may name some that came back
    std::uint64_t scrape_ = 1;
};

}  // namespace weir::telemetry
