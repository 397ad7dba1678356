#include "collectors/prometheus/agent_collector.h"

#include <gtest/gtest.h>

#include "collectors/prometheus/filled_registry.h"
#include "collectors/prometheus/sample_of.h"

namespace weir::collectors {
namespace {

TEST(AgentCollector, tells_the_build_and_how_reading_the_configuration_went) {
    const FixedFacts facts;
    const auto families = AgentCollector(facts).Collect();
    EXPECT_EQ(sample_of(families, "weir_build_info",
                        {{"version", "0.1.0"}, {"revision", "abc"}, {"compiler", "g++ \"12\""}}),
              1);
    EXPECT_EQ(sample_of(families, "weir_config_last_reload_successful", {}), 1);
    EXPECT_EQ(sample_of(families, "weir_config_last_reload_success_timestamp_seconds", {}), 1.7e9);
    EXPECT_EQ(sample_of(families, "weir_config_reloads_total", {{"result", "ok"}}), 3);
    EXPECT_EQ(sample_of(families, "weir_config_reloads_total", {{"result", "failed"}}), 1);
}

}  // namespace
}  // namespace weir::collectors
