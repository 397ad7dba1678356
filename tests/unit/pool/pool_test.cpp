#include "pool/pool.h"

#include "pool/fake_house.h"

namespace weir::pool {
namespace {

using Kind = Acquired::Kind;
using PoolTest = House;

TEST_F(PoolTest, first_acquire_waits_for_a_dial_and_is_counted_as_created) {
    Client client;
    EXPECT_EQ(acquire(pool(), client), Kind::waiting);
    EXPECT_THAT(host().dials, SizeIs(1));
    now += 7ms;
    answer_dials();
    ASSERT_NE(client.server, nullptr);
    EXPECT_EQ(client.server->state(), ServerState::used);
    EXPECT_EQ(probe().served(ServedSource::created), 1U);
    EXPECT_EQ(probe().wait_ok().sum_nanoseconds(), 7'000'000U);
}

TEST_F(PoolTest, released_connection_is_ready_at_once_for_the_next) {
    Client first, second;
    hold(pool(), first);
    FakeServer* server = first.server;
    release(first);
    EXPECT_EQ(server->state(), ServerState::idle);
    EXPECT_EQ(acquire(pool(), second), Kind::ready);
    EXPECT_EQ(second.server, server);
    EXPECT_EQ(probe().served(ServedSource::idle), 1U);
    EXPECT_EQ(probe().acquires(AcquireOutcome::ok), 2U);
}

TEST_F(PoolTest, the_connection_used_last_is_reused_first) {
    Client first, second;
    hold(pool(), first);
    hold(pool(), second);
    FakeServer* last = second.server;
    release(first);
    release(second);
    Client third;
    EXPECT_EQ(acquire(pool(), third), Kind::ready);
    EXPECT_EQ(third.server, last);
}

TEST_F(PoolTest, a_connection_of_another_key_does_not_serve) {
    Client one(1), two(2);
    hold(pool(), one);
    release(one);
    EXPECT_EQ(acquire(pool(), two), Kind::waiting);
    ASSERT_THAT(host().dials, SizeIs(1));
    EXPECT_EQ(host().dials[0].key, 2U);
}

TEST_F(PoolTest, use_time_is_observed_at_release) {
    Client client;
    hold(pool(), client);
    now += 30ms;
    release(client);
    EXPECT_EQ(probe().use().sum_nanoseconds(), 30'000'000U);
    EXPECT_EQ(probe().releases(ReleaseResult::clean), 1U);
}

TEST_F(PoolTest, a_discarded_connection_counts_as_broken_and_is_closed) {
    Client client;
    hold(pool(), client);
    pool().discard(*client.server, ReapReason::desync, now);
    EXPECT_EQ(probe().releases(ReleaseResult::broken), 1U);
    EXPECT_EQ(probe().reaps(ReapReason::desync), 1U);
    EXPECT_EQ(client.server->state(), ServerState::closing);
    EXPECT_EQ(the_gate().budget.books().closing, 1U);
    finish_closes();
    EXPECT_EQ(the_gate().budget.books().closing, 0U);
}

TEST_F(PoolTest, a_connection_lost_while_closing_is_closed_once) {
    Client client;
    hold(pool(), client);
    pool().discard(*client.server, ReapReason::desync, now);
    pool().server_lost(*client.server, now);
    EXPECT_THAT(host().closes, SizeIs(1));
}

TEST_F(PoolTest, pins_are_counted_by_reason_until_unpinned_or_released) {
    Client client;
    hold(pool(), client);
    pool().pin(*client.server, PinReason::listen, now);
    EXPECT_EQ(client.server->state(), ServerState::pinned);
    EXPECT_EQ(probe().pinned_connections(PinReason::listen), 1);
    pool().unpin(*client.server, now);
    EXPECT_EQ(client.server->state(), ServerState::used);
    pool().pin(*client.server, PinReason::temp_table, now);
    release(client);
    EXPECT_EQ(probe().pinned_connections(PinReason::listen), 0);
    EXPECT_EQ(probe().pinned_connections(PinReason::temp_table), 0);
    EXPECT_EQ(pool().counts(now).idle, 1U);
}

TEST_F(PoolTest, a_connection_being_reset_serves_the_next_when_clean) {
    settings.max_size = 1;
    Client first, second;
    hold(pool(), first);
    EXPECT_EQ(acquire(pool(), second), Kind::waiting);
    FakeServer* server = first.server;
    pool().begin_reset(*server, now);
    EXPECT_EQ(server->state(), ServerState::resetting);
    EXPECT_EQ(second.server, nullptr);
    pool().release(*server, ReleaseResult::rollback, now);
    EXPECT_EQ(second.server, server);
    EXPECT_EQ(probe().releases(ReleaseResult::rollback), 1U);
}

TEST_F(PoolTest, a_connection_is_not_reused_until_its_cancel_is_delivered) {
    Client first, second;
    hold(pool(), first);
    FakeServer* server = first.server;
    pool().begin_cancel(*server, now);
    EXPECT_EQ(acquire(pool(), second), Kind::waiting);
    pool().begin_reset(*server, now);
    EXPECT_EQ(second.server, nullptr);
    pool().release(*server, ReleaseResult::reset, now);
    EXPECT_EQ(second.server, server);
}

TEST_F(PoolTest, direct_mode_dials_for_each_acquire_and_closes_at_release) {
    settings.mode = settings::PoolMode::direct;
    Client first, second;
    hold(pool(), first);
    FakeServer* server = first.server;
    release(first);
    EXPECT_EQ(server->state(), ServerState::closing);
    finish_closes();
    EXPECT_EQ(acquire(pool(), second), Kind::waiting);
    EXPECT_THAT(host().dials, SizeIs(1));
}

TEST_F(PoolTest, a_dedicated_client_gets_a_connection_made_for_it_and_closed_after_it) {
    Client shared, own(dedicated_mark | 0U);
    hold(pool(), shared);
    release(shared);
    hold(pool(), own);
    EXPECT_EQ(pool().counts(now).idle, 1U) << "not the idle one";
    release(own);
    EXPECT_THAT(host().closes, SizeIs(1));
    EXPECT_EQ(pool().counts(now).idle, 1U);
    EXPECT_EQ(probe().reaps(ReapReason::idle), 1U);
}

TEST_F(PoolTest, a_dedicated_connection_that_nobody_wants_any_more_is_closed) {
    Client own(dedicated_mark | 0U);
    acquire(pool(), own);
    deliver();
    ASSERT_THAT(host().dials, SizeIs(1));
    pool().cancel(own, now);
    answer_dials();
    EXPECT_THAT(host().closes, SizeIs(1));
    EXPECT_EQ(pool().counts(now).idle, 0U);
}

TEST_F(PoolTest, idle_connections_are_kept_for_those_who_share) {
    settings.min_idle = 1;
    Client own(dedicated_mark | 0U);
    hold(pool(), own);
    tick();
    run();
    for (const FakeHost::Dial& dial : host().dials) EXPECT_FALSE(is_dedicated(dial.key));
    EXPECT_EQ(pool().counts(now).idle, 1U);
}

TEST_F(PoolTest, direct_mode_hands_nothing_on) {
    settings.mode = settings::PoolMode::direct;
    settings.max_size = 1;
    Client first, second;
    hold(pool(), first);
    acquire(pool(), second);
    release(first);
    EXPECT_EQ(second.server, nullptr);
    run();
    EXPECT_NE(second.server, nullptr);
    EXPECT_EQ(probe().served(ServedSource::created), 2U);
}

TEST_F(PoolTest, gauges_follow_every_state) {
    Client client;
    hold(pool(), client);
    EXPECT_EQ(probe().connections(ServerState::used), 1);
    EXPECT_EQ(pool().tenant_probe().cells().used.read(), 1);
    EXPECT_EQ(probe().tenants(telemetry::TenantState::active), 1);
    release(client);
    EXPECT_EQ(probe().connections(ServerState::used), 0);
    EXPECT_EQ(probe().connections(ServerState::idle), 1);
    EXPECT_EQ(pool().tenant_probe().cells().used.read(), 0);
    EXPECT_EQ(probe().tenants(telemetry::TenantState::active), 0);
}

}  // namespace
}  // namespace weir::pool
