// The profiles are complete configurations: each loads as it is and keeps the numbers it promises.
#include <filesystem>
#include <set>

#include "loading.h"
#include "settings/pattern.h"

namespace weir::settings {
namespace {

using ::testing::IsEmpty;

const std::filesystem::path folder = WEIR_SOURCE_DIR "/config/profiles";

Settings profile(const std::string& name) {
    const auto result = load_file((folder / (name + ".toml")).string(), {});
    if (!result) {
        for (const auto& problem : result.error()) ADD_FAILURE() << problem.text();
        return {};
    }
    EXPECT_THAT(texts_of(result->warnings), IsEmpty());
    EXPECT_THAT(texts_of(result->notices), IsEmpty());
    EXPECT_THAT(texts_of(result->unsafe), IsEmpty());
    return result->settings;
}

Pool pool_of(const Settings& settings, const std::string& name) {
    for (const auto& pool : settings.pool) {
        if (pool.name == name) return pool;
    }
    ADD_FAILURE() << "no pool " << name;
    return {};
}

void expect_sizes(const Pool& pool, unsigned min, unsigned max, std::chrono::nanoseconds idle) {
    EXPECT_EQ(pool.min_idle, min);
    EXPECT_EQ(pool.max_size, max);
    EXPECT_EQ(pool.idle_timeout, idle);
}

TEST(Profiles, are_the_five_that_are_tested_here) {
    std::set<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        names.insert(entry.path().filename().string());
    }
    EXPECT_EQ(names,
              (std::set<std::string>{"development.toml", "enterprise.toml", "high-traffic.toml",
                                     "schema-per-tenant.toml", "small.toml"}));
}

TEST(Profiles, development_keeps_1_to_5_for_15_minutes) {
    expect_sizes(pool_of(profile("development"), "development"), 1, 5, 15min);
}

TEST(Profiles, small_keeps_1_to_10_for_30_minutes) {
    expect_sizes(pool_of(profile("small"), "app"), 1, 10, 30min);
}

TEST(Profiles, enterprise_keeps_2_to_50_for_60_minutes) {
    expect_sizes(pool_of(profile("enterprise"), "tenants"), 2, 50, 60min);
}

TEST(Profiles, high_traffic_keeps_5_to_100_for_120_minutes) {
    expect_sizes(pool_of(profile("high-traffic"), "app"), 5, 100, 120min);
}

TEST(Profiles, schema_per_tenant_keeps_5_to_20_for_30_seconds) {
    const auto settings = profile("schema-per-tenant");
    for (const auto* name : {"master", "web", "worker"}) {
        expect_sizes(pool_of(settings, name), 5, 20, 30s);
        EXPECT_EQ(pool_of(settings, name).database, "saas");
    }
}

TEST(Profiles, schema_per_tenant_gives_each_app_of_a_tenant_its_schema) {
    const auto settings = profile("schema-per-tenant");
    for (const auto* app : {"web", "worker"}) {
        const auto pool = pool_of(settings, app);
        const auto match = Pattern::compile(pool.match)->match(std::string("acme_") + app);
        ASSERT_TRUE(match.has_value());
        EXPECT_EQ(fill(pool.search_path, *match), "tenant_acme, public");
    }
    // The first pool that matches serves.
    EXPECT_EQ(settings.pool.at(0).match, "master");
}

}  // namespace
}  // namespace weir::settings
