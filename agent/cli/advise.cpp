// `weir advise`: how many connections pools need, from what a running agent measures or, before
// there is traffic, from what the application will be.

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <nlohmann/json.hpp>
#include <thread>

#include "cli/advice.h"
#include "cli/commands.h"
#include "cli/figures.h"
#include "cli/look.h"
#include "cli/reports.h"
#include "cli/table.h"

namespace weir::cli {
namespace {

Document of(const PoolLoad& load) {
    return {{"pool", load.pool},
            {"tenant", load.tenant},
            {"app", load.app},
            {"arrivals_per_second", load.arrivals},
            {"peak_arrivals_per_second", load.peak_arrivals},
            {"hold_mean_seconds", load.hold_seconds},
            {"busy_mean", load.busy},
            {"wait_mean_seconds", load.wait_seconds},
            {"max_size", load.max},
            {"suggested_max_size", suggested_max(load)}};
}

// The neediest tenant of each pool, whose size is each tenant's; and what all need of an upstream.
Document measured(const std::vector<PoolLoad>& loads, const std::string& metrics, double seconds) {
    std::map<std::string, const PoolLoad*> neediest;
    std::map<std::string, double> together;
    for (const PoolLoad& load : loads) {
        const PoolLoad*& most = neediest[load.pool];
        if (most == nullptr || suggested_max(load) > suggested_max(*most)) most = &load;
        together[load.upstream] += std::max(load.arrivals * load.hold_seconds, load.busy);
    }
    Document pools = Document::array(), upstreams = Document::array();
    for (const auto& [name, load] : neediest) pools.push_back(of(*load));
    for (const auto& [name, concurrency] : together) {
        const Slots slots = slots_of(metrics, name);
        upstreams.push_back({{"upstream", name},
                             {"needed", connections_for(concurrency)},
                             {"max_connections", slots.budget},
                             {"server_max_connections", slots.server}});
    }
    return {{"seconds", seconds}, {"pools", std::move(pools)}, {"upstreams", std::move(upstreams)}};
}

Cell suggestion(const Document& row) {
    const double wanted = number_at(row, "suggested_max_size"), max = number_at(row, "max_size");
    return {number_text(wanted), wanted > max ? Tone::warning : Tone::good};
}

std::string upstream_line(const Document& row, bool colours) {
    const double needed = number_at(row, "needed"), budget = number_at(row, "max_connections"),
                 server = number_at(row, "server_max_connections");
    std::string line = fmt::format(
        "upstream {}: all tenants together need about {} at the same time, "
        "max_connections allows {}",
        text_at(row, "upstream"), number_text(needed), number_text(budget));
    if (server > 0) line += fmt::format(", the server {} for everybody", number_text(server));
    const bool short_of = needed > budget;
    return toned(line, short_of ? Tone::warning : Tone::plain, colours) + "\n";
}

int advise_by_measuring(const AdminClient& agent, const AdviseOptions& options,
                        const Output& output) {
    using clock = std::chrono::steady_clock;
    std::string query = selection_query(options.pool, {});
    query += query.empty() ? "?limit=0" : "&limit=0";
    LoadMeter meter;
    const clock::time_point begun = clock::now();
    clock::time_point last = begun;
    const auto elapsed = [&](clock::time_point since) {
        return std::chrono::duration<double>(clock::now() - since).count();
    };
    for (unsigned second = 0; second <= options.seconds; ++second) {
        std::this_thread::sleep_until(begun + std::chrono::seconds(second));
        const auto tenants = look(agent, "/api/v1/tenants" + query);
        if (!tenants) return output.fail(tenants.error().message);
        meter.look(tenants->document, elapsed(last));
        last = clock::now();
    }
    const auto metrics = agent.get("/metrics");
    if (!metrics) return output.fail(metrics.error().message);
    const Document advice = measured(meter.loads(), *metrics, elapsed(begun));
    output.out << (options.json ? advice.dump() + "\n" : advice_report(advice, output.colours));
    return 0;
}

Document planned(const Plan& plan) {
    const PlannedConnections needed = planned_connections(plan);
    return {{"web", needed.web},   {"buffer", needed.buffer},     {"jobs", needed.jobs},
            {"each", needed.each}, {"databases", plan.databases}, {"total", needed.total}};
}

}  // namespace

std::string advice_report(const Document& advice, bool colours) {
    using enum Align;
    Table table({{"POOL"},
                 {"TENANT"},
                 {"ARRIVALS/S", right},
                 {"PEAK/S", right},
                 {"HOLD MEAN", right},
                 {"BUSY", right},
                 {"WAIT MEAN", right},
                 {"MAX_SIZE", right},
                 {"SUGGESTED", right}});
    for (const Document& row : rows_at(advice, "pools")) {
        table.add({text_at(row, "pool"), text_at(row, "tenant"),
                   fmt::format("{:.1f}", number_at(row, "arrivals_per_second")),
                   fmt::format("{:.1f}", number_at(row, "peak_arrivals_per_second")),
                   duration_text(number_at(row, "hold_mean_seconds")),
                   fmt::format("{:.2f}", number_at(row, "busy_mean")),
                   duration_text(number_at(row, "wait_mean_seconds")), count_at(row, "max_size"),
                   suggestion(row)});
    }
    if (table.empty()) {
        return "no pool is in use yet: `weir advise --processes N --threads N --jobs N` says what "
               "an application will need\n";
    }
    std::string text = table.text(colours);
    for (const Document& row : rows_at(advice, "upstreams")) text += upstream_line(row, colours);
    text +=
        toned(fmt::format("measured for {} and for the neediest tenant of each pool; arrivals × "
                          "hold time, and three standard deviations for bursts\n",
                          duration_text(number_at(advice, "seconds"))),
              Tone::faint, colours);
    return text;
}

std::string plan_report(const Document& plan, const Plan& of) {
    std::string text;
    if (of.processes > 0) {
        text += fmt::format(
            "web    {:>6}  {} x {} of each process\nbuffer {:>6}  a tenth, at least 2\n",
            count_at(plan, "web"), of.processes, counted(of.threads, "thread"),
            count_at(plan, "buffer"));
    }
    if (of.jobs > 0) {
        text += fmt::format("jobs   {:>6}  {} and 2 of the runner's own\n", count_at(plan, "jobs"),
                            of.jobs);
    }
    text += fmt::format("each   {:>6}  of a database or Redis number\ntotal  {:>6}  of {}\n",
                        count_at(plan, "each"), count_at(plan, "total"),
                        counted(of.databases, "database"));
    return text +
           "So many clients come at the same time: `max_clients` is at least the total. A max_size "
           "of `each` never lets one wait;\nin transaction mode far less will do: measure it with "
           "`weir advise` under traffic.\n";
}

int perform(const AdminClient& agent, const AdviseOptions& options, const Output& output) {
    if (options.plan.processes == 0 && options.plan.jobs == 0) {
        return advise_by_measuring(agent, options, output);
    }
    const Document plan = planned(options.plan);
    output.out << (options.json ? plan.dump() + "\n" : plan_report(plan, options.plan));
    return 0;
}

}  // namespace weir::cli
