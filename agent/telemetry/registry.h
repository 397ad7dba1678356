// Where probes are made at start-up and found by scrapes. Locked only then. Nothing counted is
// lost: the counters of pool, session, loop and upstream probes never go away while the process
// lives. Those of tenants are the ledger's.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "telemetry/probes.h"
#include "telemetry/server_probe.h"
#include "telemetry/tenant_ledger.h"

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
    [[nodiscard]] TenantLedger& tenants() { return tenants_; }
    [[nodiscard]] const TenantLedger& tenants() const { return tenants_; }

    [[nodiscard]] std::vector<Registered<PoolLabels, PoolProbe>> pools() const;
    [[nodiscard]] std::vector<Registered<ListenerLabels, SessionProbe>> sessions() const;
    [[nodiscard]] std::vector<Registered<std::string, LoopProbe>> loops() const;  // label: backend
    [[nodiscard]] std::vector<Registered<std::string, UpstreamProbe>> upstreams()
        const;  // label: name
    [[nodiscard]] std::vector<Registered<std::string, ServerProbe>> servers() const;

  private:
    mutable std::mutex mutex_;  // guards all below
    std::vector<Registered<PoolLabels, PoolProbe>> pools_;
    std::vector<Registered<ListenerLabels, SessionProbe>> sessions_;
    std::vector<Registered<std::string, LoopProbe>> loops_;
    std::vector<Registered<std::string, UpstreamProbe>> upstreams_;
    std::vector<Registered<std::string, ServerProbe>> servers_;
    TenantLedger tenants_;  // guards itself
};

}  // namespace weir::telemetry
