#include "pool/fake_house.h"

namespace weir::pool {
namespace {

class ReloadingTest : public House {
  public:
    void reconfigure() { pools().reconfigure(settings, now); }
    unsigned idle() { return pool().counts(now).idle; }
    void make_idle(unsigned count) {
        std::vector<std::unique_ptr<Client>> clients;
        for (unsigned i = 0; i < count; ++i) {
            clients.push_back(std::make_unique<Client>());
            hold(pool(), *clients.back());
        }
        for (auto& client : clients) release(*client);
    }
};

TEST_F(ReloadingTest, a_larger_pool_dials_for_who_waits) {
    settings.max_size = 1;
    Client one, other;
    hold(pool(), one);
    EXPECT_EQ(acquire(pool(), other), Acquired::Kind::waiting);
    EXPECT_THAT(host().dials, IsEmpty());
    settings.max_size = 2;
    reconfigure();
    run();
    EXPECT_NE(other.server, nullptr);
    release(one);
    release(other);
}

TEST_F(ReloadingTest, an_operators_size_stays_while_the_configured_one_does) {
    pool().resize(7, now);
    settings.acquire_timeout = 1s;
    reconfigure();
    EXPECT_EQ(pool().counts(now).max, 7U);
    settings.max_size = 3;
    reconfigure();
    EXPECT_EQ(pool().counts(now).max, 3U);
}

TEST_F(ReloadingTest, gauges_follow_the_limits) {
    (void)pool();
    settings.max_size = 5;
    settings.min_idle = 1;
    reconfigure();
    EXPECT_EQ(probe().max_connections(), 5);
    EXPECT_EQ(probe().min_idle_connections(), 1);
}

TEST_F(ReloadingTest, a_shorter_idle_timeout_reaps_who_is_idle_already) {
    settings.idle_timeout = 1h;
    make_idle(1);
    settings.idle_timeout = 100ms;
    reconfigure();
    pass(200ms);
    pass(200ms);
    EXPECT_EQ(idle(), 0U);
}

TEST_F(ReloadingTest, a_time_limit_that_is_switched_off_expires_nobody) {
    settings.query_timeout = 1s;
    settings.leak_after = 1s;
    Client client;
    hold(pool(), client);
    pool().quiet(*client.server, true, now);
    settings.query_timeout = settings.leak_after = 0s;
    reconfigure();
    pass(5s);
    EXPECT_THAT(host().expirations, IsEmpty());
    EXPECT_THAT(host().leaks, IsEmpty());
    release(client);
}

TEST_F(ReloadingTest, a_leak_is_cleared_by_the_action_it_was_told_with) {
    settings.leak_after = 1s;
    Client client;
    hold(pool(), client);
    pool().quiet(*client.server, true, now);
    pass(2s);
    ASSERT_THAT(host().leaks, SizeIs(1));
    settings.leak_action = settings::LeakAction::close;
    reconfigure();
    release(client);
    EXPECT_EQ(probe().leaks_now(LeakAction::report), 0);
    EXPECT_EQ(probe().leaks_now(LeakAction::close), 0);
}

TEST_F(ReloadingTest, a_tenant_is_disabled_and_admitted_by_the_configuration) {
    (void)pool();
    settings.disabled_tenants = {"acme"};
    reconfigure();
    Client client;
    EXPECT_EQ(acquire(pool(), client), Acquired::Kind::refused);
    settings.disabled_tenants = {};
    reconfigure();
    hold(pool(), client);
    release(client);
}

TEST_F(ReloadingTest, remade_connections_go_now_or_when_released) {
    Client client;
    make_idle(2);
    hold(pool(), client);
    pool().remade(now);
    ASSERT_THAT(host().closes, SizeIs(1));
    EXPECT_EQ(host().closes[0]->closing_for, ReapReason::config);
    release(client);
    EXPECT_THAT(host().closes, SizeIs(2));
}

TEST_F(ReloadingTest, a_connection_that_was_dialed_for_before_serves_nobody) {
    Client client;
    (void)acquire(pool(), client);
    const FakeHost::Dial dial = host().dials.at(0);
    host().dials.clear();
    loop().servers.push_back(std::make_unique<FakeServer>());
    loop().servers.back()->born_outdated();
    pool().dialed(*loop().servers.back(), dial.key, dial_time, now);
    EXPECT_EQ(client.server, nullptr);
    EXPECT_THAT(host().closes, SizeIs(1));
    run();
    EXPECT_NE(client.server, nullptr);
    release(client);
}

TEST_F(ReloadingTest, a_dial_for_before_that_fails_says_nothing_of_the_server) {
    upstream.breaker.failures = 1;
    Client client;
    (void)acquire(pool(), client);
    const FakeHost::Dial dial = host().dials.at(0);
    host().dials.clear();
    pool().dial_outdated(dial.key, now);
    EXPECT_TRUE(the_gate().breaker.closed());
    EXPECT_THAT(host().dials, SizeIs(1)) << "who waits is dialed for anew";
    run();
    release(client);
}

TEST_F(ReloadingTest, what_the_server_refused_is_tried_again_at_once) {
    Client client, late;
    (void)acquire(pool(), client);
    loop().fail_dial(0, CreateFailure::auth, now);
    EXPECT_EQ(acquire(pool(), late), Acquired::Kind::refused);
    pool().remade(now);
    now += 1s;
    hold(pool(), late);
    release(late);
}

TEST_F(ReloadingTest, a_removed_template_lets_clients_finish_and_forgets_its_pools) {
    Client client, late;
    hold(pool(), client);
    pools().remove(now);
    EXPECT_EQ(acquire(pool(), late), Acquired::Kind::refused);
    pass(1s);
    EXPECT_EQ(pools().size(), 1U);
    release(client);
    run();
    pass(1s);
    pass(1s);
    EXPECT_EQ(pools().size(), 0U);
}

TEST_F(ReloadingTest, a_template_that_comes_back_serves_again) {
    (void)pool();
    pools().remove(now);
    reconfigure();
    now += 1s;
    Client client;
    hold(pool(), client);
    release(client);
}

}  // namespace
}  // namespace weir::pool
