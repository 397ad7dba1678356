#include "collectors/prometheus/exemplar_collector.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weir::collectors {
namespace exemplar_collector_test {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

constexpr std::int64_t second = 1'000'000'000;

class ExemplarCollectorTest : public ::testing::Test {
  protected:
    telemetry::PoolLabels labels(const std::string& pool) {
        telemetry::PoolLabels labels;
        labels.pool = pool;
        labels.engine = "postgresql";
        return labels;
    }
    std::shared_ptr<telemetry::PoolExemplars> row(const std::string& pool, unsigned loop) {
        probes_.push_back(registry_.pool(labels(pool), loop));
        return registry_.exemplars(labels(pool), loop);
    }
    Exemplars collect(std::size_t pools_max) {
        return collect_exemplars(registry_, group_pools(registry_, pools_max));
    }

    telemetry::Registry registry_;
    std::vector<std::shared_ptr<telemetry::PoolProbe>> probes_;
};

TEST_F(ExemplarCollectorTest, there_are_none_without_tracing) {
    probes_.push_back(registry_.pool(labels("shop"), 0));
    EXPECT_TRUE(collect(256).empty());
}

TEST_F(ExemplarCollectorTest, newest_of_all_loops_is_shown_in_its_bucket) {
    row("shop", 0)->wait_ok.write(3ms, {{1, 1}, 1, true}, 10 * second);
    row("shop", 1)->wait_ok.write(4ms, {{2, 2}, 2, true}, 11 * second);
    row("shop", 0)->use.write(1h, {{3, 3}, 3, true}, 12 * second);
    const Exemplars all = collect(256);
    const auto& waits = all.at({"weir_acquire_wait_seconds", {"shop", "postgresql", "ok"}});
    EXPECT_EQ(std::count_if(waits.begin(), waits.end(), [](const auto& one) { return one; }), 1);
    EXPECT_EQ(waits.at(5)->trace.low, 2U) << "le 0.005";
    const auto& use = all.at({"weir_connection_use_seconds", {"shop", "postgresql"}});
    EXPECT_EQ(use.back()->trace.low, 3U) << "+Inf";
}

TEST_F(ExemplarCollectorTest, templates_that_share_a_series_share_its_exemplars) {
    row("first", 0);
    row("second", 0)->query_time.write(1ms, {{7, 7}, 7, true}, second);
    EXPECT_EQ(collect(1).count({"weir_query_seconds", {"other", "postgresql"}}), 1U);
}

}  // namespace exemplar_collector_test
}  // namespace weir::collectors
