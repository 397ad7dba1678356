#include "telemetry/tenant_admission.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "telemetry/tenant_house.h"

namespace weir::telemetry {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

class TenantAdmissionTest : public ::testing::Test, protected TenantHouse {
  protected:
    std::string name(int i) { return "t" + std::to_string(100 + i); }
    void work(TenantProbe& probe, Duration time) {
        probe.transaction_took(static_cast<std::uint64_t>(time.count()));
    }
};

TEST_F(TenantAdmissionTest, a_few_tenants_have_a_seat_from_their_first_event) {
    ledger.govern({4, 8, {}});
    open("a").query_ended();
    open("b").query_ended();
    open("c").query_ended();
    EXPECT_THAT(named(), ElementsAre("a", "b")) << "half of the top is for those who use most";
    EXPECT_EQ(page().at({"app", "a"}).queries, 1u);
    EXPECT_EQ(page().at({"app", "other"}).queries, 1u);
}

TEST_F(TenantAdmissionTest, the_top_by_use_are_admitted_and_no_more) {
    ledger.govern({5, 20, {}});
    for (int i = 0; i < 12; ++i) work(open(name(i)), std::chrono::seconds(i));
    pass(1s);
    EXPECT_THAT(named(), ElementsAre(name(0), name(1), name(9), name(10), name(11)));
}

TEST_F(TenantAdmissionTest, a_connection_held_for_long_is_use_before_it_is_given_back) {
    ledger.govern({0, 5, {}});
    open("holder").used(1);
    work(open("busy"), 1s);
    pass(1s);
    pass(10s);
    ledger.govern({1, 5, {}});
    pass(1s);
    EXPECT_THAT(named(), ElementsAre("holder"));
}

TEST_F(TenantAdmissionTest, tenants_in_trouble_are_admitted_besides_the_top) {
    ledger.govern({1, 5, {}});
    work(open("top"), 1s);
    open("timeout").acquire_ended(AcquireOutcome::timeout, 1s);
    open("refusal").acquire_ended(AcquireOutcome::rejected, 0s);
    open("leak").leak_suspected();
    open("cancel").acquire_ended(AcquireOutcome::cancelled, 1s);
    pass(1s);
    EXPECT_THAT(named(), ElementsAre("leak", "refusal", "timeout", "top"));
}

TEST_F(TenantAdmissionTest, never_more_than_the_seats_when_everybody_is_in_trouble) {
    ledger.govern({10, 20, {"vip"}});
    for (int i = 0; i < 300; ++i) {
        open(name(i)).acquire_ended(AcquireOutcome::timeout, 1s);
        EXPECT_LE(named().size(), 20u);
    }
    pass(1s);
    EXPECT_THAT(named(), SizeIs(19)) << "one seat waits for the tenant that has one always";
    open("vip");
    EXPECT_THAT(named(), AllOf(SizeIs(20), Contains("vip")));
}

TEST_F(TenantAdmissionTest, who_finds_no_seat_is_counted_once_for_its_trouble) {
    ledger.govern({0, 2, {}});
    for (int i = 0; i < 6; ++i) open(name(i)).leak_suspected();
    pass(1s);
    EXPECT_EQ(ledger.turned_away(), 4u);
    for (auto& one : opened) one.probe->leak_suspected();
    pass(1min);
    EXPECT_EQ(ledger.turned_away(), 4u);
    pass(11min);
    for (auto& one : opened) one.probe->leak_suspected();
    pass(1s);
    EXPECT_EQ(ledger.turned_away(), 8u) << "another trouble";
}

TEST_F(TenantAdmissionTest, those_beyond_the_top_are_no_overflow) {
    ledger.govern({2, 2, {}});
    for (int i = 0; i < 100; ++i) work(open(name(i)), 1s);
    pass(1s);
    EXPECT_EQ(ledger.turned_away(), 0u);
}

TEST_F(TenantAdmissionTest, the_named_have_a_seat_at_once_and_always) {
    ledger.govern({0, 2, {"vip"}});
    open("vip");
    EXPECT_THAT(named(), ElementsAre("vip"));
    for (int hours = 0; hours < 5; ++hours) pass(1h);
    EXPECT_THAT(named(), ElementsAre("vip"));
}

TEST_F(TenantAdmissionTest, admission_lasts_an_hour_at_least) {
    ledger.govern({0, 5, {}});
    TenantProbe& probe = open("a");
    probe.leak_suspected();
    pass(1s);
    for (int minutes = 0; minutes < 59; ++minutes) {
        pass(1min);
        ASSERT_THAT(named(), ElementsAre("a")) << minutes;
    }
    pass(2min);  // gets up …
    probe.query_ended();
    EXPECT_EQ(page().at({"app", "other"}).queries, 1u);
    EXPECT_THAT(named(), ElementsAre("a")) << "its last counts can still be scraped";
    pass(6min);  // … and its seat is free
    EXPECT_THAT(named(), IsEmpty());
}

TEST_F(TenantAdmissionTest, a_seat_is_not_free_before_its_last_counts_were_scraped) {
    ledger.govern({0, 1, {}});
    open("a").leak_suspected();
    pass(1s);
    pass(70min);  // gets up
    open("b").leak_suspected();
    pass(10min);
    EXPECT_THAT(named(), ElementsAre("a")) << "nobody had looked since";
    opened[1].probe->leak_suspected();
    pass(1s);
    EXPECT_THAT(named(), ElementsAre("b"));
}

TEST_F(TenantAdmissionTest, a_seat_is_not_held_for_ever_where_nobody_scrapes) {
    ledger.govern({0, 1, {}});
    open("a").leak_suspected();
    pass(1s);
    pass(70min);
    pass(70min);
    open("b").leak_suspected();
    pass(1s);
    EXPECT_THAT(named(), ElementsAre("b"));
}

TEST_F(TenantAdmissionTest, who_is_in_trouble_again_while_it_leaves_stays) {
    ledger.govern({0, 1, {}});
    TenantProbe& probe = open("a");
    probe.leak_suspected();
    pass(1s);
    pass(70min);
    probe.leak_suspected();
    pass(1s);
    const auto before = page().at({"app", "a"}).queries;
    probe.query_ended();
    EXPECT_EQ(page().at({"app", "a"}).queries, before + 1);
    pass(30min);
    EXPECT_THAT(named(), ElementsAre("a"));
}

TEST_F(TenantAdmissionTest, an_idle_tenant_keeps_a_seat_that_nobody_needs) {
    ledger.govern({2, 4, {}});
    open("a").query_ended();
    for (int hours = 0; hours < 24; ++hours) pass(1h);
    EXPECT_THAT(named(), ElementsAre("a"));
    work(open("b"), 1s);
    work(open("c"), 1s);
    pass(1s);
    pass(1s);
    (void)named();
    pass(6min);
    pass(1s);
    EXPECT_THAT(named(), Not(Contains("a")));
}

TEST_F(TenantAdmissionTest, what_can_be_no_label_is_among_the_others) {
    ledger.govern({50, 100, {}});
    const std::vector<std::string> tenants{"other", "m\xFCnchen", std::string(1000, 'x')};
    for (const std::string& tenant : tenants) {
        open(tenant).leak_suspected();
    }
    pass(1s);
    EXPECT_THAT(named(), IsEmpty());
    EXPECT_EQ(page().at({"app", "other"}).leaks_suspected, 3u);
    EXPECT_EQ(ledger.turned_away(), 3u);
}

TEST_F(TenantAdmissionTest, fewer_seats_after_a_reload_are_kept_to_by_those_who_use_least) {
    ledger.govern({10, 10, {"t100"}});
    for (int i = 0; i < 10; ++i) work(open(name(i)), std::chrono::seconds(1 + i));
    pass(1s);
    EXPECT_THAT(named(), SizeIs(10));
    ledger.govern({3, 3, {"t100"}});
    pass(1s);
    pass(1s);
    EXPECT_THAT(named(), ElementsAre("t100", "t108", "t109"));
    ledger.govern({1, 3, {"t103", "t104"}});
    pass(1s);
    pass(1s);
    pass(1s);
    EXPECT_THAT(named(), ElementsAre("t103", "t104", "t109")) << "those named now come first";
    ledger.govern({0, 0, {}});
    pass(1s);
    pass(1s);
    EXPECT_THAT(named(), IsEmpty());
}

}  // namespace
}  // namespace weir::telemetry
