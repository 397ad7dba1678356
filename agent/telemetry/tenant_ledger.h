// Where tenants' pools are opened and closed, where it is decided which tenants have a series of
// their own, and where these are read. Locked then only: events go to cells that one loop writes.
// A counter is never set back, and no event is ever moved from one series to another. What a tenant
// was credited stays for when it is admitted again: its name and a few cells, for at most as many
// as may be admitted in an hour.
//
// opened, closed, settle: a desk's own loop. tick: one thread. Reading: any thread.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <tuple>
#include <vector>

#include "telemetry/tenant_admission.h"

namespace weir::telemetry {

struct TenantSeries {
    std::string pool, engine, tenant;
    double use = 0;  // for the order: recent, connection-seconds
    TenantReading reading;
};
struct TenantsReading {
    std::vector<TenantSeries> own;
    std::vector<TenantSeries> others;  // one for each template and loop, without a name
};

class TenantLedger {
  public:
    void govern(TenantRules rules);  // also later, by a reload

    // The same for the same template and loop.
    std::shared_ptr<TenantDesk> desk(const std::string& pool, const std::string& engine,
                                     unsigned loop);
    std::shared_ptr<TenantProbe> opened(TenantDesk& desk, const std::string& tenant, Instant now);
    // Its writer writes no more.
    void closed(TenantDesk& desk, const std::string& tenant, TenantProbe& probe);
    // To be called at each tick of the desk's loop: what was decided takes effect.
    void settle(TenantDesk& desk, Instant now) {
        if (desk.bell.load(std::memory_order_relaxed)) switch_credit(desk, now);
    }

    // Looks at some of the tenants, and decides when all were looked at: to be called about ten
    // times a second. It takes longer until a decision where there are more tenants.
    void tick(Instant now);

    // `whole`: a scrape, which gets to see everything.
    [[nodiscard]] TenantsReading read(bool whole);
    [[nodiscard]] std::uint64_t turned_away() const;
    [[nodiscard]] std::size_t size() const;  // tenants that are known or have a history

  private:
    using Key = std::tuple<std::string, std::string, std::string>;  // pool, engine, tenant
    static constexpr unsigned looked_at_in_a_tick = 512;
    static constexpr Duration round_takes = std::chrono::seconds(1);  // at least

    void switch_credit(TenantDesk& desk, Instant now);

    mutable std::mutex mutex_;  // guards all below
    TenantAdmission admission_;
    std::map<Key, TenantAccountRef> accounts_;
    std::vector<std::shared_ptr<TenantDesk>> desks_;
    Key next_;  // the round goes on here
    bool in_round_ = false;
    Instant round_began_{};
    Instant latest_{};  // that was told
};

}  // namespace weir::telemetry
