#include "pool/fake_house.h"

namespace weir::pool {
namespace {

using Kind = Acquired::Kind;

class WaitingTest : public House {
  public:
    WaitingTest() { settings.max_size = 1; }
};

TEST_F(WaitingTest, released_connection_goes_to_the_oldest_waiter) {
    Client holder, first, second;
    hold(pool(), holder);
    acquire(pool(), first);
    acquire(pool(), second);
    now += 3ms;
    release(holder);
    EXPECT_NE(first.server, nullptr);
    EXPECT_EQ(second.server, nullptr);
    EXPECT_EQ(probe().served(ServedSource::waited), 1U);
    release(first);
    EXPECT_NE(second.server, nullptr);
}

TEST_F(WaitingTest, a_waiter_that_gave_up_is_passed_over) {
    Client holder, first, second;
    hold(pool(), holder);
    acquire(pool(), first);
    acquire(pool(), second);
    pool().cancel(first, now);
    pool().cancel(first, now);  // no effect
    release(holder);
    EXPECT_EQ(first.server, nullptr);
    EXPECT_NE(second.server, nullptr);
    EXPECT_EQ(probe().acquires(AcquireOutcome::cancelled), 1U);
}

TEST_F(WaitingTest, a_newcomer_does_not_overtake) {
    settings.max_size = 2;
    settings.validate_after = 30s;
    Client a, b;
    hold(pool(), a);
    hold(pool(), b);
    release(a);
    now += 31s;
    Client first, second;
    EXPECT_EQ(acquire(pool(), first), Kind::waiting);  // its connection is being checked
    release(b);
    EXPECT_NE(first.server, nullptr) << "the oldest takes what comes first";
    EXPECT_EQ(acquire(pool(), second), Kind::waiting);
    pool().checked(*host().checks[0], true, now);
    EXPECT_NE(second.server, nullptr);
}

TEST_F(WaitingTest, a_destroyed_waiter_leaves_the_queue) {
    Client holder, second;
    hold(pool(), holder);
    {
        Client first;
        acquire(pool(), first);
    }
    acquire(pool(), second);
    release(holder);
    EXPECT_NE(second.server, nullptr);
}

TEST_F(WaitingTest, time_out_tells_the_numbers) {
    Client holder, first, second;
    hold(pool(), holder);
    acquire(pool(), first);
    now += 1s;
    acquire(pool(), second);
    pass(9s);
    ASSERT_TRUE(first.refusal.has_value());
    EXPECT_FALSE(second.refusal.has_value());
    EXPECT_EQ(first.refusal->outcome, AcquireOutcome::timeout);
    EXPECT_EQ(first.refusal->max, 1U);
    EXPECT_EQ(first.refusal->used, 1U);
    EXPECT_EQ(first.refusal->waiting, 2U);
    EXPECT_EQ(first.refusal->waited, 10s);
    EXPECT_EQ(probe().acquires(AcquireOutcome::timeout), 1U);
    EXPECT_EQ(probe().wait_failed().sum_nanoseconds(), 10'000'000'000U);
}

TEST_F(WaitingTest, zero_acquire_timeout_waits_for_ever) {
    settings.acquire_timeout = 0s;
    Client holder, first;
    hold(pool(), holder);
    acquire(pool(), first);
    pass(24h);
    EXPECT_TRUE(first.waiting());
}

TEST_F(WaitingTest, a_full_queue_rejects) {
    settings.max_waiting = 1;
    Client holder, first, second;
    hold(pool(), holder);
    acquire(pool(), first);
    EXPECT_EQ(acquire(pool(), second), Kind::refused);
    EXPECT_EQ(second.refusal->reason, RejectReason::queue_full);
    EXPECT_EQ(probe().rejections(RejectReason::queue_full), 1U);
    EXPECT_EQ(pool().tenant_probe().cells().rejections.read(), 1U);
}

TEST_F(WaitingTest, waiting_is_told_with_its_cause) {
    Client holder, first;
    acquire(pool(), holder);
    EXPECT_EQ(probe().pending(WaitCause::connecting), 1);
    now += 5ms;
    answer_dials();
    acquire(pool(), first);
    EXPECT_EQ(probe().pending(WaitCause::pool_full), 1);
    EXPECT_EQ(pool().tenant_probe().cells().pending.read(), 1);
    now += 20ms;
    release(holder);
    EXPECT_EQ(probe().pending(), 0);
    EXPECT_EQ(probe().wait_nanoseconds(WaitCause::connecting), 5'000'000U);
    EXPECT_EQ(probe().wait_nanoseconds(WaitCause::pool_full), 20'000'000U);
    EXPECT_EQ(pool().tenant_probe().cells().pending.read(), 0);
}

TEST_F(WaitingTest, a_pool_without_a_token_waits_for_the_budget) {
    upstream.max_connections = 1;
    Client holder, other;
    hold(pool("acme"), holder);
    acquire(pool("globex"), other);
    EXPECT_EQ(probe().pending(WaitCause::budget), 1);
}

TEST_F(WaitingTest, saturation_lasts_while_somebody_waits_for_what_is_not_on_its_way) {
    Client holder, first;
    acquire(pool(), holder);
    now += 5ms;  // dialing: not saturated
    answer_dials();
    acquire(pool(), first);
    EXPECT_EQ(probe().tenants(telemetry::TenantState::saturated), 1);
    EXPECT_EQ(probe().tenants(telemetry::TenantState::waiting), 1);
    now += 30ms;
    release(holder);
    EXPECT_EQ(probe().saturated_nanoseconds(), 30'000'000U);
    EXPECT_EQ(probe().tenants(telemetry::TenantState::saturated), 0);
    EXPECT_EQ(probe().tenants(telemetry::TenantState::waiting), 0);
}

TEST_F(WaitingTest, a_waiter_of_another_key_is_skipped_and_keeps_its_place) {
    settings.max_size = 2;
    Client one(1), two(2), other(2), same(1);
    hold(pool(), one);
    hold(pool(), two);
    acquire(pool(), other);
    acquire(pool(), same);
    release(one);
    EXPECT_NE(same.server, nullptr);
    EXPECT_EQ(other.server, nullptr);
    release(two);
    EXPECT_NE(other.server, nullptr);
}

TEST_F(WaitingTest, a_stale_idle_connection_is_checked_before_it_serves) {
    settings.validate_after = 30s;
    Client client;
    hold(pool(), client);
    FakeServer* server = client.server;
    release(client);
    now += 31s;
    EXPECT_EQ(acquire(pool(), client), Kind::waiting);
    EXPECT_EQ(server->state(), ServerState::checking);
    EXPECT_THAT(host().dials, IsEmpty());
    pool().checked(*server, true, now);
    EXPECT_EQ(client.server, server);
    EXPECT_EQ(probe().served(ServedSource::idle), 1U);
}

TEST_F(WaitingTest, a_dead_idle_connection_is_replaced_unseen) {
    settings.validate_after = 30s;
    Client client;
    hold(pool(), client);
    release(client);
    now += 31s;
    acquire(pool(), client);
    pool().checked(*host().checks[0], false, now);
    EXPECT_EQ(probe().reaps(ReapReason::check_failed), 1U);
    run();
    EXPECT_NE(client.server, nullptr);
    EXPECT_FALSE(client.refusal.has_value());
}

TEST_F(WaitingTest, the_oldest_wait_is_the_head_of_the_queue) {
    Client holder, first;
    hold(pool(), holder);
    acquire(pool(), first);
    pass(2s);
    EXPECT_EQ(pool().counts(now).oldest_wait, 2s);
    EXPECT_EQ(probe().oldest_wait(), 2s);
    EXPECT_EQ(probe().oldest_use(), 2s);
}

}  // namespace
}  // namespace weir::pool
