// The pools of one template on one loop: makes a tenant's pool when it is first asked for, forgets
// it when unused, and keeps the lists ordered by time that one tick looks at the heads of, so that
// 20,000 pools cost nothing while nothing is due. Owned by its loop's thread.
#pragma once

#include <functional>
#include <memory>

#include "pool/gate.h"
#include "pool/host.h"
#include "pool/pool.h"
#include "telemetry/registry.h"

namespace weir::pool {

class TemplatePools {
  public:
    // `gate`, `host`, `port` and `registry` outlive it. `seed` feeds the jitter of lifetimes.
    TemplatePools(std::shared_ptr<const settings::Pool> settings, settings::Engine engine,
                  Gate& gate, Host& host, Port& port, telemetry::Registry& registry, unsigned loop,
                  std::uint64_t seed);
    ~TemplatePools();

    [[nodiscard]] Pool& obtain(const PoolName& name, Instant now);  // found or made
    [[nodiscard]] Pool* find(const PoolName& name);
    // What is due: time-outs, reaping, warming, leaks, dial back-off, budget quantum, forgetting.
    void tick(Instant now);
    void drain(Instant now);
    void for_each(const std::function<void(Pool&)>& visit);
    [[nodiscard]] std::size_t size() const;
};

}  // namespace weir::pool
