#include "collectors/prometheus/span_collector.h"

#include <gtest/gtest.h>

#include "collectors/prometheus/sample_of.h"

namespace weir::collectors {
namespace {

TEST(SpanCollector, without_tracing_every_result_is_there_and_zero) {
    telemetry::Registry registry;
    const auto families = SpanCollector(registry).Collect();
    for (const char* result :
         {"exported", "unsampled", "dropped_queue_full", "rejected", "export_failed"}) {
        EXPECT_EQ(sample_of(families, "weir_spans_total", {{"result", result}}), 0) << result;
    }
    EXPECT_EQ(sample_of(families, "weir_span_queue_size", {}), 0);
    EXPECT_EQ(sample_of(families, "weir_span_queue_capacity", {}), 0);
}

TEST(SpanCollector, rings_of_all_loops_add_up_with_what_the_exporter_counts) {
    telemetry::Registry registry;
    registry.trace(2, 3);
    for (unsigned loop : {0U, 1U}) {
        const auto ring = registry.ring(loop);
        ring->unsampled();
        for (int i = 0; i < 3; ++i) ring->push({});
    }
    registry.span_counts().exported(5);
    registry.span_counts().rejected(6);
    registry.span_counts().export_failed(7);
    const auto families = SpanCollector(registry).Collect();
    const auto spans = [&](const char* result) {
        return sample_of(families, "weir_spans_total", {{"result", result}});
    };
    EXPECT_EQ(spans("exported"), 5);
    EXPECT_EQ(spans("unsampled"), 2);
    EXPECT_EQ(spans("dropped_queue_full"), 3);
    EXPECT_EQ(spans("rejected"), 6);
    EXPECT_EQ(spans("export_failed"), 7);
    EXPECT_EQ(sample_of(families, "weir_span_queue_size", {}), 3);
    EXPECT_EQ(sample_of(families, "weir_span_queue_capacity", {}), 3);
}

}  // namespace
}  // namespace weir::collectors
