#include "pool/budget.h"

#include "pool/fake_house.h"

namespace weir::pool {
namespace {

// Pools reduced to their accounts: what a letter says is read by asking again.
class BudgetTest : public testing::Test {
  public:
    std::shared_ptr<telemetry::UpstreamProbe> probe = std::make_shared<telemetry::UpstreamProbe>();
    Budget budget{4, probe};
    FakePort port;
    Instant now{1h};

    std::unique_ptr<Account> open(const std::string& group = "g", unsigned reserved = 0,
                                  unsigned weight = 1) {
        return std::make_unique<Account>(budget.group(group, reserved), weight, port,
                                         std::weak_ptr<Mailbox>(), 1);
    }
    // Takes and dials.
    void fill(Account& account, unsigned tokens) {
        const Budget::Answer answer = budget.want(account, tokens, now);
        ASSERT_EQ(answer.tokens, tokens);
        for (unsigned i = 0; i < tokens; ++i) budget.dialed(account, 5ms, now);
    }
    [[nodiscard]] unsigned owed(const Account& account) const { return budget.books(account).owed; }
};

TEST_F(BudgetTest, a_token_goes_from_free_over_dialing_held_and_closing_to_free) {
    auto a = open();
    ASSERT_EQ(budget.want(*a, 1, now).tokens, 1U);
    EXPECT_EQ(budget.books().dialing, 1U);
    budget.dialed(*a, 5ms, now);
    EXPECT_EQ(budget.books().held, 1U);
    budget.closing(*a, now);
    EXPECT_EQ(budget.books().closing, 1U);
    EXPECT_EQ(budget.books().free, 3U) << "not before the server's end of file";
    budget.closed(*a, now);
    EXPECT_EQ(budget.books().free, 4U);
    EXPECT_EQ(probe->budget_used(), 0);
}

TEST_F(BudgetTest, reserved_tokens_go_to_their_own_template_alone) {
    auto other = open("other"), own = open("own", 2);
    EXPECT_EQ(budget.want(*other, 4, now).tokens, 2U);
    EXPECT_EQ(budget.want(*own, 2, now).tokens, 2U);
}

TEST_F(BudgetTest, the_next_token_goes_to_the_lowest_share) {
    auto rich = open(), poor = open(), third = open();
    fill(*rich, 2);
    fill(*third, 2);
    (void)budget.want(*rich, 1, now);
    (void)budget.want(*poor, 1, now);
    budget.closing(*third, now);
    budget.closed(*third, now);
    EXPECT_EQ(budget.want(*poor, 1, now).tokens, 1U);
    EXPECT_EQ(budget.want(*rich, 1, now).tokens, 0U);
}

TEST_F(BudgetTest, equals_are_served_by_the_longest_unserved_demand) {
    auto holder = open(), first = open(), second = open();
    fill(*holder, 4);
    (void)budget.want(*first, 1, now);
    now += 1ms;
    (void)budget.want(*second, 1, now);
    budget.closing(*holder, now);
    budget.closed(*holder, now);
    EXPECT_EQ(budget.want(*second, 1, now).tokens, 0U);
    EXPECT_EQ(budget.want(*first, 1, now).tokens, 1U);
}

TEST_F(BudgetTest, demand_that_went_away_cancels_its_recalls) {
    auto rich = open(), poor = open();
    fill(*rich, 4);
    now += 1s;
    (void)budget.want(*poor, 1, now);
    EXPECT_EQ(owed(*rich), 1U);
    (void)budget.want(*poor, 0, now);
    EXPECT_EQ(owed(*rich), 0U);
    EXPECT_FALSE(budget.surrender(*rich, now));
}

TEST_F(BudgetTest, a_used_connection_is_recalled_only_after_a_quantum) {
    auto rich = open(), poor = open();
    fill(*rich, 4);
    EXPECT_EQ(budget.quantum(), 100ms) << "twenty dials";
    now += 99ms;
    (void)budget.want(*poor, 1, now);
    EXPECT_EQ(owed(*rich), 0U);
    now += 1ms;
    budget.tick(now);
    EXPECT_EQ(owed(*rich), 1U);
    EXPECT_EQ(port.tasks.size(), 1U);
}

TEST_F(BudgetTest, the_quantum_stays_between_its_bounds) {
    auto a = open();
    ASSERT_EQ(budget.want(*a, 2, now).tokens, 2U);
    budget.dialed(*a, 1us, now);
    EXPECT_EQ(budget.quantum(), 50ms);
    budget.dialed(*a, 60s, now);
    EXPECT_EQ(budget.quantum(), 1s);
}

TEST_F(BudgetTest, recall_stops_where_the_lead_is_not_worth_a_connection) {
    auto rich = open(), poor = open();
    fill(*rich, 3);
    fill(*poor, 1);
    now += 1s;
    (void)budget.want(*poor, 3, now);
    EXPECT_EQ(owed(*rich), 1U) << "3 and 1 become 2 and 2, no further";
}

TEST_F(BudgetTest, equal_shares_are_left_alone) {
    auto a = open(), b = open();
    fill(*a, 2);
    fill(*b, 2);
    now += 1s;
    (void)budget.want(*b, 1, now);
    EXPECT_EQ(owed(*a), 0U);
}

TEST_F(BudgetTest, idle_connections_are_recalled_first_and_the_coldest_of_them) {
    auto used = open(), cold = open(), colder = open(), poor = open();
    fill(*used, 2);
    fill(*cold, 1);
    fill(*colder, 1);
    now += 1s;
    cold->idle_count(1);
    cold->coldest_idle(now - 100ms);
    colder->idle_count(1);
    colder->coldest_idle(now - 200ms);
    (void)budget.want(*poor, 1, now);
    EXPECT_EQ(owed(*colder), 1U);
    EXPECT_EQ(owed(*cold), 0U);
    EXPECT_EQ(owed(*used), 0U);
}

TEST_F(BudgetTest, what_was_owed_for_being_idle_is_not_owed_once_in_use) {
    auto victim = open(), poor = open();
    fill(*victim, 1);
    auto rest = open();
    fill(*rest, 3);
    now += 20ms;
    victim->idle_count(1);
    victim->coldest_idle(now - 15ms);
    (void)budget.want(*poor, 1, now);
    ASSERT_EQ(owed(*victim), 1U);
    victim->idle_count(0);
    EXPECT_EQ(budget.want(*victim, 0, now).owed, 0U);
}

TEST_F(BudgetTest, pinned_connections_are_never_recalled) {
    auto rich = open(), poor = open();
    fill(*rich, 4);
    now += 1s;
    (void)budget.want(*poor, 2, now);
    budget.limit_recalls(*rich, 1, now);
    EXPECT_EQ(owed(*rich), 1U);
    budget.limit_recalls(*rich, 0, now);
    EXPECT_EQ(owed(*rich), 0U);
}

TEST_F(BudgetTest, a_recall_that_is_not_paid_within_a_quantum_moves_to_another) {
    auto stuck = open(), free = open(), poor = open();
    fill(*stuck, 3);
    fill(*free, 1);
    now += 1s;
    (void)budget.want(*poor, 1, now);
    ASSERT_EQ(owed(*stuck), 1U);
    now += 100ms;
    budget.tick(now);
    EXPECT_EQ(owed(*stuck), 0U);
    EXPECT_EQ(owed(*free), 1U);
}

TEST_F(BudgetTest, closing_connections_count_as_recalls_already_made) {
    auto rich = open(), poor = open();
    fill(*rich, 4);
    now += 1s;
    budget.closing(*rich, now);
    (void)budget.want(*poor, 1, now);
    EXPECT_EQ(owed(*rich), 0U);
}

TEST_F(BudgetTest, an_unwanted_grant_returns_at_once) {
    auto holder = open(), waiter = open();
    fill(*holder, 4);
    (void)budget.want(*waiter, 1, now);
    budget.closing(*holder, now);
    budget.closed(*holder, now);
    EXPECT_EQ(budget.books().dialing, 1U) << "granted, not yet collected";
    EXPECT_EQ(budget.want(*waiter, 0, now).tokens, 0U);
    EXPECT_EQ(budget.books().free, 1U);
}

TEST_F(BudgetTest, a_recalled_token_is_told_as_stolen) {
    auto rich = open(), poor = open();
    fill(*rich, 4);
    now += 1s;
    (void)budget.want(*poor, 1, now);
    ASSERT_TRUE(budget.surrender(*rich, now));
    budget.closed(*rich, now);
    const Budget::Answer answer = budget.want(*poor, 1, now);
    EXPECT_EQ(answer.tokens, 1U);
    EXPECT_EQ(answer.stolen, 1U);
    EXPECT_EQ(probe->steals(), 1U);
}

TEST_F(BudgetTest, free_tokens_are_not_for_min_idle_while_somebody_waits_or_has_them_reserved) {
    auto warm = open("warm"), own = open("own", 3), holder = open("warm");
    EXPECT_TRUE(budget.take_free(*warm, now));
    EXPECT_FALSE(budget.take_free(*warm, now));
}

TEST_F(BudgetTest, too_many_shrinks_to_what_is_held_and_regrows_by_one_every_ten_seconds) {
    auto a = open();
    fill(*a, 2);
    ASSERT_EQ(budget.want(*a, 1, now).tokens, 1U);
    budget.too_many(*a, now);
    EXPECT_EQ(budget.books().effective, 2U);
    EXPECT_EQ(budget.books().free, 0U);
    now += 9s;
    budget.tick(now);
    EXPECT_EQ(budget.books().effective, 2U);
    now += 1s;
    budget.tick(now);
    EXPECT_EQ(budget.books().effective, 3U);
    now += 60s;
    budget.tick(now);
    EXPECT_EQ(budget.books().effective, 4U);
    EXPECT_EQ(probe->budget_connections(), 4);
}

TEST_F(BudgetTest, side_connections_hold_tokens_too) {
    auto a = open();
    auto side = budget.borrow_side(now);
    ASSERT_TRUE(side.has_value());
    EXPECT_EQ(budget.want(*a, 4, now).tokens, 3U);
    EXPECT_FALSE(budget.borrow_side(now).has_value());
    side.reset();
    EXPECT_EQ(budget.want(*a, 1, now).tokens, 1U) << "returned, and given to who waited";
}

TEST_F(BudgetTest, what_a_closed_account_had_is_free) {
    auto a = open(), b = open();
    fill(*a, 4);
    (void)budget.want(*b, 2, now);
    budget.close(*a, now);
    EXPECT_EQ(budget.want(*b, 2, now).tokens, 2U);
    EXPECT_EQ(budget.books().free, 2U);
}

TEST_F(BudgetTest, what_another_process_has_is_not_given_out) {
    budget.set_elsewhere(4, now);
    auto a = open();
    EXPECT_EQ(budget.want(*a, 3, now).tokens, 0U);
    budget.set_elsewhere(3, now);
    EXPECT_EQ(budget.want(*a, 3, now).tokens, 1U);
    EXPECT_EQ(budget.books().effective, 1U);
    EXPECT_EQ(probe->budget_connections(), 1);
    budget.set_elsewhere(0, now);
    EXPECT_EQ(budget.want(*a, 2, now).tokens, 2U);
    EXPECT_FALSE(budget.take_free(*a, now) && budget.take_free(*a, now)) << "four in all";
}

TEST_F(BudgetTest, a_full_server_is_full_of_the_other_process_too) {
    budget.set_elsewhere(2, now);
    auto a = open();
    fill(*a, 1);
    ASSERT_EQ(budget.want(*a, 1, now).tokens, 1U);
    budget.too_many(*a, now);
    EXPECT_EQ(budget.want(*a, 1, now).tokens, 0U);
    budget.set_elsewhere(1, now);
    EXPECT_EQ(budget.want(*a, 1, now).tokens, 1U) << "what the other one let go is there";
}

TEST_F(BudgetTest, what_is_kept_can_be_used_again_and_what_was_given_up_can_not) {
    auto a = open(), b = open();
    fill(*a, 2);
    EXPECT_EQ(budget.keep_used(1), 2U);
    EXPECT_EQ(budget.want(*b, 2, now).tokens, 0U);
    budget.closing(*a, now);
    budget.closed(*a, now);
    EXPECT_EQ(budget.want(*b, 2, now).tokens, 1U) << "one for another";
    EXPECT_EQ(budget.keep_used(0), 2U);
    budget.dialed(*b, 5ms, now);
    (void)budget.want(*b, 0, now);
    budget.closing(*b, now);
    budget.closed(*b, now);
    EXPECT_EQ(budget.keep_used(0), 1U);
    EXPECT_EQ(budget.keep_used(3), 1U) << "never more again";
    EXPECT_FALSE(budget.borrow_side(now));
    budget.keep_all(now);
    EXPECT_EQ(budget.books().free, 3U);
}

TEST_F(BudgetTest, somebody_without_a_connection_keeps_one_to_dial) {
    auto a = open();
    EXPECT_EQ(budget.keep_used(1), 1U);
    EXPECT_EQ(budget.want(*a, 2, now).tokens, 1U);
}

TEST_F(BudgetTest, a_larger_maximum_serves_who_waits) {
    auto a = open();
    fill(*a, 4);
    (void)budget.want(*a, 2, now);
    budget.resize(5, now);
    EXPECT_EQ(budget.want(*a, 2, now).tokens, 1U);
    EXPECT_EQ(probe->budget_connections(), 5);
}

TEST_F(BudgetTest, a_smaller_maximum_recalls_what_is_over_though_nobody_waits) {
    auto idle = open(), used = open();
    fill(*idle, 1);
    fill(*used, 3);
    idle->idle_count(1);
    idle->coldest_idle(now);
    budget.resize(2, now);
    EXPECT_EQ(owed(*idle), 1U) << "idle ones first";
    EXPECT_EQ(owed(*used), 1U);
    EXPECT_EQ(budget.books().free, 0U);
    ASSERT_TRUE(budget.surrender(*idle, now));
    ASSERT_TRUE(budget.surrender(*used, now));
    budget.closed(*idle, now);
    budget.closed(*used, now);
    EXPECT_EQ(budget.books().owed, 0U);
    EXPECT_EQ(budget.want(*idle, 1, now).tokens, 0U) << "it fits, and none is free";
}

TEST_F(BudgetTest, nobody_gets_a_token_before_a_smaller_maximum_fits) {
    auto rich = open(), poor = open();
    fill(*rich, 4);
    budget.resize(3, now);
    (void)budget.want(*poor, 1, now);
    ASSERT_TRUE(budget.surrender(*rich, now));
    budget.closed(*rich, now);
    EXPECT_EQ(budget.want(*poor, 1, now).tokens, 0U);
}

TEST_F(BudgetTest, pinned_connections_outlast_a_smaller_maximum) {
    auto pinned = open();
    fill(*pinned, 4);
    budget.limit_recalls(*pinned, 1, now);
    budget.resize(1, now);
    EXPECT_EQ(owed(*pinned), 1U);
    budget.limit_recalls(*pinned, 3, now);
    EXPECT_EQ(owed(*pinned), 3U);
}

TEST_F(BudgetTest, a_maximum_that_grows_back_cancels_the_recalls) {
    auto a = open();
    fill(*a, 4);
    budget.resize(2, now);
    ASSERT_EQ(owed(*a), 2U);
    budget.resize(4, now);
    EXPECT_EQ(owed(*a), 0U);
}

TEST_F(BudgetTest, a_maximum_that_the_server_made_smaller_regrows_to_the_new_one) {
    auto a = open();
    fill(*a, 1);
    ASSERT_EQ(budget.want(*a, 1, now).tokens, 1U);
    budget.too_many(*a, now);
    budget.resize(6, now);
    EXPECT_EQ(budget.books().effective, 1U);
    now += 60s;
    budget.tick(now);
    EXPECT_EQ(budget.books().effective, 6U);
}

TEST_F(BudgetTest, a_changed_weight_decides_who_is_next) {
    auto holder = open(), first = open(), second = open();
    fill(*holder, 2);
    fill(*first, 1);
    fill(*second, 1);
    (void)budget.want(*first, 1, now);
    now += 1ms;
    (void)budget.want(*second, 1, now);
    budget.reweigh(*second, 3, now);
    budget.closing(*holder, now);
    budget.closed(*holder, now);
    EXPECT_EQ(budget.want(*first, 1, now).tokens, 0U);
    EXPECT_EQ(budget.want(*second, 1, now).tokens, 1U);
}

}  // namespace
}  // namespace weir::pool
