#include "proxy/query_seat.h"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

namespace weir::proxy {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

struct QuerySeatTest : ::testing::Test, pool::Port {
    void post(base::Task) override {}  // the pool of the test is asked, not told

    // The test's own pool takes every token that is free.
    void take_all() {
        while (budget.take_free(other, base::Clock::now())) {
            budget.dialed(other, milliseconds(1), base::Clock::now());
        }
    }
    [[nodiscard]] pool::Budget::Books books() const { return budget.books(); }

    std::shared_ptr<telemetry::UpstreamProbe> probe = std::make_shared<telemetry::UpstreamProbe>();
    pool::Budget budget{2, probe};
    pool::Account other{budget.group("web", 0), 1, *this, {}, 1};
    QuerySeat seat{budget};
};

TEST_F(QuerySeatTest, connection_is_on_the_books_from_dial_to_end) {
    ASSERT_TRUE(seat.take());
    EXPECT_EQ(books().dialing, 1U);
    seat.connected(milliseconds(1));
    EXPECT_EQ(books().held, 1U);
    seat.closing();
    EXPECT_EQ(books().closing, 1U);
    seat.closed();
    EXPECT_EQ(books().free, 2U);
}

TEST_F(QuerySeatTest, failed_connect_gives_the_token_back) {
    ASSERT_TRUE(seat.take());
    seat.not_connected(false);
    EXPECT_EQ(books().free, 2U);
    ASSERT_TRUE(seat.take());
    seat.not_connected(true);
    EXPECT_EQ(books().effective, 1U) << "the server said that it is full";
}

TEST_F(QuerySeatTest, full_budget_is_told_of_the_wish_until_it_is_given_up) {
    take_all();
    EXPECT_FALSE(seat.take());
    EXPECT_FALSE(seat.take());
    EXPECT_EQ(books().demand, 1U);
    seat.not_connected(false);
    EXPECT_EQ(books().demand, 0U);
}

TEST_F(QuerySeatTest, token_that_comes_free_is_told_and_can_be_taken) {
    int told = 0;
    seat.notify([&told] { ++told; });
    take_all();
    ASSERT_FALSE(seat.take());
    budget.closing(other, base::Clock::now());
    budget.closed(other, base::Clock::now());
    EXPECT_EQ(told, 1);
    EXPECT_TRUE(seat.take());
    seat.notify(nullptr);
    seat.not_connected(false);
}

TEST_F(QuerySeatTest, only_a_resting_connection_is_taken_back) {
    ASSERT_TRUE(seat.take());
    seat.connected(milliseconds(1));
    take_all();
    const auto later = [] { return base::Clock::now() + seconds(10); };  // past every quantum
    EXPECT_EQ(budget.want(other, 1, later()).tokens, 0U);
    EXPECT_FALSE(seat.wanted_back());
    seat.rest(true);
    static_cast<void>(budget.want(other, 1, later()));
    ASSERT_TRUE(seat.wanted_back());
    seat.closing();
    seat.closed();
    EXPECT_EQ(budget.want(other, 1, later()).tokens, 1U);
    budget.dial_failed(other, later());
}

TEST_F(QuerySeatTest, connection_in_use_again_is_kept) {
    ASSERT_TRUE(seat.take());
    seat.connected(milliseconds(1));
    take_all();
    seat.rest(true);
    static_cast<void>(budget.want(other, 1, base::Clock::now() + seconds(10)));
    seat.rest(false);
    EXPECT_FALSE(seat.wanted_back());
    EXPECT_EQ(books().owed, 0U);
    EXPECT_EQ(books().held, 2U);
}

}  // namespace
}  // namespace weir::proxy
