// What all loops share of one upstream: its budget of connections and its breaker, each exact under
// one mutex. Touched only when a connection is dialed, closed or recalled, never by a query.
#pragma once

#include <memory>

#include "pool/breaker.h"
#include "pool/budget.h"
#include "pool/port.h"
#include "settings/settings.h"
#include "telemetry/upstream_probe.h"

namespace weir::pool {

struct Gate {
    Gate(const settings::Upstream& upstream, std::shared_ptr<telemetry::UpstreamProbe> probe);
    std::string name;
    std::shared_ptr<telemetry::UpstreamProbe> probe;
    Budget budget;
    Breaker breaker;
};

}  // namespace weir::pool
