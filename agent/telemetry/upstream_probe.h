// One upstream's budget and breaker, written under the budget's mutex, whatever the thread.
#pragma once

#include "telemetry/cell.h"
#include "telemetry/vocabulary.h"

namespace weir::telemetry {

class alignas(64) UpstreamProbe {
  public:
    void breaker_entered(BreakerState state) {
        breaker_.set(static_cast<std::int64_t>(state));
        transitions_[state].add();
    }
    void reachable(bool up) { up_.set(up ? 1 : 0); }
    void budget(std::int64_t maximum, std::int64_t used) {
        maximum_.set(maximum);
        used_.set(used);
    }
    void stole() { steals_.add(); }

    [[nodiscard]] BreakerState breaker() const {
        return static_cast<BreakerState>(breaker_.read());
    }
    [[nodiscard]] std::uint64_t transitions(BreakerState to) const {
        return transitions_[to].read();
    }
    [[nodiscard]] bool up() const { return up_.read() != 0; }
    [[nodiscard]] std::int64_t budget_connections() const { return maximum_.read(); }
    [[nodiscard]] std::int64_t budget_used() const { return used_.read(); }
    [[nodiscard]] std::uint64_t steals() const { return steals_.read(); }

  private:
    Gauge breaker_, up_, maximum_, used_;
    base::ByWord<BreakerState, Counter> transitions_;
    Counter steals_;
};

}  // namespace weir::telemetry
