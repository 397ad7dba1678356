#include "cli/advice.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "cli/exposition_reader.h"

namespace weir::cli {
namespace {

// A console, a migration, a health check: who comes besides, at least.
constexpr unsigned least_buffer = 2;
constexpr unsigned buffer_share = 10;  // and one in so many
// A job runner's own: its poller and its heartbeat.
constexpr unsigned of_a_job_runner = 2;

double ratio(double of, double to) { return to > 0 ? of / to : 0; }

// An agent that was restarted counts from 0 again.
double increase(double& last, double now) {
    const double before = std::exchange(last, now);
    return now >= before ? now - before : now;
}

}  // namespace

void LoadMeter::look(const Document& tenants, double seconds) {
    const bool first = looks_++ == 0;
    if (!first) seconds_ += seconds;
    for (const Document& seen : rows_at(tenants, "tenants")) {
        Key key{text_at(seen, "pool"), text_at(seen, "tenant"), text_at(seen, "app")};
        const auto [place, added] = rows_.try_emplace(std::move(key));
        Row& row = place->second;
        row.load.pool = text_at(seen, "pool");
        row.load.tenant = text_at(seen, "tenant");
        row.load.app = text_at(seen, "app");
        row.load.upstream = text_at(seen, "upstream");
        row.load.max = static_cast<unsigned>(number_at(seen, "max"));
        row.in_use += number_at(seen, "used") + number_at(seen, "pinned");
        const double came = increase(row.acquires, number_at(seen, "acquires"));
        const double ended = increase(row.transactions, number_at(seen, "transactions"));
        const double held = increase(row.held, number_at(seen, "transaction_seconds"));
        const double waits = increase(row.waits, number_at(seen, "waits"));
        const double waited = increase(row.waited, number_at(seen, "wait_seconds"));
        if (first) continue;  // what was before
        row.of_acquires += came;
        row.of_transactions += ended;
        row.of_held += held;
        row.of_waits += waits;
        row.of_waited += waited;
        row.load.peak_arrivals = std::max(row.load.peak_arrivals, ratio(came, seconds));
    }
}

std::vector<PoolLoad> LoadMeter::loads() const {
    std::vector<PoolLoad> loads;
    for (const auto& [key, row] : rows_) {
        PoolLoad load = row.load;
        load.arrivals = ratio(row.of_acquires, seconds_);
        load.hold_seconds = ratio(row.of_held, row.of_transactions);
        load.busy = ratio(row.in_use, looks_);
        load.wait_seconds = ratio(row.of_waited, row.of_waits);
        loads.push_back(std::move(load));
    }
    return loads;
}

unsigned connections_for(double concurrency) {
    constexpr double deviations = 3;
    const double wanted = concurrency + deviations * std::sqrt(std::max(concurrency, 0.0));
    return static_cast<unsigned>(std::max(1.0, std::ceil(wanted)));
}

unsigned suggested_max(const PoolLoad& load) {
    const double mean = std::max(load.arrivals * load.hold_seconds, load.busy);
    const double peak = std::ceil(load.peak_arrivals * load.hold_seconds);
    return std::max(connections_for(mean), static_cast<unsigned>(peak));
}

Slots slots_of(std::string_view metrics, std::string_view upstream) {
    Slots slots;
    for_each_sample(metrics, [&](const Sample& sample) {
        if (!sample.has("upstream", upstream)) return;
        if (sample.name == "weir_upstream_budget_connections") slots.budget = sample.value;
        if (sample.name == "weir_server_max_connections") slots.server = sample.value;
    });
    return slots;
}

PlannedConnections planned_connections(const Plan& plan) {
    PlannedConnections planned;
    planned.web = plan.processes * plan.threads;
    if (planned.web > 0) {
        planned.buffer = std::max(least_buffer, (planned.web + buffer_share - 1) / buffer_share);
    }
    planned.jobs = plan.jobs > 0 ? plan.jobs + of_a_job_runner : 0;
    planned.each = planned.web + planned.buffer + planned.jobs;
    planned.total = planned.each * plan.databases;
    return planned;
}

}  // namespace weir::cli
