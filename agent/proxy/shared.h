// What the lobby and the pool loops of one agent share. Everything here is immutable after start or
// safe from any thread; it outlives all loops.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "pool/gate.h"
#include "proxy/accounts.h"
#include "proxy/directory.h"
#include "proxy/listener_tls.h"
#include "proxy/routes.h"
#include "settings/settings.h"
#include "telemetry/registry.h"
#include "upstream/canceller.h"
#include "upstream/dialer.h"

namespace weir::proxy {

// One [[upstream]] while the agent runs.
struct UpstreamLink {
    UpstreamLink(const settings::Upstream& upstream, telemetry::Registry& registry);

    void connected();
    void failed(const std::string& message);
    [[nodiscard]] std::string last_error() const;  // empty when the last connect worked

    const settings::Upstream& settings;
    pool::Gate gate;
    std::unique_ptr<upstream::Dialer> dialer;
    std::atomic<bool> ever_dialed{false};

  private:
    mutable std::mutex mutex_;
    std::string last_error_;
};

// One [[listen]] while the agent runs.
struct ListenerLink {
    const settings::Listen* settings = nullptr;
    telemetry::ListenerLabels labels;
    std::atomic<unsigned> clients{0};
    std::unique_ptr<ListenerTls> tls;  // nullptr: plain only; the lobby's thread
};

struct Shared {
    explicit Shared(settings::Snapshot snapshot, Routes compiled_routes, unsigned loops);

    settings::Snapshot settings;
    telemetry::Registry registry;
    Routes routes;
    Directory directory;
    std::vector<std::unique_ptr<UpstreamLink>> upstreams;          // as Settings::upstream
    std::vector<std::unique_ptr<ListenerLink>> listeners;          // as Settings::listen
    std::vector<std::shared_ptr<const settings::Pool>> templates;  // as Settings::pool
    std::vector<unsigned> template_upstream;                       // index into upstreams
    std::unique_ptr<upstream::Canceller> canceller;
    std::atomic<bool> draining{false};
    std::uint32_t generation = 0;  // of this process among its predecessors; set before start
};

}  // namespace weir::proxy
