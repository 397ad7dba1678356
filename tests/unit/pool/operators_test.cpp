#include "pool/fake_house.h"

namespace weir::pool {
namespace {

using Kind = Acquired::Kind;
using OperatorsTest = House;

TEST_F(OperatorsTest, a_paused_pool_holds_acquires_until_resumed) {
    Client idle, held, waiter;
    hold(pool(), idle);
    hold(pool(), held);
    release(idle);
    pool().pause(now);
    EXPECT_EQ(acquire(pool(), waiter), Kind::waiting);
    EXPECT_EQ(probe().pending(WaitCause::paused), 1);
    release(held);
    EXPECT_EQ(waiter.server, nullptr);
    EXPECT_TRUE(pool().counts(now).paused);
    pool().resume(now);
    EXPECT_NE(waiter.server, nullptr);
}

TEST_F(OperatorsTest, a_paused_pool_still_times_waiters_out) {
    Client waiter;
    pool().pause(now);
    acquire(pool(), waiter);
    pass(10s);
    EXPECT_TRUE(waiter.refusal.has_value());
}

TEST_F(OperatorsTest, a_paused_pool_wants_nothing_of_the_budget) {
    Client waiter;
    pool().pause(now);
    acquire(pool(), waiter);
    EXPECT_THAT(host().dials, IsEmpty());
    EXPECT_EQ(the_gate().budget.books().demand, 0U);
    pool().resume(now);
    EXPECT_THAT(host().dials, SizeIs(1));
}

TEST_F(OperatorsTest, a_disabled_tenant_is_refused_in_clear_words) {
    settings.disabled_tenants = {"acme"};
    Client client;
    EXPECT_EQ(acquire(pool("acme"), client), Kind::refused);
    EXPECT_EQ(client.refusal->reason, RejectReason::tenant_disabled);
    EXPECT_EQ(acquire(pool("globex"), client), Kind::waiting);
}

TEST_F(OperatorsTest, disabling_refuses_those_who_wait_and_enabling_admits_again) {
    settings.max_size = 1;
    Client holder, waiter;
    hold(pool(), holder);
    acquire(pool(), waiter);
    pool().disable(true, now);
    ASSERT_TRUE(waiter.refusal.has_value());
    EXPECT_EQ(waiter.refusal->reason, RejectReason::tenant_disabled);
    EXPECT_EQ(probe().tenants(telemetry::TenantState::disabled), 1);
    pool().disable(false, now);
    release(holder);
    EXPECT_EQ(acquire(pool(), waiter), Kind::ready);
}

TEST_F(OperatorsTest, clear_closes_idle_ones_now_and_held_ones_when_released) {
    Client idle, held;
    hold(pool(), idle);
    hold(pool(), held);
    release(idle);
    pool().clear(now);
    EXPECT_THAT(host().closes, SizeIs(1));
    EXPECT_EQ(held.server->state(), ServerState::used);
    release(held);
    EXPECT_EQ(probe().reaps(ReapReason::admin), 2U);
    finish_closes();
    now += 1s;
    hold(pool(), held);
    release(held);
    EXPECT_EQ(pool().counts(now).idle, 1U) << "connections made later are kept";
}

TEST_F(OperatorsTest, a_dial_begun_before_clear_is_not_kept) {
    Client client;
    acquire(pool(), client);
    now += 2ms;
    pool().clear(now);
    now += 1ms;
    loop().answer_dial(0, 3ms, now);
    EXPECT_THAT(host().closes, SizeIs(1));
    EXPECT_EQ(client.server, nullptr);
    now += 10ms;
    run();
    EXPECT_NE(client.server, nullptr);
}

TEST_F(OperatorsTest, shrinking_closes_idle_ones_now_and_others_when_released) {
    settings.max_size = 3;
    Client a, b, c;
    hold(pool(), a);
    hold(pool(), b);
    hold(pool(), c);
    release(a);
    pool().resize(1, now);
    EXPECT_THAT(host().closes, SizeIs(1));
    release(b);
    EXPECT_THAT(host().closes, SizeIs(2));
    release(c);
    EXPECT_THAT(host().closes, SizeIs(2));
    EXPECT_EQ(probe().reaps(ReapReason::shrink), 2U);
    EXPECT_EQ(pool().counts(now).max, 1U);
    EXPECT_EQ(pool().tenant_probe().cells().max.read(), 1);
}

TEST_F(OperatorsTest, one_outdated_connection_takes_with_it_all_that_were_made_before) {
    settings.max_size = 3;
    Client a, b, c, later;
    hold(pool(), a);
    hold(pool(), b);
    hold(pool(), c);
    release(c);
    FakeServer* first = a.server;
    pool().outdated(*first, now);
    EXPECT_THAT(host().closes, SizeIs(1)) << "the idle one at once";
    release(a);
    EXPECT_THAT(host().closes, SizeIs(2));
    finish_closes();
    now += 1s;
    hold(pool(), later);
    pool().outdated(*b.server, now);
    release(b);
    release(later);
    EXPECT_EQ(pool().counts(now).idle, 1U) << "what was made since is not suspected again";
    EXPECT_EQ(probe().reaps(ReapReason::check_failed), 3U);
}

TEST_F(OperatorsTest, growing_serves_those_who_wait) {
    settings.max_size = 1;
    Client holder, waiter;
    hold(pool(), holder);
    acquire(pool(), waiter);
    pool().resize(2, now);
    run();
    EXPECT_NE(waiter.server, nullptr);
}

TEST_F(OperatorsTest, draining_rejects_new_acquires_and_serves_those_who_wait) {
    settings.max_size = 1;
    Client holder, waiter, newcomer;
    hold(pool(), holder);
    acquire(pool(), waiter);
    pools().drain(now);
    EXPECT_EQ(acquire(pool(), newcomer), Kind::refused);
    EXPECT_EQ(newcomer.refusal->reason, RejectReason::draining);
    release(holder);
    EXPECT_NE(waiter.server, nullptr);
    EXPECT_EQ(acquire(pool("made-later"), newcomer), Kind::refused);
}

}  // namespace
}  // namespace weir::pool
