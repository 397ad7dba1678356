#include "telemetry/tenant_ledger.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <map>
#include <random>

#include "telemetry/tenant_house.h"

namespace weir::telemetry {
namespace {

class TenantLedgerTest : public ::testing::Test, protected TenantHouse {};

TEST_F(TenantLedgerTest, a_desk_is_the_same_for_the_same_template_and_loop) {
    EXPECT_EQ(&desk("app", 0), &desk("app", 0));
    EXPECT_NE(&desk("app", 0), &desk("app", 1));
    EXPECT_NE(&desk("app", 0), &desk("web", 0));
    EXPECT_NE(&desk("app", 0), ledger.desk("app", "redis", 0).get());
}

TEST_F(TenantLedgerTest, what_was_decided_takes_effect_at_the_loops_own_tick) {
    ledger.govern({0, 5, {}});
    TenantProbe& probe = open("a");
    probe.leak_suspected();
    now += 1s;
    ledger.tick(now);
    probe.query_ended();
    EXPECT_EQ(page().at({"app", "a"}).queries, 0u) << "shown from the decision on, at 0";
    EXPECT_EQ(page().at({"app", "other"}).queries, 1u);
    ledger.settle(desk(), now);
    probe.query_ended();
    EXPECT_EQ(page().at({"app", "a"}).queries, 1u);
    EXPECT_EQ(page().at({"app", "other"}).queries, 1u);
}

TEST_F(TenantLedgerTest, a_pool_forgotten_and_made_again_goes_on_counting) {
    open("a").query_ended();
    close(0);
    EXPECT_EQ(page().at({"app", "a"}).queries, 1u);
    EXPECT_EQ(page().at({"app", "a"}).max, 0);
    open("a", "app", 1).query_ended();
    EXPECT_EQ(page().at({"app", "a"}).queries, 2u) << "at home on another loop";
}

TEST_F(TenantLedgerTest, who_is_admitted_again_goes_on_from_where_it_stood) {
    ledger.govern({0, 5, {}});
    open("a").leak_suspected();
    pass(1s);
    opened[0].probe->query_ended();
    close(0);
    pass(2h);
    (void)page();
    pass(6min);
    ASSERT_EQ(page().count({"app", "a"}), 0u);
    open("a").query_ended();  // among the others
    opened[0].probe->leak_suspected();
    pass(1s);
    opened[0].probe->query_ended();
    EXPECT_EQ(page().at({"app", "a"}).queries, 2u);
    EXPECT_EQ(page().at({"app", "other"}).queries, 1u);
}

TEST_F(TenantLedgerTest, pools_of_several_apps_make_one_series) {
    open("a", "app", 0).used(2);
    open("a", "app", 0).used(3);
    open("a", "app", 1).used(4);
    EXPECT_EQ(page().at({"app", "a"}).used, 9);
    close(1);
    EXPECT_EQ(page().at({"app", "a"}).used, 6);
}

TEST_F(TenantLedgerTest, one_tenant_of_two_templates_has_two_series) {
    open("a", "app").query_ended();
    open("a", "web").query_ended();
    EXPECT_EQ(page().at({"app", "a"}).queries, 1u);
    EXPECT_EQ(page().at({"web", "a"}).queries, 1u);
}

TEST_F(TenantLedgerTest, who_closes_before_its_switch_leaves_nothing_behind) {
    ledger.govern({0, 5, {}});
    open("a").leak_suspected();
    opened[0].probe->used(2);
    now += 1s;
    ledger.tick(now);
    close(0);
    settle();
    EXPECT_EQ(page().at({"app", "a"}).used, 0);
    EXPECT_EQ(page().at({"app", "other"}).used, 0);
}

TEST_F(TenantLedgerTest, tenants_that_never_had_a_seat_are_forgotten) {
    ledger.govern({0, 0, {}});
    for (int i = 0; i < 2000; ++i) open("t" + std::to_string(i)).leak_suspected();
    while (!opened.empty()) close(opened.size() - 1);
    pass(11min);
    EXPECT_EQ(ledger.size(), 0u);
}

TEST_F(TenantLedgerTest, a_tick_looks_at_a_bounded_number_of_tenants) {
    ledger.govern({0, 5, {}});
    for (int i = 0; i < 2000; ++i) open("t" + std::to_string(10'000 + i));
    opened.back().probe->leak_suspected();
    now += 1s;
    ledger.tick(now);
    EXPECT_TRUE(named().empty());
    for (int ticks = 0; ticks < 3; ++ticks) ledger.tick(now);
    EXPECT_EQ(named().size(), 1u);
}

// Whatever happens, as a scraper sees it.
class RandomTenants : public ::testing::TestWithParam<unsigned>, protected TenantHouse {
  protected:
    using Sums = std::array<std::uint64_t, 10>;
    static Sums counters(const TenantReading& r) {
        return {r.acquires[AcquireOutcome::ok],
                r.acquires[AcquireOutcome::timeout],
                r.acquires[AcquireOutcome::rejected],
                r.acquires[AcquireOutcome::cancelled],
                r.acquires[AcquireOutcome::error],
                r.wait_nanoseconds,
                r.rejections,
                r.leaks_suspected,
                r.queries,
                r.bytes};
    }
    unsigned below(unsigned limit) { return static_cast<unsigned>(random_() % limit); }

    void happen(Open& one) {
        Sums& sums = happened_[one.desk->pool];
        TenantProbe& probe = *one.probe;
        const auto outcome = static_cast<AcquireOutcome>(below(5));
        switch (below(7)) {
            case 0:
                probe.acquire_ended(outcome, Duration(7));
                ++sums[static_cast<std::size_t>(outcome)];
                sums[5] += 7;
                if (outcome == AcquireOutcome::rejected) ++sums[6];
                return;
            case 1:
                probe.leak_suspected();
                ++sums[7];
                return;
            case 2:
                probe.query_ended();
                ++sums[8];
                return;
            case 3:
                probe.received(5);
                probe.sent(8);
                sums[9] += 13;
                return;
            case 4:
                probe.used(below(20));
                return;
            case 5:
                probe.pending(below(9));
                return;
            case 6:
                probe.transaction_took(below(1'000'000'000));
                return;
        }
    }

    void step() {
        const unsigned what = below(100);
        if (what < 10) {
            open("t" + std::to_string(below(60)), below(2) == 0 ? "app" : "web", below(2));
            opened.back().probe->sized(20);
        } else if (what < 16 && !opened.empty()) {
            close(below(static_cast<unsigned>(opened.size())));
        } else if (what < 80 && !opened.empty()) {
            happen(opened[below(static_cast<unsigned>(opened.size()))]);
        } else if (what < 88) {
            ledger.tick(now);
        } else if (what < 94) {
            ledger.settle(desk(below(2) == 0 ? "app" : "web", below(2)), now);
        } else if (what < 99) {
            now += std::chrono::seconds(below(180));
        } else {
            ledger.govern({below(max + 1), max, {"t7", "t8"}});
        }
    }

    void scrape() {
        const Page seen = page();
        std::size_t named = 0;
        std::map<std::string, std::array<std::int64_t, 3>> levels, shown;
        for (const auto& [label, reading] : seen) {
            named += label.second == "other" ? 0 : 1;
            const Sums sums = counters(reading);
            Sums& last = last_[label];
            for (std::size_t i = 0; i < sums.size(); ++i) {
                ASSERT_GE(sums[i], last[i]) << label.first << " " << label.second << " " << i;
            }
            last = sums;
            auto& level = shown[label.first];
            level = {level[0] + reading.used, level[1] + reading.pending, level[2] + reading.max};
        }
        ASSERT_LE(named, max);
        std::map<std::string, Sums> added;
        for (const auto& [label, sums] : last_) {
            for (std::size_t i = 0; i < sums.size(); ++i) added[label.first][i] += sums[i];
        }
        for (const auto& [pool, sums] : happened_) ASSERT_EQ(added[pool], sums) << pool;
        for (const Open& one : opened) {
            auto& level = levels[one.desk->pool];
            const TenantCells& cells = one.probe->cells();
            level = {level[0] + cells.used.read(), level[1] + cells.pending.read(),
                     level[2] + cells.max.read()};
        }
        for (const auto& [pool, level] : levels) ASSERT_EQ(shown[pool], level) << pool;
    }

    static constexpr unsigned max = 8;
    std::mt19937 random_{GetParam()};
    std::map<std::string, Sums> happened_;                      // by pool
    std::map<std::pair<std::string, std::string>, Sums> last_;  // as last scraped, by series
};

TEST_P(RandomTenants, increases_add_up_and_no_counter_ever_goes_down) {
    ledger.govern({4, max, {"t7"}});
    for (int scrapes = 0; scrapes < 1500; ++scrapes) {
        const unsigned steps = below(40);
        for (unsigned i = 0; i < steps; ++i) step();
        ASSERT_NO_FATAL_FAILURE(scrape()) << scrapes;
    }
    EXPECT_GT(last_.size(), 3 * max) << "many had a seat";
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomTenants, ::testing::Range(1U, 5U));

}  // namespace
}  // namespace weir::telemetry
