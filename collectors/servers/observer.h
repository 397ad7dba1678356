// Watches over the servers of all upstreams that the configuration wants observed. Made when the
// agent starts; follow() and stop() are called by one thread at a time.
#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "collectors/servers/server_access.h"
#include "collectors/servers/watch.h"
#include "settings/settings.h"
#include "telemetry/registry.h"

namespace weir::collectors {

class Observer {
  public:
    // Both outlive it.
    Observer(telemetry::Registry& registry, ServerAccess& access)
        : registry_(registry), access_(access) {}

    // From now on watches what this configuration says: a watch that it does not change goes on,
    // and the numbers of one that it ends are forgotten. No effect after stop().
    void follow(const settings::Settings& settings);
    // Ends all watches for good; their last numbers stay.
    void stop();

  private:
    telemetry::Registry& registry_;
    ServerAccess& access_;
    std::mutex mutex_;  // guards all below
    std::vector<std::unique_ptr<Watch>> watches_;
    bool stopped_ = false;
};

}  // namespace weir::collectors
