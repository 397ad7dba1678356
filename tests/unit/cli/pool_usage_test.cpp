#include "cli/pool_usage.h"

#include <gtest/gtest.h>

namespace weir::cli {
namespace {

constexpr std::string_view metrics =
    "# HELP weir_acquire_served_total Served acquires.\n"
    "# TYPE weir_acquire_served_total counter\n"
    "weir_acquire_served_total{pool=\"a\",engine=\"postgresql\",source=\"idle\"} 90\n"
    "weir_acquire_served_total{pool=\"a\",engine=\"postgresql\",source=\"created\"} 10\n"
    "weir_acquire_served_total{pool=\"b\",engine=\"postgresql\",source=\"waited\"} 1e3\n"
    "weir_acquire_wait_seconds_bucket{pool=\"a\",outcome=\"ok\",le=\"0.1\"} 7\n"
    "weir_acquire_wait_seconds_sum{pool=\"a\",outcome=\"ok\"} 2.5\n"
    "weir_acquire_wait_seconds_sum{pool=\"a\",outcome=\"failed\"} 0.5\n"
    "weir_acquire_wait_seconds_count{pool=\"a\",outcome=\"ok\"} 100\n"
    "weir_other{spool=\"a\"} 5\n"
    "process_cpu_seconds_total 3";

TEST(PoolUsage, one_pools_counters_are_summed_over_their_other_labels) {
    const PoolUsage usage = pool_usage(metrics, "a");
    EXPECT_EQ(usage.served, 100);
    EXPECT_EQ(usage.created, 10);
    EXPECT_EQ(usage.waits, 100);
    EXPECT_EQ(usage.wait_seconds, 3);
}

TEST(PoolUsage, without_a_name_all_pools_count) { EXPECT_EQ(pool_usage(metrics, "").served, 1100); }

TEST(PoolUsage, an_unknown_pool_or_garbage_is_nothing) {
    EXPECT_EQ(pool_usage(metrics, "c").served, 0);
    EXPECT_EQ(pool_usage("}{\n{}\n", "").served, 0);
}

TEST(PoolUsage, two_looks_make_a_stretch) {
    const PoolUsage usage = PoolUsage{30, 3, 30, 2} - PoolUsage{10, 1, 10, 0.5};
    EXPECT_EQ(usage.served, 20);
    EXPECT_EQ(usage.created, 2);
    EXPECT_EQ(usage.waits, 20);
    EXPECT_EQ(usage.wait_seconds, 1.5);
}

}  // namespace
}  // namespace weir::cli
