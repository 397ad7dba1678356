// The pools of one template on one loop: makes a tenant's pool when it is first asked for, forgets
// it when unused, and keeps the lists ordered by time that one tick looks at the heads of, so that
// 20,000 pools cost nothing while nothing is due. Owned by its loop's thread.
#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>

#include "pool/gate.h"
#include "pool/host.h"
#include "pool/pool.h"
#include "telemetry/registry.h"

namespace weir::pool {

class TemplatePools {
  public:
    // `gate`, `host`, `port` and `registry` outlive it. `seed` feeds the jitter of lifetimes.
    TemplatePools(const settings::Pool& settings, settings::Engine engine, Gate& gate, Host& host,
                  Port& port, telemetry::Registry& registry, unsigned loop, std::uint64_t seed);
    TemplatePools(const TemplatePools&) = delete;
    TemplatePools& operator=(const TemplatePools&) = delete;
    ~TemplatePools();

    // Found or made. nullptr: max_tenants are known already and no unused one could be forgotten
    // here; counted as a rejection, "tenant_limit".
    [[nodiscard]] Pool* obtain(const PoolName& name, Instant now);
    [[nodiscard]] Pool* find(const PoolName& name);
    // What is due: time-outs, reaping, warming, leaks, dial back-off, budget quantum, forgetting.
    void tick(Instant now);
    void drain(Instant now);
    // A reload: `settings` are in effect from now on, for the pools that are there, too. A template
    // that was removed is served again. Precondition: the same name, upstream and mode.
    void reconfigure(const settings::Pool& settings, Instant now);
    // A reload has taken the template away: nobody new is served, connections go as their clients
    // let go of them, and the pools are forgotten when empty.
    void remove(Instant now);
    [[nodiscard]] bool removed() const { return removed_; }
    [[nodiscard]] const settings::Pool& settings() const { return scope_->settings; }
    [[nodiscard]] telemetry::PoolLabels labels() const;
    void for_each(const std::function<void(Pool&)>& visit);
    // Of all its connections in use; nullptr: none is.
    [[nodiscard]] Server* longest_held() const;
    // Whether somebody waits for a token of the upstream.
    [[nodiscard]] bool tokens_lacked() const;
    // Who waited for whom in the last minutes.
    [[nodiscard]] BlameReading blame(Instant now) const;
    [[nodiscard]] std::size_t size() const { return pools_.size(); }

  private:
    class Letters;  // what the budget sends, as long as this lives
    void budget_moved(std::uint64_t number, Instant now);
    void refuse_overdue(Instant now);
    void watch_checkouts(Instant now);
    void reap(Instant now);
    void retry_stalled(Instant now);
    void warm(Instant now);
    void settle_blame(Instant now);
    void forget_unused(Instant now);
    void look_again(Pool& pool, Instant at);
    [[nodiscard]] bool make_room(Instant now);
    [[nodiscard]] Duration unused_limit() const;  // of pools that may be forgotten; 0: never
    void look_at_all_again(Instant now);
    void erase(Pool& pool);
    void group_tenants(int change);
    [[nodiscard]] static std::string key_of(const PoolName& name);

    std::unique_ptr<Scope> scope_;
    std::unordered_map<std::string, std::unique_ptr<Pool>> pools_;
    std::unordered_map<std::uint64_t, Pool*> by_number_;
    // When a pool may have been unused for long enough; put off again if it was used meanwhile.
    std::set<std::pair<Instant, Pool*>> agenda_;
    std::uint64_t last_number_ = 0;
    const unsigned loop_;
    bool removed_ = false;
    Instant latest_{};
};

}  // namespace weir::pool
