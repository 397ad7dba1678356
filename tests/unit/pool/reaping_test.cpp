#include "pool/fake_house.h"

namespace weir::pool {
namespace {

using Kind = Acquired::Kind;
using ReapingTest = House;

TEST_F(ReapingTest, idle_connections_are_reaped_down_to_min_idle_coldest_first) {
    settings.max_size = 3;
    settings.min_idle = 1;
    settings.idle_timeout = 60s;
    Client a, b, c;
    hold(pool(), a);
    hold(pool(), b);
    hold(pool(), c);
    FakeServer* hottest = c.server;
    release(a);
    now += 1s;
    release(b);
    now += 1s;
    release(c);
    pass(58s);
    EXPECT_EQ(probe().reaps(ReapReason::idle), 1U);
    pass(120s);
    finish_closes();
    EXPECT_EQ(probe().reaps(ReapReason::idle), 2U);
    EXPECT_EQ(pool().counts(now).idle, 1U);
    EXPECT_EQ(hottest->state(), ServerState::idle);
}

TEST_F(ReapingTest, use_puts_the_idle_time_out_off) {
    settings.idle_timeout = 60s;
    Client client;
    hold(pool(), client);
    pass(59s);
    release(client);
    pass(59s);
    EXPECT_EQ(probe().reaps(ReapReason::idle), 0U);
    pass(2s);
    EXPECT_EQ(probe().reaps(ReapReason::idle), 1U);
}

TEST_F(ReapingTest, lifetime_ends_when_released_with_at_most_a_tenth_of_jitter) {
    settings.max_lifetime = 100s;
    settings.idle_timeout = 0s;
    Client client;
    hold(pool(), client);
    pass(89s);
    release(client);
    ASSERT_EQ(acquire(pool(), client), Kind::ready);
    pass(12s);
    EXPECT_EQ(probe().reaps(ReapReason::max_lifetime), 0U) << "never while used";
    release(client);
    EXPECT_EQ(probe().reaps(ReapReason::max_lifetime), 1U);
}

TEST_F(ReapingTest, lifetime_ends_for_idle_connections_too) {
    settings.max_lifetime = 100s;
    settings.idle_timeout = 0s;
    Client client;
    hold(pool(), client);
    release(client);
    pass(89s);
    EXPECT_EQ(probe().reaps(ReapReason::max_lifetime), 0U);
    pass(12s);
    EXPECT_EQ(probe().reaps(ReapReason::max_lifetime), 1U);
}

TEST_F(ReapingTest, connections_made_together_do_not_end_together) {
    settings.max_size = 50;
    settings.max_lifetime = 1000s;
    settings.idle_timeout = 0s;
    upstream.max_connections = 50;
    std::vector<Client> clients(50);
    for (Client& client : clients) hold(pool(), client);
    for (Client& client : clients) release(client);
    pass(950s);
    const auto early = probe().reaps(ReapReason::max_lifetime);
    EXPECT_GT(early, 10U);
    EXPECT_LT(early, 40U);
}

TEST_F(ReapingTest, a_connection_handed_on_at_the_end_of_its_life_is_replaced_instead) {
    settings.max_size = 1;
    settings.max_lifetime = 100s;
    Client holder, waiter;
    hold(pool(), holder);
    pass(101s);
    acquire(pool(), waiter);
    release(holder);
    EXPECT_EQ(waiter.server, nullptr);
    run();
    EXPECT_NE(waiter.server, nullptr);
}

}  // namespace
}  // namespace weir::pool
