#include "pool/leak_watch.h"

#include "pool/fake_house.h"

namespace weir::pool {
namespace {

using LeakWatchTest = House;

TEST_F(LeakWatchTest, a_quiet_transaction_is_suspected_once_a_checkout) {
    settings.leak_after = 60s;
    Client client;
    hold(pool(), client);
    pool().quiet(*client.server, true, now);
    pass(59s);
    EXPECT_THAT(host().leaks, IsEmpty());
    pass(1s);
    ASSERT_THAT(host().leaks, SizeIs(1));
    EXPECT_EQ(host().leaks[0].second, LeakAction::report);
    EXPECT_TRUE(client.server->leak_suspected());
    EXPECT_EQ(pool().counts(now).leaks, 1U);
    EXPECT_EQ(probe().leaks_now(LeakAction::report), 1);
    pass(600s);
    EXPECT_THAT(host().leaks, SizeIs(1));
    release(client);
    EXPECT_EQ(probe().leaks_now(LeakAction::report), 0);
    EXPECT_EQ(pool().counts(now).leaks, 0U);
}

TEST_F(LeakWatchTest, a_running_query_is_no_leak) {
    Client client;
    hold(pool(), client);
    pool().quiet(*client.server, true, now);
    pass(50s);
    pool().busy(*client.server, now);
    pass(600s);
    EXPECT_THAT(host().leaks, IsEmpty());
    pool().quiet(*client.server, true, now);
    pass(59s);
    EXPECT_THAT(host().leaks, IsEmpty());
}

TEST_F(LeakWatchTest, a_pin_that_is_meant_to_be_quiet_is_no_leak_but_any_other_is) {
    Client listener, leaker;
    hold(pool(), listener);
    hold(pool(), leaker);
    pool().pin(*listener.server, PinReason::listen, now);
    pool().pin(*leaker.server, PinReason::temp_table, now);
    pool().quiet(*listener.server, false, now);
    pool().quiet(*leaker.server, false, now);
    pass(60s);
    ASSERT_THAT(host().leaks, SizeIs(1));
    EXPECT_EQ(host().leaks[0].first, leaker.server);
}

TEST_F(LeakWatchTest, session_pools_are_watched_only_when_told_to) {
    settings.mode = settings::PoolMode::session;
    Client client;
    hold(pool(), client);
    pool().quiet(*client.server, true, now);
    pass(600s);
    EXPECT_THAT(host().leaks, IsEmpty());
    settings::Pool watched = settings;
    watched.name = "watched";
    watched.leak_after_set = true;
    Pool& second = *add(watched).obtain({"acme", ""}, now);
    Client other;
    hold(second, other);
    second.quiet(*other.server, true, now);
    pass(60s);
    EXPECT_THAT(host().leaks, SizeIs(1));
}

TEST_F(LeakWatchTest, zero_switches_the_watch_off) {
    settings.leak_after = 0s;
    Client client;
    hold(pool(), client);
    pool().quiet(*client.server, true, now);
    pass(24h);
    EXPECT_THAT(host().leaks, IsEmpty());
}

TEST_F(LeakWatchTest, the_action_is_told_and_its_success_counted) {
    settings.leak_action = settings::LeakAction::close;
    Client client;
    hold(pool(), client);
    pool().quiet(*client.server, true, now);
    pass(60s);
    ASSERT_THAT(host().leaks, SizeIs(1));
    EXPECT_EQ(host().leaks[0].second, LeakAction::close);
    pool().reclaimed(*client.server, LeakAction::close, now);
    EXPECT_EQ(probe().leaks_reclaimed(LeakAction::close), 1U);
}

}  // namespace
}  // namespace weir::pool
