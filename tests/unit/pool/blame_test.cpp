#include "pool/blame.h"

#include "pool/fake_house.h"

namespace weir::pool {
namespace {

using Kind = Acquired::Kind;
using telemetry::Holder;

// What a template has been told so far, in milliseconds.
class BlameTest : public House {
  public:
    BlameTest() {
        upstream.max_connections = 4;
        settings.max_size = 4;
        settings.acquire_timeout = 1h;
    }
    std::chrono::milliseconds blocked(Holder holder) {
        return std::chrono::duration_cast<std::chrono::milliseconds>(
            Duration(probe().blocked_nanoseconds(holder)));
    }
    std::chrono::milliseconds seen(const std::string& waiting, const std::string& holding,
                                   WaitCause cause) {
        for (const BlamedPair& pair : pools().blame(now).pairs) {
            if (pair.waiting != waiting || pair.holding != holding || pair.cause != cause) continue;
            return std::chrono::duration_cast<std::chrono::milliseconds>(
                Duration(pair.nanoseconds));
        }
        return 0ms;
    }
    // These many clients of the tenant hold a connection each, pinned: nobody may recall them.
    void hold_all(const std::string& tenant, std::vector<Client>& clients) {
        for (Client& client : clients) {
            hold(pool(tenant), client);
            pool(tenant).pin(*client.server, PinReason::temp_table, now);
        }
    }
};

TEST_F(BlameTest, waiting_for_a_full_pool_is_spent_on_its_own_tenant) {
    settings.max_size = 1;
    Client holder, waiter;
    hold(pool("acme"), holder);
    acquire(pool("acme"), waiter);
    now += 70ms;
    release(holder);
    EXPECT_EQ(blocked(Holder::same_tenant), 70ms) << "told with the wait's end, not at a tick";
    EXPECT_EQ(blocked(Holder::other_tenant), 0ms);
    tick();
    EXPECT_EQ(seen("acme", "acme", WaitCause::pool_full), 70ms);
    pass(100ms);
    EXPECT_EQ(blocked(Holder::same_tenant), 70ms) << "nobody waits any more";
}

TEST_F(BlameTest, waiting_for_a_token_is_spent_on_whose_connections_are_in_use) {
    std::vector<Client> mine(1), theirs(3);
    hold_all("quiet", mine);
    hold_all("noisy", theirs);
    Client first, second;
    EXPECT_EQ(acquire(pool("quiet"), first), Kind::waiting);
    pass(100ms);
    EXPECT_EQ(acquire(pool("quiet"), second), Kind::waiting);
    pass(100ms);
    pass(100ms);
    EXPECT_EQ(blocked(Holder::same_tenant) + blocked(Holder::other_tenant), 500ms);
    EXPECT_EQ(blocked(Holder::other_tenant), 375ms) << "three of the four in use";
    EXPECT_EQ(seen("quiet", "noisy", WaitCause::budget), 375ms);
    EXPECT_EQ(seen("quiet", "quiet", WaitCause::budget), 125ms);
    EXPECT_EQ(pools().blame(now).rest_nanoseconds, 0U);
}

TEST_F(BlameTest, the_pool_of_another_app_is_the_same_tenants) {
    upstream.max_connections = 1;
    Client holder, waiter;
    Pool& web = *pools().obtain({"acme", "web"}, now);
    Pool& jobs = *pools().obtain({"acme", "jobs"}, now);
    hold(web, holder);
    web.pin(*holder.server, PinReason::temp_table, now);
    EXPECT_EQ(acquire(jobs, waiter), Kind::waiting);
    pass(100ms);
    EXPECT_EQ(blocked(Holder::same_tenant), 100ms);
    EXPECT_EQ(blocked(Holder::other_tenant), 0ms);
}

TEST_F(BlameTest, what_lies_idle_is_in_nobodys_way) {
    std::vector<Client> theirs(3);
    for (Client& client : theirs) hold(pool("noisy"), client);
    pool("noisy").pin(*theirs[0].server, PinReason::temp_table, now);
    Client own;
    hold(pool("quiet"), own);
    // Two of its three are idle now, and as young as they are they stay.
    release(theirs[1]);
    release(theirs[2]);
    const Holdings holdings = *the_gate().budget.holdings(now);
    EXPECT_EQ(holdings.of("noisy"), 1U);
    EXPECT_EQ(holdings.of("quiet"), 1U);
    EXPECT_EQ(holdings.total(), 2U);
}

TEST_F(BlameTest, nobody_is_to_blame_for_a_dial_or_a_pause) {
    Client first;
    EXPECT_EQ(acquire(pool(), first), Kind::waiting);
    pass(100ms);
    EXPECT_EQ(probe().wait_nanoseconds(WaitCause::connecting), 100'000'000U);
    pool().pause(now);
    pass(100ms);
    EXPECT_EQ(probe().wait_nanoseconds(WaitCause::paused), 100'000'000U);
    EXPECT_EQ(blocked(Holder::same_tenant) + blocked(Holder::other_tenant), 0ms);
    pool().resume(now);
    run();
    EXPECT_NE(first.server, nullptr);
}

TEST_F(BlameTest, whoever_got_the_connection_is_not_blamed_for_having_waited_for_it) {
    upstream.max_connections = 1;
    Client theirs, mine;
    hold(pool("noisy"), theirs);
    now += 2s;
    EXPECT_EQ(acquire(pool("quiet"), mine), Kind::waiting);
    now += 40ms;
    release(theirs);
    run();
    ASSERT_NE(mine.server, nullptr);
    tick();
    EXPECT_EQ(blocked(Holder::same_tenant), 0ms);
    EXPECT_EQ(blocked(Holder::other_tenant), 40ms);
}

TEST_F(BlameTest, a_time_out_says_what_was_lacked) {
    settings.max_size = 1;
    settings.acquire_timeout = 1s;
    Client holder, waiter, other;
    hold(pool("acme"), holder);
    acquire(pool("acme"), waiter);
    pass(2s);
    ASSERT_TRUE(waiter.refusal.has_value());
    EXPECT_EQ(waiter.refusal->cause, WaitCause::pool_full);
    upstream.max_connections = 4;
    acquire(pool("new"), other);
    pass(2s);
    ASSERT_TRUE(other.refusal.has_value());
    EXPECT_EQ(other.refusal->cause, WaitCause::connecting);
    run();
}

TEST_F(BlameTest, with_more_pools_than_a_tick_looks_at_nothing_is_missed) {
    settings.max_size = 1;
    upstream.max_connections = 1000;
    constexpr std::size_t many = 600;
    std::vector<std::unique_ptr<Client>> clients;
    for (std::size_t i = 0; i < many; ++i) {
        const std::string tenant = "t" + std::to_string(i);
        for (int each = 0; each < 2; ++each) {
            clients.push_back(std::make_unique<Client>());
            (void)acquire(pool(tenant), *clients.back());
            run();
        }
    }
    for (int i = 0; i < 8; ++i) pass(100ms);
    for (std::size_t i = 0; i < clients.size(); i += 2) release(*clients[i]);
    EXPECT_EQ(blocked(Holder::same_tenant), many * 800ms);
}

}  // namespace
}  // namespace weir::pool
