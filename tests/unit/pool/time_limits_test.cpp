#include "pool/time_limits.h"

#include "pool/fake_house.h"

namespace weir::pool {
namespace {

class TimeLimitsTest : public House {
  public:
    TimeLimitsTest() { settings.leak_after = 0s; }
};

TEST_F(TimeLimitsTest, a_query_that_runs_too_long_expires_once) {
    settings.query_timeout = 5s;
    Client client;
    hold(pool(), client);
    pass(4s);
    pool().quiet(*client.server, true, now);
    pool().busy(*client.server, now);
    pass(4s);
    EXPECT_THAT(host().expirations, IsEmpty()) << "each query has its own time";
    pass(1s);
    ASSERT_THAT(host().expirations, SizeIs(1));
    EXPECT_EQ(host().expirations[0].second, Deadline::query);
    pass(60s);
    EXPECT_THAT(host().expirations, SizeIs(1));
}

TEST_F(TimeLimitsTest, a_transaction_expires_however_many_queries_it_has) {
    settings.transaction_timeout = 5s;
    Client client;
    hold(pool(), client);
    for (int i = 0; i < 5; ++i) {
        EXPECT_THAT(host().expirations, IsEmpty());
        pool().quiet(*client.server, true, now);
        pool().busy(*client.server, now);
        pass(1s);
    }
    ASSERT_THAT(host().expirations, SizeIs(1));
    EXPECT_EQ(host().expirations[0].second, Deadline::transaction);
}

TEST_F(TimeLimitsTest, a_session_between_transactions_does_not_expire) {
    settings.mode = settings::PoolMode::session;
    settings.transaction_timeout = 5s;
    Client client;
    hold(pool(), client);
    pool().quiet(*client.server, false, now);
    pass(60s);
    pool().busy(*client.server, now);
    pass(4s);
    EXPECT_THAT(host().expirations, IsEmpty());
    pass(1s);
    EXPECT_THAT(host().expirations, SizeIs(1));
}

TEST_F(TimeLimitsTest, idle_in_a_transaction_expires_and_its_oldest_is_told) {
    settings.idle_in_transaction_timeout = 5s;
    Client client;
    hold(pool(), client);
    pass(3s);
    pool().quiet(*client.server, true, now);
    pass(4s);
    EXPECT_THAT(host().expirations, IsEmpty());
    EXPECT_EQ(probe().oldest_idle_in_transaction(), 4s);
    pass(1s);
    ASSERT_THAT(host().expirations, SizeIs(1));
    EXPECT_EQ(host().expirations[0].second, Deadline::idle_in_transaction);
    release(client);
    tick();
    EXPECT_EQ(probe().oldest_idle_in_transaction(), 0s);
}

TEST_F(TimeLimitsTest, without_limits_nothing_expires) {
    Client client;
    hold(pool(), client);
    pool().quiet(*client.server, true, now);
    pass(1000h);
    EXPECT_THAT(host().expirations, IsEmpty());
}

}  // namespace
}  // namespace weir::pool
