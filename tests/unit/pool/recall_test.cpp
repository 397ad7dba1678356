#include "pool/fake_house.h"

namespace weir::pool {
namespace {

using Kind = Acquired::Kind;

// One token for two pools, unless a test says otherwise.
class RecallTest : public House {
  public:
    RecallTest() {
        upstream.max_connections = 1;
        settings.max_size = 4;
        settings.idle_timeout = 0s;
        settings.acquire_timeout = 60s;
    }
    Client holder, other, next;
    static constexpr Duration quantum = 20 * dial_time;
};

TEST_F(RecallTest, a_cold_idle_connection_of_another_pool_is_given_up_at_once) {
    hold(pool("a"), holder);
    release(holder);
    now += dial_time;
    EXPECT_EQ(acquire(pool("b"), other), Kind::waiting);
    deliver();
    EXPECT_THAT(host().closes, SizeIs(1));
    EXPECT_EQ(other.server, nullptr) << "the server still has it";
    run();
    EXPECT_NE(other.server, nullptr);
    EXPECT_EQ(probe().served(ServedSource::stolen), 1U);
    EXPECT_EQ(probe().reaps(ReapReason::stolen), 1U);
    EXPECT_EQ(upstream_probe->steals(), 1U);
}

TEST_F(RecallTest, a_used_connection_is_closed_at_release_instead_of_serving_a_waiter) {
    hold(pool("a"), holder);
    acquire(pool("a"), next);
    acquire(pool("b"), other);
    pass(quantum);
    deliver();
    FakeServer* server = holder.server;
    release(holder);
    EXPECT_EQ(server->state(), ServerState::closing);
    EXPECT_EQ(next.server, nullptr);
    run();
    EXPECT_NE(other.server, nullptr);
}

TEST_F(RecallTest, within_its_quantum_a_busy_pool_keeps_what_it_has) {
    hold(pool("a"), holder);
    acquire(pool("a"), next);
    acquire(pool("b"), other);
    pass(quantum - 1ms);
    deliver();
    release(holder);
    EXPECT_NE(next.server, nullptr);
    EXPECT_EQ(other.server, nullptr);
}

TEST_F(RecallTest, a_connection_made_within_the_quantum_is_not_the_one_to_go) {
    upstream.max_connections = 2;
    hold(pool("a"), holder);
    now += quantum - 1ms;
    hold(pool("a"), next);
    acquire(pool("b"), other);
    pass(1ms);
    pass(50ms);
    deliver();
    release(next);
    EXPECT_EQ(pool("a").counts(now).closing, 0U);
    release(holder);
    run();
    EXPECT_NE(other.server, nullptr);
}

TEST_F(RecallTest, a_young_connection_that_stays_idle_goes_in_the_end) {
    upstream.max_connections = 2;
    hold(pool("a"), holder);
    now += quantum - 1ms;
    hold(pool("a"), next);
    acquire(pool("b"), other);
    pass(51ms);
    deliver();
    release(next);
    ASSERT_EQ(pool("a").counts(now).closing, 0U);
    for (int i = 0; i < 10 && other.server == nullptr; ++i) {
        pass(quantum);
        deliver();
        run();
    }
    EXPECT_NE(other.server, nullptr) << "though the older one is held for long";
    EXPECT_NE(holder.server, nullptr);
}

TEST_F(RecallTest, a_pinned_connection_is_never_recalled) {
    hold(pool("a"), holder);
    pool("a").pin(*holder.server, PinReason::temp_table, now);
    acquire(pool("b"), other);
    pass(10s);
    deliver();
    EXPECT_EQ(the_gate().budget.books().owed, 0U);
    EXPECT_EQ(holder.server->state(), ServerState::pinned);
    pool("a").unpin(*holder.server, now);
    pass(100ms);
    deliver();
    release(holder);
    run();
    EXPECT_NE(other.server, nullptr);
}

TEST_F(RecallTest, a_recall_whose_demand_went_away_takes_nothing) {
    hold(pool("a"), holder);
    acquire(pool("a"), next);
    acquire(pool("b"), other);
    pass(quantum);
    deliver();
    pool("b").cancel(other, now);
    release(holder);
    EXPECT_NE(next.server, nullptr);
}

TEST_F(RecallTest, two_pools_that_share_a_token_take_turns_longer_than_a_dial) {
    Client* holding = nullptr;
    unsigned turns = 0;
    acquire(pool("a"), holder);
    acquire(pool("b"), other);
    for (Duration past{}; past < 2s; past += 1ms) {
        now += 1ms;
        if (past % 100ms == Duration::zero()) tick();
        run();
        for (Client* client : {&holder, &other}) {
            if (client->server == nullptr) continue;
            if (client != holding) ++turns;
            holding = client;
            release(*client);
            acquire(client == &holder ? pool("a") : pool("b"), *client);
        }
    }
    EXPECT_GE(turns, 8U);
    EXPECT_LE(turns, 21U) << "no more than one in a quantum";
}

TEST_F(RecallTest, a_recall_reaches_a_pool_at_home_on_another_loop) {
    TemplatePools& there = add(settings, 1);
    Pool& far = *there.obtain({"far", ""}, now);
    hold(far, holder);
    release(holder);
    now += dial_time;
    EXPECT_EQ(acquire(pool("near"), other), Kind::waiting);
    EXPECT_THAT(loop(1).port.tasks, SizeIs(1));
    run();
    EXPECT_NE(other.server, nullptr);
    EXPECT_EQ(far.counts(now).idle, 0U);
}

}  // namespace
}  // namespace weir::pool
