#include "telemetry/pool_probe.h"

#include <gtest/gtest.h>

#include "telemetry/quantile.h"

namespace weir::telemetry {
namespace pool_probe_test {

using namespace std::chrono_literals;

Instant at(Duration since_start) { return Instant(1000s + since_start); }

template <const auto& bounds>
std::uint64_t count(const Histogram<bounds>& histogram) {
    HistogramReading<bounds> reading;
    reading.add(histogram);
    return reading.count();
}

TEST(PoolProbe, blocks_keep_to_cache_lines_and_to_their_size) {
    EXPECT_EQ(alignof(PoolProbe) % 64, 0u);
    EXPECT_LE(sizeof(PoolProbe), 3072u);
}

TEST(PoolProbe, waits_of_all_outcomes_are_observed) {
    PoolProbe probe;
    probe.granted(ServedSource::idle, 0ns);
    probe.granted(ServedSource::waited, 3ms);
    probe.failed(AcquireOutcome::timeout, 5s);
    probe.failed(AcquireOutcome::cancelled, 1s);
    probe.rejected(RejectReason::queue_full, 0ns);
    EXPECT_EQ(count(probe.wait_ok()), 2u);
    EXPECT_EQ(count(probe.wait_failed()), 3u);
    EXPECT_EQ(probe.acquires(AcquireOutcome::ok), 2u);
    EXPECT_EQ(probe.acquires(AcquireOutcome::timeout), 1u);
    EXPECT_EQ(probe.acquires(AcquireOutcome::rejected), 1u);
    EXPECT_EQ(probe.rejections(RejectReason::queue_full), 1u);
    EXPECT_EQ(probe.served(ServedSource::waited), 1u);
}

TEST(PoolProbe, used_and_pinned_are_in_use_and_integrated) {
    PoolProbe probe;
    probe.entered(ServerState::connecting, at(0s));
    probe.changed(ServerState::connecting, ServerState::idle, at(1s));
    probe.changed(ServerState::idle, ServerState::used, at(2s));
    probe.changed(ServerState::used, ServerState::pinned, at(3s));
    EXPECT_EQ(probe.connections_in_use(), 1);
    probe.changed(ServerState::pinned, ServerState::resetting, at(7s));
    probe.changed(ServerState::resetting, ServerState::closing, at(8s));
    probe.left(ServerState::closing, at(9s));
    EXPECT_EQ(Duration(probe.use_nanoseconds()), 5s);
    EXPECT_EQ(probe.connections_in_use(), 0);
    for (std::size_t i = 0; i < base::word_count<ServerState>; ++i) {
        EXPECT_EQ(probe.connections(static_cast<ServerState>(i)), 0);
    }
}

TEST(PoolProbe, a_connection_that_is_lost_in_use_is_in_use_no_more) {
    PoolProbe probe;
    probe.entered(ServerState::used, at(0s));
    probe.left(ServerState::used, at(2s));
    EXPECT_EQ(probe.connections_in_use(), 0);
    EXPECT_EQ(Duration(probe.use_nanoseconds()), 2s);
}

TEST(PoolProbe, waiting_time_goes_to_the_cause_of_that_time) {
    PoolProbe probe;
    probe.wait_began(WaitCause::pool_full, at(0s));
    probe.wait_began(WaitCause::pool_full, at(1s));
    probe.wait_cause_changed(WaitCause::pool_full, WaitCause::budget, at(2s));
    EXPECT_EQ(probe.pending(), 2);
    EXPECT_EQ(probe.pending(WaitCause::budget), 1);
    probe.ticked(at(5s), 5s, 0s, 0s);
    probe.wait_ended(WaitCause::pool_full, at(6s));
    probe.wait_ended(WaitCause::budget, at(6s));
    EXPECT_EQ(Duration(probe.wait_nanoseconds(WaitCause::pool_full)), 1s + 2 * 1s + 4s);
    EXPECT_EQ(Duration(probe.wait_nanoseconds(WaitCause::budget)), 4s);
    EXPECT_EQ(probe.pending(), 0);
}

TEST(PoolProbe, saturation_adds_up_over_tenants_pools) {
    PoolProbe probe;
    probe.saturated(true, at(0s));
    probe.saturated(true, at(1s));
    probe.saturated(false, at(3s));
    probe.ticked(at(4s), 4s, 0s, 0s);
    EXPECT_EQ(Duration(probe.saturated_nanoseconds()), 1s + 2 * 2s + 1s);
}

TEST(PoolProbe, a_tick_replaces_the_oldest) {
    PoolProbe probe;
    probe.ticked(at(0s), 3s, 2s, 1s);
    EXPECT_EQ(probe.oldest_wait(), 3s);
    EXPECT_EQ(probe.oldest_use(), 2s);
    EXPECT_EQ(probe.oldest_idle_in_transaction(), 1s);
    probe.ticked(at(1s), 0s, 0s, 0s);
    EXPECT_EQ(probe.oldest_wait(), 0s);
    EXPECT_EQ(probe.oldest_use(), 0s);
    EXPECT_EQ(probe.oldest_idle_in_transaction(), 0s);
}

TEST(PoolProbe, the_trough_sees_a_fall_that_no_tick_saw) {
    PoolProbe probe;
    probe.entered(ServerState::used, at(0s));
    probe.entered(ServerState::used, at(0s));
    for (Duration t = 0s; t <= 2h; t += 30s) probe.ticked(at(t), 0s, 0s, 0s);
    EXPECT_EQ(probe.use_trough(), 2);
    probe.changed(ServerState::used, ServerState::idle, at(2h + 1s));
    probe.changed(ServerState::idle, ServerState::used, at(2h + 2s));
    probe.ticked(at(2h + 3s), 0s, 0s, 0s);
    EXPECT_EQ(probe.use_trough(), 1);
}

TEST(PoolProbe, a_suspected_leak_stays_on_the_gauge_until_it_is_cleared) {
    PoolProbe probe;
    probe.leak_suspected(LeakAction::close);
    probe.leak_reclaimed(LeakAction::close);
    EXPECT_EQ(probe.leaks_now(LeakAction::close), 1);
    probe.leak_cleared(LeakAction::close);
    EXPECT_EQ(probe.leaks_now(LeakAction::close), 0);
    EXPECT_EQ(probe.leaks_suspected(LeakAction::close), 1u);
    EXPECT_EQ(probe.leaks_reclaimed(LeakAction::close), 1u);
    EXPECT_EQ(probe.leaks_suspected(LeakAction::report), 0u);
}

TEST(PoolProbe, pins_are_counted_and_gauged_by_reason) {
    PoolProbe probe;
    probe.pinned(PinReason::listen);
    probe.pinned(PinReason::listen);
    probe.unpinned(PinReason::listen);
    EXPECT_EQ(probe.pins(PinReason::listen), 2u);
    EXPECT_EQ(probe.pinned_connections(PinReason::listen), 1);
}

TEST(PoolProbe, connections_made_refused_and_closed_are_counted_by_reason) {
    PoolProbe probe;
    probe.created(2ms);
    probe.create_failed(CreateFailure::auth);
    probe.reaped(ReapReason::max_lifetime, 1h);
    probe.released(ReleaseResult::rollback, 7ms);
    EXPECT_EQ(probe.creates(), 1u);
    EXPECT_EQ(count(probe.create_time()), 1u);
    EXPECT_EQ(probe.create_failures(CreateFailure::auth), 1u);
    EXPECT_EQ(probe.reaps(ReapReason::max_lifetime), 1u);
    EXPECT_EQ(Duration(probe.age_at_close().sum_nanoseconds()), 1h);
    EXPECT_EQ(probe.releases(ReleaseResult::rollback), 1u);
    EXPECT_EQ(Duration(probe.use().sum_nanoseconds()), 7ms);
}

TEST(PoolProbe, queries_transactions_and_bytes_go_where_they_belong) {
    PoolProbe probe;
    probe.query_ended(QueryOutcome::error, 1ms);
    probe.query_failed("23505");
    probe.transaction_ended(TransactionEnd::abandoned, 2ms);
    probe.transferred(Side::upstream, Direction::out, 30);
    probe.transferred(Side::upstream, Direction::out, 12);
    EXPECT_EQ(probe.queries(QueryOutcome::error), 1u);
    EXPECT_EQ(probe.query_errors(sqlstate_class("23000")), 1u);
    EXPECT_EQ(probe.transactions(TransactionEnd::abandoned), 1u);
    EXPECT_EQ(probe.bytes(Side::upstream, Direction::out), 42u);
    EXPECT_EQ(probe.bytes(Side::client, Direction::out), 0u);
    EXPECT_EQ(count(probe.query_time()), 1u);
    EXPECT_EQ(count(probe.transaction_time()), 1u);
}

TEST(PoolProbe, tenants_and_limits_come_and_go) {
    PoolProbe probe;
    probe.tenant_known(1);
    probe.tenant_known(1);
    probe.tenant_disabled(1);
    probe.tenant_known(-1);
    probe.sized(20, 2);
    probe.sized(20, 2);
    probe.sized(-20, -2);
    EXPECT_EQ(probe.tenants(TenantState::known), 1);
    EXPECT_EQ(probe.tenants(TenantState::disabled), 1);
    EXPECT_EQ(probe.max_connections(), 20);
    EXPECT_EQ(probe.min_idle_connections(), 2);
}

}  // namespace pool_probe_test
}  // namespace weir::telemetry
