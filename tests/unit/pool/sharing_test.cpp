// Clients that use one connection together, as Redis' do.
#include <array>
#include <span>

#include "pool/fake_house.h"

namespace weir::pool {
namespace {

using Kind = Acquired::Kind;

struct Sharer : Client {
    Sharer() { shares = true; }
};

class SharingTest : public House {
  public:
    SharingTest() { settings.max_size = 1; }
    void part(Client& client, Duration used) {
        FakeServer* server = std::exchange(client.server, nullptr);
        server->pool()->part(*server, now - used, now);
    }
    void share(std::span<Sharer> clients) {
        hold(pool(), clients.front());
        for (Sharer& client : clients.subspan(1)) ASSERT_EQ(acquire(pool(), client), Kind::ready);
    }
};

TEST_F(SharingTest, a_full_pools_connection_is_joined_at_once) {
    Sharer first, second;
    hold(pool(), first);
    EXPECT_EQ(acquire(pool(), second), Kind::ready);
    EXPECT_EQ(second.server, first.server);
    EXPECT_EQ(first.server->sharers(), 2U);
    EXPECT_EQ(pool().counts(now).used, 1U);
    EXPECT_EQ(probe().acquires(AcquireOutcome::ok), 2U);
    EXPECT_EQ(probe().served(ServedSource::idle), 1U);
}

TEST_F(SharingTest, each_sharer_is_a_release_and_the_last_one_frees_the_connection) {
    Sharer first, second;
    hold(pool(), first);
    acquire(pool(), second);
    now += 3ms;
    part(first, 3ms);
    EXPECT_EQ(pool().counts(now).used, 1U);
    now += 4ms;
    part(second, 7ms);
    EXPECT_EQ(pool().counts(now).idle, 1U);
    EXPECT_EQ(probe().releases(ReleaseResult::clean), 2U);
}

TEST_F(SharingTest, a_connection_is_well_shared_before_another_is_dialed) {
    settings.max_size = 2;
    std::array<Sharer, 16> sharers;
    share(sharers);
    EXPECT_EQ(pool().counts(now).used, 1U);
    EXPECT_EQ(pool().counts(now).connecting, 0U);
    Sharer second, third;
    EXPECT_EQ(acquire(pool(), second), Kind::waiting) << "its own connection is on its way";
    EXPECT_EQ(acquire(pool(), third), Kind::waiting) << "one waits for it, the older joins";
    EXPECT_EQ(second.server, sharers[0].server);
    run();
    ASSERT_NE(third.server, nullptr);
    EXPECT_NE(third.server, sharers[0].server);
}

TEST_F(SharingTest, idle_connections_are_left_alone_until_the_shared_ones_are_full) {
    settings.max_size = 3;
    std::array<Client, 3> alone;
    for (Client& client : alone) hold(pool(), client);
    for (Client& client : alone) release(client);
    std::array<Sharer, 17> sharers;
    share(sharers);
    EXPECT_EQ(pool().counts(now).used, 2U);
    EXPECT_EQ(pool().counts(now).idle, 1U);
    EXPECT_NE(sharers[16].server, sharers[0].server);
    part(sharers[0], 0ms);
    Sharer late;
    EXPECT_EQ(acquire(pool(), late), Kind::ready);
    EXPECT_EQ(late.server, sharers[1].server) << "the fuller one";
}

TEST_F(SharingTest, all_who_wait_join_the_first_connection_that_comes) {
    std::array<Sharer, 5> clients;
    for (Sharer& client : clients) EXPECT_EQ(acquire(pool(), client), Kind::waiting);
    run();
    for (const Sharer& client : clients) EXPECT_EQ(client.server, clients[0].server);
    EXPECT_EQ(clients[0].server->sharers(), 5U);
    EXPECT_EQ(pool().counts(now).waiting, 0U);
}

TEST_F(SharingTest, of_full_pools_connections_the_least_shared_is_joined) {
    settings.max_size = 2;
    std::array<Client, 2> alone;
    for (Client& client : alone) hold(pool(), client);
    for (Client& client : alone) release(client);
    std::array<Sharer, 32> sharers;
    share(sharers);
    Sharer third, fourth;
    EXPECT_EQ(acquire(pool(), third), Kind::ready);
    EXPECT_EQ(acquire(pool(), fourth), Kind::ready);
    EXPECT_NE(third.server, fourth.server);
}

TEST_F(SharingTest, who_wants_a_connection_alone_is_not_starved) {
    Sharer first, second, third;
    Client alone;
    hold(pool(), first);
    acquire(pool(), second);
    EXPECT_EQ(acquire(pool(), alone), Kind::waiting);
    EXPECT_EQ(acquire(pool(), third), Kind::waiting) << "no barging";
    part(first, 0ms);
    EXPECT_EQ(alone.server, nullptr);
    part(second, 0ms);
    ASSERT_NE(alone.server, nullptr);
    EXPECT_EQ(alone.server->sharers(), 0U);
    EXPECT_EQ(third.server, nullptr) << "nobody joins one that is used alone";
    release(alone);
    EXPECT_NE(third.server, nullptr);
}

TEST_F(SharingTest, a_connection_that_has_to_go_takes_nobody_on) {
    Sharer first, second;
    hold(pool(), first);
    FakeServer* const old = first.server;
    pool().clear(now);
    EXPECT_EQ(acquire(pool(), second), Kind::waiting);
    part(first, 0ms);
    EXPECT_EQ(old->state(), ServerState::closing);
    now += 10ms;
    run();
    ASSERT_NE(second.server, nullptr);
}

TEST_F(SharingTest, a_lost_connection_is_a_broken_release_of_each) {
    Sharer first, second;
    hold(pool(), first);
    acquire(pool(), second);
    pool().server_lost(*first.server, now);
    EXPECT_EQ(probe().releases(ReleaseResult::broken), 2U);
    EXPECT_EQ(first.server->sharers(), 0U);
    run();
}

TEST_F(SharingTest, a_failed_dial_lets_its_waiter_join) {
    settings.max_size = 2;
    std::array<Sharer, 16> sharers;
    share(sharers);
    Sharer late;
    EXPECT_EQ(acquire(pool(), late), Kind::waiting);
    loop().fail_dial(0, CreateFailure::refused, now);
    EXPECT_EQ(late.server, sharers[0].server);
}

TEST_F(SharingTest, a_lost_connection_is_joined_by_nobody) {
    settings.max_size = 2;
    Sharer first, second, third;
    hold(pool(), first);
    acquire(pool(), second);
    FakeServer* const lost = first.server;
    pool().server_lost(*lost, now);
    EXPECT_EQ(acquire(pool(), third), Kind::waiting);
    run();
    ASSERT_NE(third.server, nullptr);
    EXPECT_NE(third.server, lost);
}

TEST_F(SharingTest, what_sharers_no_longer_lack_is_not_demanded) {
    upstream.max_connections = 1;
    settings.max_size = 2;
    Sharer first, second;
    hold(pool(), first);
    EXPECT_EQ(acquire(pool(), second), Kind::ready);
    EXPECT_EQ(the_gate().budget.books().demand, 0U);
}

TEST_F(SharingTest, coming_and_going_without_end_passes_no_time_limit) {
    settings.query_timeout = 1s;
    Sharer first, second;
    hold(pool(), first);
    for (int i = 0; i < 10; ++i) {
        acquire(pool(), second);
        pass(600ms);
        part(first, 600ms);
        acquire(pool(), first);
        part(second, 600ms);
    }
    EXPECT_THAT(host().expirations, IsEmpty());
    pass(1s);
    EXPECT_THAT(host().expirations, SizeIs(1)) << "but one that nobody comes back from does";
}

}  // namespace
}  // namespace weir::pool
