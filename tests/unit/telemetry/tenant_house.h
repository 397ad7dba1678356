// Tenants' pools of a few templates on a few loops, with a ledger over them and a clock of their
// own.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "telemetry/tenant_ledger.h"

namespace weir::telemetry {

using namespace std::chrono_literals;

class TenantHouse {
  public:
    struct Open {
        TenantDesk* desk;
        std::string tenant;
        std::shared_ptr<TenantProbe> probe;
    };

    TenantDesk& desk(const std::string& pool = "app", unsigned loop = 0) {
        return *ledger.desk(pool, "postgresql", loop);
    }
    TenantProbe& open(const std::string& tenant, const std::string& pool = "app",
                      unsigned loop = 0) {
        TenantDesk& where = desk(pool, loop);
        opened.push_back({&where, tenant, ledger.opened(where, tenant, now)});
        return *opened.back().probe;
    }
    void close(std::size_t index) {
        ledger.closed(*opened[index].desk, opened[index].tenant, *opened[index].probe);
        opened.erase(opened.begin() + static_cast<std::ptrdiff_t>(index));
    }
    void settle() {
        for (const char* pool : {"app", "web"}) {
            for (const unsigned loop : {0U, 1U}) ledger.settle(desk(pool, loop), now);
        }
    }
    // Time goes by; everybody is looked at and what was decided takes effect.
    void pass(Duration time) {
        now += time;
        for (int ticks = 0; ticks < 100; ++ticks) ledger.tick(now);
        settle();
    }
    // The shown series of all loops added up: by pool and tenant, "other" for the others.
    using Page = std::map<std::pair<std::string, std::string>, TenantReading>;
    Page page() {
        Page page;
        const TenantsReading all = ledger.read(true);
        for (const TenantSeries& one : all.own) page[{one.pool, one.tenant}].add(one.reading);
        for (const TenantSeries& one : all.others) page[{one.pool, "other"}].add(one.reading);
        return page;
    }
    std::vector<std::string> named() {  // in the order of their names
        std::vector<std::string> names;
        for (const auto& [label, reading] : page()) {
            if (label.second != "other") names.push_back(label.second);
        }
        return names;
    }

    TenantLedger ledger;
    Instant now{1000h};
    std::vector<Open> opened;
};

}  // namespace weir::telemetry
