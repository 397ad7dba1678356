#include "pool/gate.h"

namespace weir::pool {

Gate::Gate(const settings::Upstream& upstream, std::shared_ptr<telemetry::UpstreamProbe> its_probe)
    : name(upstream.name),
      probe(std::move(its_probe)),
      budget(upstream.max_connections, probe),
      breaker(upstream.breaker, probe) {}

}  // namespace weir::pool
