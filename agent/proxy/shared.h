// What the lobby and the pool loops of one agent share. Everything here is safe from any thread or
// changes only in a reload, while all loops stand still; it outlives all loops. Upstreams,
// listeners and templates are known by their place, a slot, for as long as the agent runs: what a
// reload removes keeps it, unserved, for whoever still uses it and for when its name comes back.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <vector>

#include "pool/gate.h"
#include "proxy/accounts.h"
#include "proxy/directory.h"
#include "proxy/holder_board.h"
#include "proxy/kill_order.h"
#include "proxy/listener_tls.h"
#include "proxy/newcomer.h"
#include "proxy/routes.h"
#include "settings/settings.h"
#include "telemetry/registry.h"
#include "telemetry/tracer.h"
#include "upstream/canceller.h"
#include "upstream/dialer.h"

namespace weir::proxy {

// Knows whether all dials are answered: one that a reload has replaced is kept until then.
class CountedDialer final : public upstream::Dialer {
  public:
    explicit CountedDialer(std::unique_ptr<upstream::Dialer> dialer) : dialer_(std::move(dialer)) {}
    void dial(upstream::DialRequest request,
              std::function<void(upstream::DialResult)> done) override;
    [[nodiscard]] bool at_rest() const { return under_way_ == 0; }

  private:
    std::atomic<unsigned> under_way_{0};
    const std::unique_ptr<upstream::Dialer> dialer_;
};

[[nodiscard]] std::unique_ptr<CountedDialer> make_dialer(const settings::Upstream& upstream);

// One [[upstream]] while the agent runs.
struct UpstreamLink {
    UpstreamLink(const settings::Upstream& upstream, telemetry::Registry& registry);

    void connected();
    void failed(const std::string& message);
    void moved();                                  // nothing is known of its server any more
    [[nodiscard]] std::string last_error() const;  // empty when the last connect worked
    // mysql: as its server last greeted a connection of ours; empty: it has not yet.
    void greeted(const std::string& version);
    [[nodiscard]] std::string server_version() const;

    settings::Upstream settings;
    bool served = true;
    pool::Gate gate;
    std::unique_ptr<CountedDialer> dialer;
    HolderBoard holders;
    std::atomic<bool> ever_dialed{false};
    std::atomic<bool> speaks_resp3{false};  // redis: as a connection has shown

  private:
    mutable std::mutex mutex_;
    std::string last_error_;
    std::string server_version_;
};

// One [[listen]] while the agent runs.
struct ListenerLink {
    void configure(std::shared_ptr<const settings::Listen> listen);

    std::shared_ptr<const settings::Listen> settings;
    bool served = true;
    telemetry::ListenerLabels labels;
    std::atomic<unsigned> clients{0};
    std::unique_ptr<ListenerTls> tls;  // nullptr: plain only; the lobby's thread
};

// Whose series /metrics/tenants has.
[[nodiscard]] telemetry::TenantRules tenant_rules(const settings::Metrics& metrics);

// Of a listener whose socket has closed: a unix socket's file stays behind otherwise.
void remove_socket_file(const std::string& address);

struct Shared {
    explicit Shared(settings::Snapshot snapshot, Routes compiled_routes, unsigned loops);

    // Which templates' pools share a home: a Redis client goes from one database to another.
    // Empty: a pool of this template is at home anywhere.
    [[nodiscard]] std::string kin(unsigned template_index) const;

    // Held in common by threads other than the loops while they look at the rest; a reload holds it
    // alone. Never while waiting for a loop.
    mutable std::shared_mutex looking;
    settings::Snapshot settings;
    telemetry::Registry registry;
    // Of traces that are kept though they were not sampled, for all loops together.
    const std::shared_ptr<telemetry::SpanAllowance> span_allowance =
        std::make_shared<telemetry::SpanAllowance>();
    Routes routes;
    Directory directory;
    std::vector<std::shared_ptr<UpstreamLink>> upstreams;  // shared with cancels under way
    std::vector<std::unique_ptr<ListenerLink>> listeners;
    std::vector<std::shared_ptr<const settings::Pool>> templates;
    std::vector<unsigned> template_upstream;  // index into upstreams
    std::vector<bool> template_served;
    std::unique_ptr<upstream::Canceller> canceller;
    // Takes a client to the home of another pool; set before the loops start, any thread.
    std::function<void(Newcomer)> readmit;
    // Takes a client back to the lobby, to log in as somebody else; likewise.
    std::function<void(Newcomer)> log_in_again;
    // Looks on all loops for the client that another one wants ended; likewise.
    std::function<void(std::uint32_t thread_id, bool query, std::string user,
                       std::function<void(KillOutcome)> told)>
        kill;
    std::atomic<bool> draining{false};
    std::uint32_t generation = 0;  // of this process among its predecessors; set before start
};

}  // namespace weir::proxy
