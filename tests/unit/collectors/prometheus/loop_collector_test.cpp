#include "collectors/prometheus/loop_collector.h"

#include <gtest/gtest.h>

#include "collectors/prometheus/filled_registry.h"
#include "collectors/prometheus/sample_of.h"

namespace weir::collectors {
namespace {

TEST(LoopCollector, each_loop_tells_its_own_lag_work_and_backend) {
    telemetry::Registry registry;
    auto first = registry.loop(0, "epoll");
    auto second = registry.loop(1, "epoll");
    first->worked(1500ms);
    second->ticked(at(0s), 20ms);

    const auto families = LoopCollector(registry).Collect();
    EXPECT_EQ(sample_of(families, "weir_event_loop_busy_seconds_total", {{"loop", "0"}}), 1.5);
    EXPECT_EQ(sample_of(families, "weir_event_loop_busy_seconds_total", {{"loop", "1"}}), 0);
    EXPECT_EQ(sample_of(families, "weir_event_loop_backend", {{"loop", "1"}, {"backend", "epoll"}}),
              1);
    const auto* lag = find_sample(families, "weir_event_loop_lag_seconds", {{"loop", "1"}});
    ASSERT_NE(lag, nullptr);
    EXPECT_EQ(lag->histogram.sample_count, 1u);
    EXPECT_DOUBLE_EQ(lag->histogram.sample_sum, 0.02);
    EXPECT_EQ(lag->histogram.bucket[4].cumulative_count, 0u);  // at most 10 ms
    EXPECT_EQ(lag->histogram.bucket[5].cumulative_count, 1u);  // at most 50 ms
}

}  // namespace
}  // namespace weir::collectors
