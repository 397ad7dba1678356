#include "telemetry/tenant_probe.h"

#include <gtest/gtest.h>

namespace weir::telemetry {
namespace tenant_probe_test {

using namespace std::chrono_literals;

TEST(TenantProbe, keeps_to_cache_lines_and_to_its_size) {
    EXPECT_EQ(alignof(TenantProbe) % 64, 0u);
    EXPECT_EQ(alignof(TenantCells) % 64, 0u);
    EXPECT_LE(sizeof(TenantProbe), 256u);
}

TEST(TenantProbe, an_event_counts_for_the_pool_and_for_whom_it_is_credited_to) {
    TenantCells credit;
    TenantProbe probe(credit);
    probe.acquire_ended(AcquireOutcome::ok, 2ms);
    probe.acquire_ended(AcquireOutcome::rejected, 0ms);
    probe.acquire_ended(AcquireOutcome::timeout, -1ms);
    probe.leak_suspected();
    probe.query_ended();
    probe.received(10);
    probe.sent(300);
    const TenantCells& own = probe.cells();
    for (const TenantCells* cells : {&own, static_cast<const TenantCells*>(&credit)}) {
        EXPECT_EQ(cells->acquires[AcquireOutcome::ok].read(), 1u);
        EXPECT_EQ(cells->acquires[AcquireOutcome::rejected].read(), 1u);
        EXPECT_EQ(cells->acquires[AcquireOutcome::timeout].read(), 1u);
        EXPECT_EQ(cells->wait_nanoseconds.read(), 2'000'000u);
        EXPECT_EQ(cells->rejections.read(), 1u);
        EXPECT_EQ(cells->leaks_suspected.read(), 1u);
        EXPECT_EQ(cells->queries.read(), 1u);
        EXPECT_EQ(cells->bytes_in.read(), 10u);
        EXPECT_EQ(cells->bytes_out.read(), 300u);
    }
}

TEST(TenantProbe, a_new_credit_takes_the_gauges_along_and_leaves_the_counters) {
    TenantCells before, after;
    TenantProbe probe(before);
    probe.used(3);
    probe.pending(2);
    probe.sized(20);
    probe.query_ended();
    probe.credit_to(after);
    EXPECT_EQ(before.used.read(), 0);
    EXPECT_EQ(before.pending.read(), 0);
    EXPECT_EQ(before.max.read(), 0);
    EXPECT_EQ(after.used.read(), 3);
    EXPECT_EQ(after.pending.read(), 2);
    EXPECT_EQ(after.max.read(), 20);
    EXPECT_EQ(before.queries.read(), 1u);
    EXPECT_EQ(after.queries.read(), 0u);
    probe.query_ended();
    EXPECT_EQ(before.queries.read(), 1u);
    EXPECT_EQ(after.queries.read(), 1u);
    EXPECT_EQ(probe.cells().queries.read(), 2u);
}

TEST(TenantProbe, several_pools_share_a_credit) {
    TenantCells others;
    TenantProbe first(others), second(others);
    first.used(3);
    second.used(4);
    first.used(1);
    EXPECT_EQ(others.used.read(), 5);
    first.gone();
    EXPECT_EQ(others.used.read(), 4);
    EXPECT_EQ(second.cells().used.read(), 4);
}

}  // namespace tenant_probe_test
}  // namespace weir::telemetry
