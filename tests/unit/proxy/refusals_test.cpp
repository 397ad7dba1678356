#include "proxy/refusals.h"

#include <gtest/gtest.h>

namespace weir::proxy {
namespace {

using pool::AcquireOutcome;
using pool::Refusal;
using pool::RejectReason;

settings::Pool tenants() {
    settings::Pool pool;
    pool.name = "tenants";
    return pool;
}

TEST(Refusals, a_time_out_tells_its_numbers_and_the_longest_holder) {
    Refusal refusal;
    refusal.outcome = AcquireOutcome::timeout;
    refusal.max = 3;
    refusal.used = 2;
    refusal.waiting = 7;
    refusal.waited = std::chrono::milliseconds(1500);
    const Answer said = answer(refusal, tenants(), "acme", "main", "", "client 10.0.0.1:5, for 9s");
    EXPECT_EQ(said.sqlstate, "53300");
    for (const char* part : {"\"tenants\"", "max 3", "used 2", "waiting 7", "waited 1.5s",
                             "longest held by client 10.0.0.1:5"}) {
        EXPECT_NE(said.message.find(part), std::string::npos) << part << " in " << said.message;
    }
}

TEST(Refusals, every_rejection_has_its_sqlstate) {
    const std::pair<RejectReason, const char*> expected[] = {
        {RejectReason::queue_full, "53300"},      {RejectReason::tenant_limit, "53300"},
        {RejectReason::breaker_open, "08006"},    {RejectReason::upstream_refused, "08006"},
        {RejectReason::tenant_disabled, "28000"}, {RejectReason::draining, "57P01"}};
    for (const auto& [reason, sqlstate] : expected) {
        Refusal refusal;
        refusal.outcome = AcquireOutcome::rejected;
        refusal.reason = reason;
        EXPECT_EQ(answer(refusal, tenants(), "acme", "main", "", "").sqlstate, sqlstate);
    }
}

TEST(Refusals, an_open_breaker_tells_the_last_connect_error) {
    Refusal refusal;
    refusal.outcome = AcquireOutcome::rejected;
    refusal.reason = RejectReason::breaker_open;
    const Answer said = answer(refusal, tenants(), "acme", "main", "connection refused", "");
    EXPECT_NE(said.message.find("connection refused"), std::string::npos);
}

TEST(Refusals, the_servers_own_error_passes_unchanged) {
    Refusal refusal;
    refusal.outcome = AcquireOutcome::error;
    refusal.sqlstate = "3D000";
    refusal.message = "database \"gone\" does not exist";
    const Answer said = answer(refusal, tenants(), "acme", "main", "", "");
    EXPECT_EQ(said.sqlstate, "3D000");
    EXPECT_EQ(said.message, "database \"gone\" does not exist");
}

TEST(Refusals, what_a_login_lacks_is_said_with_what_to_do) {
    const Answer unknown = password_unknown("bob", "own");
    EXPECT_EQ(unknown.sqlstate, "28000");
    EXPECT_NE(unknown.message.find("of user \"bob\" only a verifier is known"), std::string::npos);
    EXPECT_FALSE(unknown.hint.empty());
    const Answer silent = role_not_asked("main", "connection refused");
    EXPECT_EQ(silent.sqlstate, "08006");
    EXPECT_NE(silent.message.find("connection refused"), std::string::npos);
}

}  // namespace
}  // namespace weir::proxy
