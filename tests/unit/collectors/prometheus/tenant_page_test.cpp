#include "collectors/prometheus/tenant_page.h"

#include <gtest/gtest.h>

#include "collectors/prometheus/filled_registry.h"
#include "collectors/prometheus/sample_of.h"

namespace weir::collectors {
namespace {

class TenantPage : public testing::Test {
  protected:
    telemetry::TenantProbe& open(const std::string& pool, const std::string& tenant,
                                 unsigned loop = 0) {
        (void)registry_.pool(pool_labels(pool), loop);
        const auto desk = registry_.tenants().desk(pool, "postgresql", loop);
        probes_.push_back(registry_.tenants().opened(*desk, tenant, at(1s)));
        return *probes_.back();
    }
    std::optional<double> queries(const Families& families, const std::string& pool,
                                  const std::string& tenant) {
        return sample_of(families, "weir_tenant_queries_total",
                         {{"pool", pool}, {"engine", "postgresql"}, {"tenant", tenant}});
    }

    telemetry::Registry registry_;
    std::vector<std::shared_ptr<telemetry::TenantProbe>> probes_;
};

TEST_F(TenantPage, adds_up_the_loops_of_a_tenant) {
    auto& one = open("app", "acme", 0);
    auto& other = open("app", "acme", 1);
    for (auto* probe : {&one, &other}) {
        probe->used(2);
        probe->pending(1);
        probe->sized(20);
        probe->acquire_ended(telemetry::AcquireOutcome::rejected, 500ms);
        probe->leak_suspected();
        probe->query_ended();
        probe->received(10);
        probe->sent(20);
    }
    const Families families = collect_tenants(registry_, 256, {});
    const auto value = [&](const std::string& name, Labels more = {}) {
        more.insert({{"pool", "app"}, {"engine", "postgresql"}, {"tenant", "acme"}});
        return sample_of(families, "weir_tenant_" + name, more);
    };
    EXPECT_EQ(value("connections_used"), 4);
    EXPECT_EQ(value("pending_acquires"), 2);
    EXPECT_EQ(value("connections_max"), 40);
    EXPECT_EQ(value("acquires_total", {{"outcome", "rejected"}}), 2);
    EXPECT_EQ(value("acquires_total", {{"outcome", "ok"}}), 0);
    EXPECT_EQ(value("acquire_wait_seconds_total"), 1);
    EXPECT_EQ(value("rejections_total"), 2);
    EXPECT_EQ(value("leaks_suspected_total"), 2);
    EXPECT_EQ(value("queries_total"), 2);
    EXPECT_EQ(value("network_bytes_total"), 60);
    EXPECT_EQ(queries(families, "app", "other"), 0) << "there from the start";
}

TEST_F(TenantPage, tenants_of_templates_without_series_of_their_own_are_added_up) {
    open("a", "acme").query_ended();
    open("b", "acme").query_ended();
    open("c", "acme").query_ended();
    const Families families = collect_tenants(registry_, 1, {});
    EXPECT_EQ(queries(families, "a", "acme"), 1);
    EXPECT_EQ(queries(families, "other", "acme"), 2);
    EXPECT_EQ(queries(families, "b", "acme"), std::nullopt);
}

TEST_F(TenantPage, one_tenant_can_be_looked_at_alone) {
    open("app", "acme").query_ended();
    open("app", "beta").query_ended();
    const Families one = collect_tenants(registry_, 256, {"acme", 0});
    EXPECT_EQ(queries(one, "app", "acme"), 1);
    EXPECT_EQ(queries(one, "app", "beta"), std::nullopt);
    EXPECT_EQ(queries(one, "app", "other"), std::nullopt);
    const Families others = collect_tenants(registry_, 256, {"other", 0});
    EXPECT_EQ(queries(others, "app", "other"), 0);
    EXPECT_EQ(queries(others, "app", "acme"), std::nullopt);
}

TEST_F(TenantPage, a_limit_keeps_those_who_use_most) {
    open("app", "acme").transaction_took(1'000);
    open("app", "beta").transaction_took(9'000'000'000);
    registry_.tenants().tick(at(10s));
    const Families families = collect_tenants(registry_, 256, {{}, 1});
    EXPECT_EQ(queries(families, "app", "beta"), 0);
    EXPECT_EQ(queries(families, "app", "acme"), std::nullopt);
    EXPECT_EQ(queries(families, "app", "other"), 0);
}

}  // namespace
}  // namespace weir::collectors
