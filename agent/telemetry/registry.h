// Where probes are made at start-up and found by scrapes. Locked only then. Nothing counted is
// lost: the counters of pool, session, loop and upstream probes never go away while the process
// lives. Those of tenants are the ledger's.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "telemetry/exemplars.h"
#include "telemetry/probes.h"
#include "telemetry/server_probe.h"
#include "telemetry/span_counts.h"
#include "telemetry/span_ring.h"
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
    // Beside the probe of the same labels and loop, made with the first sampled checkout.
    std::shared_ptr<PoolExemplars> exemplars(const PoolLabels& labels, unsigned loop);
    std::shared_ptr<SessionProbe> session(const ListenerLabels& labels, unsigned loop);
    std::shared_ptr<LoopProbe> loop(unsigned index, std::string backend);
    std::shared_ptr<UpstreamProbe> upstream(const std::string& name, const std::string& engine);
    // `upstream`: the name of the one that leads there.
    std::shared_ptr<ServerProbe> server(const std::string& upstream);
    void forget_server(const std::string& upstream);  // nobody asks it any more
    // Makes the rings of `loops` pool loops, `queue` spans over all of them; called at most once,
    // before a loop asks for its own, and only when there is where to export to.
    void trace(unsigned loops, std::size_t queue);
    [[nodiscard]] std::shared_ptr<SpanRing> ring(unsigned loop) const;  // nullptr: no tracing
    [[nodiscard]] SpanCounts& span_counts() { return span_counts_; }
    [[nodiscard]] const SpanCounts& span_counts() const { return span_counts_; }
    [[nodiscard]] TenantLedger& tenants() { return tenants_; }
    [[nodiscard]] const TenantLedger& tenants() const { return tenants_; }

    [[nodiscard]] std::vector<Registered<PoolLabels, PoolProbe>> pools() const;
    [[nodiscard]] std::vector<Registered<PoolLabels, PoolExemplars>> exemplars() const;
    [[nodiscard]] std::vector<Registered<ListenerLabels, SessionProbe>> sessions() const;
    [[nodiscard]] std::vector<Registered<std::string, LoopProbe>> loops() const;  // label: backend
    [[nodiscard]] std::vector<Registered<std::string, UpstreamProbe>> upstreams()
        const;  // label: name
    [[nodiscard]] std::vector<Registered<std::string, ServerProbe>> servers() const;
    [[nodiscard]] std::vector<std::shared_ptr<SpanRing>> rings() const;  // by loop

  private:
    mutable std::mutex mutex_;  // guards all below but the last two
    std::vector<Registered<PoolLabels, PoolProbe>> pools_;
    std::vector<Registered<PoolLabels, PoolExemplars>> exemplars_;
    std::vector<Registered<ListenerLabels, SessionProbe>> sessions_;
    std::vector<Registered<std::string, LoopProbe>> loops_;
    std::vector<Registered<std::string, UpstreamProbe>> upstreams_;
    std::vector<Registered<std::string, ServerProbe>> servers_;
    std::vector<std::shared_ptr<SpanRing>> rings_;
    TenantLedger tenants_;    // guards itself
    SpanCounts span_counts_;  // the exporter's
};

}  // namespace weir::telemetry
