#include "collectors/prometheus/query_collector.h"

#include <gtest/gtest.h>

#include <optional>

#include "collectors/prometheus/filled_registry.h"
#include "collectors/prometheus/sample_of.h"

namespace weir::collectors {
namespace {

TEST(QueryCollector, an_unknown_sqlstate_class_is_other) {
    telemetry::Registry registry;
    fill(registry);
    const auto families = QueryCollector(registry, 256).Collect();
    const auto errors = [&](const char* sqlstate_class) {
        return sample_of(families, "weir_query_errors_total",
                         {{"pool", "app"}, {"engine", "postgresql"}, {"class", sqlstate_class}});
    };
    EXPECT_EQ(errors("42"), 2);
    EXPECT_EQ(errors("other"), 2);
    EXPECT_EQ(errors("ZZ"), std::nullopt);
}

}  // namespace
}  // namespace weir::collectors
