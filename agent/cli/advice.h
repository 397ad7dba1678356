// How many server connections pools need. From what was measured over a stretch of time: arrivals ×
// hold time (Little's law) is how many are in use on average, to which comes a margin for bursts.
// Before there is traffic: the usual formulas for an application's processes. Pure.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "cli/document.h"
#include "cli/options.h"

namespace weir::cli {

// What one tenant's pool did.
struct PoolLoad {
    std::string pool, tenant, app, upstream;
    double arrivals = 0;       // acquires a second, whatever became of them
    double peak_arrivals = 0;  // of the busiest stretch between two looks
    double hold_seconds = 0;   // mean, from acquire to release
    double busy = 0;           // connections in use, mean of the looks
    double wait_seconds = 0;   // mean of an acquire
    unsigned max = 0;          // as configured
};

// Collects looks at GET /api/v1/tenants.
class LoadMeter {
  public:
    // `seconds` since the look before; of the first look it is not used.
    void look(const Document& tenants, double seconds);
    [[nodiscard]] std::vector<PoolLoad> loads() const;

  private:
    struct Row {
        PoolLoad load;
        double acquires = 0, transactions = 0, held = 0, waits = 0, waited = 0;  // as last seen …
        double of_acquires = 0, of_transactions = 0, of_held = 0, of_waits = 0,
               of_waited = 0;  // … and their increases
        double in_use = 0;     // summed over the looks
    };
    using Key = std::tuple<std::string, std::string, std::string>;  // pool, tenant, app
    std::map<Key, Row> rows_;
    double seconds_ = 0;
    unsigned looks_ = 0;
};

// So many that of arrivals independent of each other hardly one in a thousand finds all in use:
// three standard deviations of a Poisson distribution above `concurrency`; at least 1.
[[nodiscard]] unsigned connections_for(double concurrency);
// Of one tenant's pool: for its mean load with the margin, and for its peak.
[[nodiscard]] unsigned suggested_max(const PoolLoad& load);

// What an upstream allows, from GET /metrics; 0: not known.
struct Slots {
    double budget = 0;  // our max_connections
    double server = 0;  // the server's own
};
[[nodiscard]] Slots slots_of(std::string_view metrics, std::string_view upstream);

struct PlannedConnections {
    unsigned web = 0, buffer = 0, jobs = 0;  // of one database
    unsigned each = 0, total = 0;            // one database, all of them
};
[[nodiscard]] PlannedConnections planned_connections(const Plan& plan);

}  // namespace weir::cli
