// What all loops share of one upstream: its budget of connections and its breaker, each exact under
// one mutex. Touched only when a connection is dialed, closed or recalled, never by a query.
#pragma once

#include <memory>

#include "base/task.h"
#include "pool/breaker.h"
#include "pool/budget.h"
#include "settings/settings.h"
#include "telemetry/upstream_probe.h"

namespace weir::pool {

// How the budget reaches a pool's home loop: the task runs there, in order, after this call.
class Port {
  public:
    virtual ~Port() = default;
    virtual void post(base::Task task) = 0;  // any thread; called with no lock held
};

struct Gate {
    Gate(const settings::Upstream& upstream, std::shared_ptr<telemetry::UpstreamProbe> probe);
    std::string name;
    std::shared_ptr<telemetry::UpstreamProbe> probe;
    Budget budget;
    Breaker breaker;
};

}  // namespace weir::pool
