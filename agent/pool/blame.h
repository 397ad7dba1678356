// Whose use of connections the waiting of a template's pools on a loop is spent on. Waiting for a
// full pool is spent on those who use it: its own tenant. Waiting for a token of the upstream is
// spent on all tenants that use its connections, by how many each uses; who that is, is looked up
// when such a wait begins and at ticks, not at every event. Of all else nobody is to blame.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>

#include "base/clock.h"
#include "pool/blame_matrix.h"
#include "pool/holdings.h"
#include "telemetry/pool_probe.h"

namespace weir::pool {

class Budget;

class Blame {
  public:
    [[nodiscard]] static bool has_holders(telemetry::WaitCause cause) {
        return cause == telemetry::WaitCause::pool_full || cause == telemetry::WaitCause::budget;
    }

    // Time as all pools of this template on this loop see it: a message may be of before.
    [[nodiscard]] base::Instant moved_on(base::Instant now) {
        return latest_ = std::max(latest_, now);
    }
    // Pools whose waiters lack a token, now.
    void lack_of_tokens(int change) { lacking_ += change; }
    [[nodiscard]] bool tokens_lacked() const { return lacking_ > 0; }
    // Looks up who uses the upstream's connections, unless it has just done so.
    void look(const Budget& budget, base::Instant now);

    // Waiting × time of a tenant's pool has been spent, in nanoseconds. What was spent on the
    // pool's own users is counted already and told now and then.
    void spent_on_pool(const std::string& tenant, std::uint64_t nanoseconds);
    void spent_on_tokens(const std::string& tenant, std::uint64_t nanoseconds,
                         telemetry::PoolProbe& probe);

    [[nodiscard]] BlameReading read(base::Instant now) const { return matrix_.read(now); }

  private:
    BlameMatrix matrix_;
    std::shared_ptr<const Holdings> holdings_ = std::make_shared<Holdings>();
    base::Instant looked_at_{}, latest_{};
    int lacking_ = 0;
};

}  // namespace weir::pool
