#include "pool/fake_house.h"

namespace weir::pool {
namespace {

using Kind = Acquired::Kind;
using SizingTest = House;

TEST_F(SizingTest, never_more_than_max_size_whatever_the_key) {
    Client one(1), two(2), three(3);
    acquire(pool(), one);
    acquire(pool(), two);
    acquire(pool(), three);
    EXPECT_THAT(host().dials, SizeIs(2));
}

TEST_F(SizingTest, no_second_dial_for_a_waiter_that_has_one) {
    Client one;
    acquire(pool(), one);
    pass(1s);
    EXPECT_THAT(host().dials, SizeIs(1));
}

TEST_F(SizingTest, the_oldest_waiter_takes_whichever_connection_comes_first) {
    settings.max_size = 2;
    Client holder, first;
    hold(pool(), holder);
    acquire(pool(), first);  // a dial is under way for it
    release(holder);
    EXPECT_NE(first.server, nullptr);
    answer_dials();
    EXPECT_EQ(pool().counts(now).idle, 1U);
}

TEST_F(SizingTest, an_idle_connection_of_another_key_is_replaced_for_the_oldest_waiter) {
    settings.max_size = 1;
    Client one(1), two(2);
    hold(pool(), one);
    release(one);
    acquire(pool(), two);
    EXPECT_THAT(host().closes, SizeIs(1));
    run();
    EXPECT_NE(two.server, nullptr);
    EXPECT_EQ(pool().counts(now).idle, 0U);
}

TEST_F(SizingTest, only_as_many_are_replaced_as_waiters_lack) {
    settings.max_size = 2;
    Client one(1), two(1), other(2);
    hold(pool(), one);
    hold(pool(), two);
    release(one);
    release(two);
    acquire(pool(), other);
    pass(100ms);
    EXPECT_THAT(host().closes, SizeIs(1));
}

TEST_F(SizingTest, hand_off_among_one_key_does_not_starve_another_for_ever) {
    settings.max_size = 1;
    Client a(1), b(1), other(2);
    hold(pool(), a);
    acquire(pool(), other);
    for (int i = 0; i < 200 && other.server == nullptr; ++i) {
        acquire(pool(), b);
        now += 10ms;
        release(a);
        run();
        if (b.server != nullptr) std::swap(a.server, b.server);
        if (a.server == nullptr) break;
    }
    pool().cancel(b, now);
    run();
    EXPECT_NE(other.server, nullptr);
}

TEST_F(SizingTest, min_idle_is_kept_warm_with_the_templates_account) {
    settings.min_idle = 1;
    pool();
    tick();
    run();
    EXPECT_EQ(pool().counts(now).idle, 1U);
    Client client;
    EXPECT_EQ(acquire(pool(), client), Kind::ready);
    tick();
    run();
    EXPECT_EQ(pool().counts(now).idle, 1U);
}

TEST_F(SizingTest, min_idle_waits_for_a_client_when_the_account_is_the_clients) {
    settings.min_idle = 1;
    settings.user = "";
    pool();
    tick();
    EXPECT_THAT(host().dials, IsEmpty());
    Client client(7);
    hold(pool(), client);
    tick();
    ASSERT_THAT(host().dials, SizeIs(1));
    EXPECT_EQ(host().dials[0].key, 7U);
    answer_dials();
}

TEST_F(SizingTest, min_idle_takes_free_tokens_only) {
    upstream.max_connections = 1;
    settings.min_idle = 1;
    Client client;
    hold(pool("acme"), client);
    pool("globex");
    tick();
    EXPECT_THAT(host().dials, IsEmpty());
    EXPECT_EQ(the_gate().budget.books().demand, 0U);
}

TEST_F(SizingTest, a_wrong_password_is_told_at_once_and_opens_nobodys_breaker) {
    upstream.breaker.failures = 1;
    Client client, other;
    acquire(pool("acme"), client);
    loop().fail_dial(0, CreateFailure::auth, now);
    ASSERT_TRUE(client.refusal.has_value());
    EXPECT_EQ(client.refusal->outcome, AcquireOutcome::error);
    EXPECT_EQ(client.refusal->failure, CreateFailure::auth);
    EXPECT_EQ(client.refusal->sqlstate, "28P01");
    EXPECT_EQ(client.refusal->message, "the server's words");
    EXPECT_EQ(the_gate().breaker.state(), BreakerState::closed);
    hold(pool("globex"), other);
}

TEST_F(SizingTest, a_refused_account_backs_off_alone_from_a_quarter_second_to_thirty) {
    Client client;
    Duration pause = 250ms;
    acquire(pool(), client);
    for (int i = 0; i < 12; ++i) {
        loop().fail_dial(0, CreateFailure::database, now);
        now += pause - 1ms;
        EXPECT_EQ(acquire(pool(), client), Kind::refused) << i;
        EXPECT_EQ(client.refusal->outcome, AcquireOutcome::error);
        now += 1ms;
        EXPECT_EQ(acquire(pool(), client), Kind::waiting) << i;
        ASSERT_THAT(host().dials, SizeIs(1)) << i;
        pause = std::min<Duration>(pause * 2, 30s);
    }
    answer_dials();
    EXPECT_NE(client.server, nullptr);
}

TEST_F(SizingTest, another_account_of_the_same_pool_does_not_suffer) {
    Client bad(1), good(2);
    acquire(pool(), bad);
    acquire(pool(), good);
    loop().fail_dial(0, CreateFailure::auth, now);
    EXPECT_TRUE(bad.refusal.has_value());
    EXPECT_FALSE(good.refusal.has_value());
    answer_dials();
    EXPECT_NE(good.server, nullptr);
}

TEST_F(SizingTest, waiters_wait_on_while_the_server_is_away_and_are_served_when_it_is_back) {
    Client client;
    acquire(pool(), client);
    for (int i = 0; i < 30; ++i) {
        if (!host().dials.empty()) loop().fail_dial(0, CreateFailure::refused, now);
        pass(100ms);
    }
    EXPECT_TRUE(client.waiting());
    EXPECT_EQ(the_gate().breaker.state(), BreakerState::open);
    EXPECT_EQ(probe().pending(WaitCause::breaker), 1);
    for (int i = 0; i < 60 && client.server == nullptr; ++i) {
        answer_dials();
        pass(100ms);
    }
    EXPECT_NE(client.server, nullptr);
    EXPECT_EQ(the_gate().breaker.state(), BreakerState::closed);
}

TEST_F(SizingTest, new_acquires_on_an_open_breaker_fail_at_once_unless_something_is_idle) {
    upstream.breaker.failures = 1;
    Client idle, holder, waiter, newcomer;
    hold(pool("globex"), idle);
    release(idle);
    acquire(pool("acme"), waiter);
    loop().fail_dial(0, CreateFailure::refused, now);
    EXPECT_EQ(acquire(pool("acme"), newcomer), Kind::refused);
    EXPECT_EQ(newcomer.refusal->reason, RejectReason::breaker_open);
    EXPECT_EQ(acquire(pool("globex"), holder), Kind::ready);
}

TEST_F(SizingTest, whoever_comes_when_a_probe_is_due_makes_it) {
    upstream.breaker.failures = 1;
    Client first, second, third;
    acquire(pool(), first);
    loop().fail_dial(0, CreateFailure::refused, now);
    pool().cancel(first, now);
    now += upstream.breaker.open_for;
    EXPECT_EQ(acquire(pool(), second), Kind::waiting);
    EXPECT_THAT(host().dials, SizeIs(1));
    EXPECT_EQ(the_gate().breaker.state(), BreakerState::half_open);
    EXPECT_EQ(acquire(pool("globex"), third), Kind::refused);
    answer_dials();
    EXPECT_NE(second.server, nullptr);
}

TEST_F(SizingTest, a_full_server_makes_waiters_wait_and_shrinks_the_budget) {
    upstream.max_connections = 10;
    settings.acquire_timeout = 60s;
    Client held, waiter;
    hold(pool("globex"), held);
    acquire(pool("acme"), waiter);
    loop().fail_dial(0, CreateFailure::too_many, now);
    EXPECT_TRUE(waiter.waiting());
    EXPECT_EQ(the_gate().budget.books().effective, 1U);
    EXPECT_EQ(the_gate().breaker.state(), BreakerState::closed);
    pass(5s);
    EXPECT_THAT(host().dials, IsEmpty());
    release(held);
    pass(5s);
    run();
    EXPECT_NE(waiter.server, nullptr);
}

}  // namespace
}  // namespace weir::pool
