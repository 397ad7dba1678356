#include "admin/health.h"

#include <gmock/gmock.h>

#include "admin/fake_agent.h"

namespace weir::admin {
namespace {

using testing::HasSubstr;

const Issue& only_issue(const Health& health) {
    static const Issue none;
    EXPECT_EQ(health.issues.size(), 1U);
    return health.issues.empty() ? none : health.issues.front();
}

TEST(Health, calm_agent_is_healthy) {
    const Health health = assess(calm_snapshot(), {});
    EXPECT_EQ(health.status, HealthStatus::healthy);
    EXPECT_TRUE(health.issues.empty());
}

TEST(Health, agent_without_pools_and_upstreams_is_healthy) {
    EXPECT_EQ(assess({}, {}).status, HealthStatus::healthy);
}

TEST(Health, pool_over_warn_at_is_a_warning_that_counts_pinned_connections) {
    auto snapshot = calm_snapshot();
    snapshot.pools[0].counts.used = 10;
    snapshot.pools[0].counts.pinned = 7;
    const Health health = assess(snapshot, {});
    EXPECT_EQ(health.status, HealthStatus::warning);
    const Issue& issue = only_issue(health);
    EXPECT_EQ(issue.what, Trouble::pool_nearly_full);
    EXPECT_EQ(issue.pool, "tenants");
    EXPECT_EQ(issue.tenant, "acme");
    EXPECT_DOUBLE_EQ(issue.value, 0.85);
    EXPECT_DOUBLE_EQ(issue.limit, 0.8);
}

TEST(Health, pool_at_warn_at_exactly_is_healthy) {
    auto snapshot = calm_snapshot();
    snapshot.pools[0].counts.used = 16;
    EXPECT_EQ(assess(snapshot, {}).status, HealthStatus::healthy);
}

TEST(Health, full_pool_nobody_waits_for_is_only_a_warning) {
    auto snapshot = calm_snapshot();
    snapshot.pools[0].counts.used = 20;
    EXPECT_EQ(assess(snapshot, {}).status, HealthStatus::warning);
}

TEST(Health, full_pool_somebody_waits_for_is_an_error_told_once) {
    auto snapshot = calm_snapshot();
    snapshot.pools[0].counts.used = 18;
    snapshot.pools[0].counts.pinned = 2;
    snapshot.pools[0].counts.waiting = 4;
    snapshot.pools[0].counts.oldest_wait = std::chrono::milliseconds(2500);
    const Health health = assess(snapshot, {});
    EXPECT_EQ(health.status, HealthStatus::error);
    const Issue& issue = only_issue(health);
    EXPECT_EQ(issue.what, Trouble::pool_exhausted);
    EXPECT_EQ(issue.severity, HealthStatus::error);
    EXPECT_DOUBLE_EQ(issue.value, 20);
    EXPECT_DOUBLE_EQ(issue.limit, 20);
    EXPECT_THAT(issue.action, HasSubstr("4 wait, the oldest for 2.5 s"));
}

TEST(Health, waiting_below_max_is_not_exhaustion) {
    auto snapshot = calm_snapshot();
    snapshot.pools[0].counts.used = 5;
    snapshot.pools[0].counts.waiting = 4;
    EXPECT_EQ(assess(snapshot, {}).status, HealthStatus::healthy);
}

TEST(Health, waiting_on_a_paused_pool_is_not_exhaustion) {
    auto snapshot = calm_snapshot();
    snapshot.pools[0].counts.used = 20;
    snapshot.pools[0].counts.waiting = 4;
    snapshot.pools[0].counts.paused = true;
    EXPECT_EQ(assess(snapshot, {}).status, HealthStatus::warning);
}

TEST(Health, leaks_are_a_warning_for_each_tenant) {
    std::vector<proxy::LeakStatus> leaks(3);
    for (auto& leak : leaks) {
        leak.pool = "tenants";
        leak.tenant = "acme";
    }
    leaks[1].held_seconds = 75;
    leaks[2].tenant = "zeta";
    const Health health = assess(calm_snapshot(), leaks);
    EXPECT_EQ(health.status, HealthStatus::warning);
    ASSERT_EQ(health.issues.size(), 2U);
    EXPECT_EQ(health.issues[0].what, Trouble::leaks_suspected);
    EXPECT_EQ(health.issues[0].tenant, "acme");
    EXPECT_DOUBLE_EQ(health.issues[0].value, 2);
    EXPECT_THAT(health.issues[0].action, HasSubstr("up to 75 s"));
    EXPECT_EQ(health.issues[1].tenant, "zeta");
}

TEST(Health, open_breaker_is_an_error_with_the_last_connect_error) {
    auto snapshot = calm_snapshot();
    snapshot.templates[0].breaker = "open";
    snapshot.templates[0].last_connect_error = "connection refused";
    const Health health = assess(snapshot, {});
    EXPECT_EQ(health.status, HealthStatus::error);
    const Issue& issue = only_issue(health);
    EXPECT_EQ(issue.what, Trouble::breaker_open);
    EXPECT_EQ(issue.upstream, "main");
    EXPECT_THAT(issue.action, HasSubstr("connection refused"));
}

TEST(Health, half_open_breaker_is_a_warning) {
    auto snapshot = calm_snapshot();
    snapshot.templates[0].breaker = "half_open";
    EXPECT_EQ(only_issue(assess(snapshot, {})).what, Trouble::breaker_half_open);
    EXPECT_EQ(assess(snapshot, {}).status, HealthStatus::warning);
}

TEST(Health, every_upstream_down_is_an_error) {
    auto snapshot = calm_snapshot();
    snapshot.upstreams[0].up = false;
    const Health health = assess(snapshot, {});
    EXPECT_EQ(health.status, HealthStatus::error);
    EXPECT_EQ(only_issue(health).what, Trouble::no_upstream);
}

TEST(Health, upstream_never_dialed_counts_as_able) {
    auto snapshot = calm_snapshot();
    snapshot.upstreams[0].up = false;
    snapshot.upstreams.push_back({});
    EXPECT_EQ(assess(snapshot, {}).status, HealthStatus::healthy);
}

TEST(Health, p99_over_a_tenth_of_the_time_out_is_a_warning) {
    auto snapshot = calm_snapshot();
    snapshot.templates[0].wait_p99_seconds = 1.5;
    const Health health = assess(snapshot, {});
    EXPECT_EQ(health.status, HealthStatus::warning);
    EXPECT_EQ(only_issue(health).what, Trouble::waits_long);
    EXPECT_DOUBLE_EQ(only_issue(health).limit, 1);
}

TEST(Health, no_acquire_timeout_means_no_limit_on_waits) {
    auto snapshot = calm_snapshot();
    snapshot.templates[0].wait_p99_seconds = 30;
    snapshot.templates[0].acquire_timeout_seconds = 0;
    EXPECT_EQ(assess(snapshot, {}).status, HealthStatus::healthy);
}

TEST(Health, silent_loop_is_a_warning_because_its_pools_are_missing) {
    auto snapshot = calm_snapshot();
    snapshot.stale = {1, 3};
    const Health health = assess(snapshot, {});
    EXPECT_EQ(health.status, HealthStatus::warning);
    EXPECT_THAT(only_issue(health).action, HasSubstr("1, 3"));
}

TEST(Health, errors_stand_before_warnings) {
    auto snapshot = calm_snapshot();
    snapshot.templates[0].wait_p99_seconds = 5;
    snapshot.pools[0].counts.used = 20;
    snapshot.pools[0].counts.waiting = 1;
    const Health health = assess(snapshot, {});
    ASSERT_EQ(health.issues.size(), 2U);
    EXPECT_EQ(health.issues[0].what, Trouble::pool_exhausted);
    EXPECT_EQ(health.issues[1].what, Trouble::waits_long);
}

TEST(Health, list_is_bounded_and_keeps_the_errors) {
    auto snapshot = calm_snapshot();
    const proxy::PoolStatus pool = snapshot.pools[0];
    snapshot.pools.clear();
    for (unsigned i = 0; i < 5000; ++i) {
        snapshot.pools.push_back(pool);
        snapshot.pools.back().tenant = "t" + std::to_string(i);
        snapshot.pools.back().counts.used = 20;
    }
    snapshot.pools.back().counts.waiting = 1;
    const Health health = assess(snapshot, {});
    EXPECT_EQ(health.status, HealthStatus::error);
    EXPECT_EQ(health.issues.size(), max_issues);
    EXPECT_EQ(health.unlisted, 5000 - max_issues);
    EXPECT_EQ(health.issues[0].tenant, "t4999");
}

TEST(Health, a_failed_reload_is_a_warning_that_says_why) {
    proxy::Snapshot snapshot = calm_snapshot();
    snapshot.reload_failure = "weir.toml:3:1: agent.loops: expected a number";
    const Health health = assess(snapshot, {});
    EXPECT_EQ(health.status, HealthStatus::warning);
    ASSERT_EQ(health.issues.size(), 1U);
    EXPECT_EQ(health.issues[0].what, Trouble::reload_failed);
    EXPECT_NE(health.issues[0].action.find("agent.loops"), std::string::npos);
}

TEST(Health, a_server_with_few_slots_left_is_a_warning_with_whose_they_are) {
    proxy::Snapshot snapshot = calm_snapshot();
    proxy::UpstreamStatus& upstream = snapshot.upstreams.at(0);
    upstream.server_slots = 100;
    upstream.server_slots_used = 90;
    EXPECT_EQ(assess(snapshot, {}).status, HealthStatus::healthy);
    upstream.server_slots_used = 91;
    const Health health = assess(snapshot, {});
    EXPECT_EQ(health.status, HealthStatus::warning);
    const Issue issue = only_issue(health);
    EXPECT_EQ(issue.what, Trouble::server_slots_low);
    EXPECT_EQ(issue.upstream, upstream.name);
    EXPECT_THAT(issue.action, HasSubstr("91 of the server's 100 connections"));
}

TEST(Health, a_server_that_nobody_asks_has_no_slots_to_warn_of) {
    proxy::Snapshot snapshot = calm_snapshot();
    snapshot.upstreams.at(0).server_slots_used = 91;
    EXPECT_EQ(assess(snapshot, {}).status, HealthStatus::healthy);
}

}  // namespace
}  // namespace weir::admin
