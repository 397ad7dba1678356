#include "collectors/prometheus/catalogue.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>

namespace weir::collectors::catalogue {
namespace {

TEST(Catalogue, names_are_unique_and_begin_with_the_products_prefix) {
    std::set<std::string_view> names;
    for (const Metric* metric : all) {
        EXPECT_TRUE(names.insert(metric->name).second) << metric->name;
        EXPECT_TRUE(metric->name.starts_with("weir_") || metric->name.starts_with("process_"))
            << metric->name;
    }
}

TEST(Catalogue, only_the_page_of_tenants_knows_tenants) {
    const auto has_tenant = [](const Metric* metric) {
        return std::find(metric->labels.begin(), metric->labels.end(), "tenant") !=
               metric->labels.end();
    };
    EXPECT_TRUE(std::none_of(all.begin(), all.end(), has_tenant));
    EXPECT_TRUE(std::all_of(tenant_families.begin(), tenant_families.end(), has_tenant));
    for (const Metric* metric : tenant_families) {
        EXPECT_TRUE(metric->name.starts_with("weir_tenant_")) << metric->name;
        EXPECT_EQ(metric->name.ends_with("_total"), metric->type == counter) << metric->name;
        EXPECT_TRUE(metric->help.ends_with('.')) << metric->name;
    }
}

TEST(Catalogue, counters_and_nothing_else_end_in_total) {
    for (const Metric* metric : all) {
        EXPECT_EQ(metric->name.ends_with("_total"), metric->type == counter) << metric->name;
    }
}

TEST(Catalogue, help_is_one_sentence_of_one_line) {
    for (const Metric* metric : all) {
        EXPECT_TRUE(metric->help.ends_with('.')) << metric->name;
        EXPECT_EQ(metric->help.find_first_of("\n\\"), std::string_view::npos) << metric->name;
    }
}

TEST(Catalogue, labels_are_bounded_by_construction) {
    const std::set<std::string_view> allowed{
        "pool",      "engine",   "upstream", "mode",    "state",    "outcome",  "reason",
        "source",    "cause",    "result",   "action",  "class",    "end",      "side",
        "direction", "listener", "to",       "version", "revision", "compiler", "loop",
        "backend",   "endpoint", "label",    "owner",   "holder"};
    for (const Metric* metric : all) {
        for (std::size_t i = 0; i < metric->label_count(); ++i) {
            EXPECT_TRUE(allowed.contains(metric->labels[i]))
                << metric->name << " " << metric->labels[i];
        }
    }
}

TEST(Catalogue, times_are_in_seconds_and_sizes_in_bytes) {
    for (const Metric* metric : all) {
        EXPECT_EQ(metric->name.find("milli"), std::string_view::npos) << metric->name;
        if (metric->type == histogram) {
            EXPECT_TRUE(metric->name.ends_with("_seconds")) << metric->name;
        }
    }
}

}  // namespace
}  // namespace weir::collectors::catalogue
