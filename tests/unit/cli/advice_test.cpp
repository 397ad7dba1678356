#include "cli/advice.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

namespace weir::cli {
namespace {

using testing::DoubleEq;
using testing::DoubleNear;

Document tenants(double acquires, double transactions, double held, unsigned used) {
    return {{"tenants",
             {{{"pool", "shop"},
               {"tenant", "acme"},
               {"app", ""},
               {"upstream", "main"},
               {"used", used},
               {"pinned", 1},
               {"max", 10},
               {"acquires", acquires},
               {"transactions", transactions},
               {"transaction_seconds", held},
               {"waits", acquires},
               {"wait_seconds", acquires / 100}}}}};
}

TEST(LoadMeter, what_was_before_the_first_look_does_not_count) {
    LoadMeter meter;
    meter.look(tenants(1000, 1000, 50, 0), 0);
    meter.look(tenants(1100, 1080, 54, 2), 1);
    meter.look(tenants(1400, 1380, 69, 4), 1);
    const auto loads = meter.loads();
    ASSERT_EQ(loads.size(), 1U);
    EXPECT_EQ(loads[0].upstream, "main");
    EXPECT_THAT(loads[0].arrivals, DoubleEq(200));
    EXPECT_THAT(loads[0].peak_arrivals, DoubleEq(300));
    EXPECT_THAT(loads[0].hold_seconds, DoubleNear(0.05, 1e-9));
    EXPECT_THAT(loads[0].busy, DoubleEq(3)) << "two in use on average, and the pinned one";
    EXPECT_THAT(loads[0].wait_seconds, DoubleNear(0.01, 1e-9));
    EXPECT_EQ(loads[0].max, 10U);
}

TEST(LoadMeter, an_agent_that_starts_again_is_no_negative_load) {
    LoadMeter meter;
    meter.look(tenants(1000, 1000, 50, 0), 0);
    meter.look(tenants(10, 10, 1, 0), 1);
    EXPECT_THAT(meter.loads()[0].arrivals, DoubleEq(10));
    EXPECT_THAT(meter.loads()[0].hold_seconds, DoubleEq(0.1));
}

TEST(LoadMeter, a_single_look_or_none_measures_nothing) {
    LoadMeter meter;
    EXPECT_TRUE(meter.loads().empty());
    meter.look(tenants(1000, 1000, 50, 3), 0);
    EXPECT_EQ(meter.loads()[0].arrivals, 0);
    EXPECT_EQ(meter.loads()[0].hold_seconds, 0);
}

TEST(Advice, the_margin_grows_with_the_root_of_the_load) {
    EXPECT_EQ(connections_for(0), 1U);
    EXPECT_EQ(connections_for(0.01), 1U);
    EXPECT_EQ(connections_for(1), 4U);
    EXPECT_EQ(connections_for(16), 28U);
    EXPECT_EQ(connections_for(100), 130U);
}

TEST(Advice, a_pool_needs_its_mean_with_a_margin_and_its_peak) {
    PoolLoad load;
    load.arrivals = 200;
    load.hold_seconds = 0.02;
    EXPECT_EQ(suggested_max(load), 10U) << "4 in use, and 6 for bursts";
    load.peak_arrivals = 1000;
    EXPECT_EQ(suggested_max(load), 20U);
    load.busy = 16;
    EXPECT_EQ(suggested_max(load), 28U) << "held, though nothing came or ended";
}

TEST(Advice, slots_are_those_of_the_upstream) {
    constexpr std::string_view metrics =
        "weir_upstream_budget_connections{upstream=\"main\"} 40\n"
        "weir_upstream_budget_connections{upstream=\"other\"} 7\n"
        "weir_server_max_connections{upstream=\"main\"} 100\n";
    EXPECT_EQ(slots_of(metrics, "main").budget, 40);
    EXPECT_EQ(slots_of(metrics, "main").server, 100);
    EXPECT_EQ(slots_of(metrics, "other").server, 0);
}

TEST(Advice, an_application_needs_threads_times_processes_a_buffer_and_its_jobs) {
    const PlannedConnections planned =
        planned_connections({.processes = 8, .threads = 5, .jobs = 10, .databases = 3});
    EXPECT_EQ(planned.web, 40U);
    EXPECT_EQ(planned.buffer, 4U);
    EXPECT_EQ(planned.jobs, 12U);
    EXPECT_EQ(planned.each, 56U);
    EXPECT_EQ(planned.total, 168U);
    EXPECT_EQ(planned_connections({.processes = 2, .threads = 1}).buffer, 2U);
    EXPECT_EQ(planned_connections({.processes = 0, .threads = 1, .jobs = 5}).each, 7U);
}

}  // namespace
}  // namespace weir::cli
