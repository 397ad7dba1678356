#include "admin/readiness.h"

#include <gmock/gmock.h>

namespace weir::admin {
namespace {

using settings::ReadyPolicy;
using testing::HasSubstr;
using testing::Not;

constexpr proxy::Readiness all_well{true, true, false, true, true};

Response ready(const proxy::Readiness& readiness, ReadyPolicy policy, bool verbose = false) {
    return probe_answer(ready_checks(readiness, policy), verbose);
}

TEST(Readiness, agent_with_all_well_is_ready_under_every_policy) {
    for (const auto policy : {ReadyPolicy::any, ReadyPolicy::all, ReadyPolicy::never}) {
        EXPECT_EQ(ready(all_well, policy).status, 200);
        EXPECT_EQ(ready(all_well, policy).body, "ok\n");
    }
}

TEST(Readiness, failing_upstreams_are_ignored_only_by_policy_never) {
    proxy::Readiness lost = all_well;
    lost.upstreams_serve = false;
    EXPECT_EQ(ready(lost, ReadyPolicy::any).status, 503);
    EXPECT_EQ(ready(lost, ReadyPolicy::any).body, "no upstream can serve\n");
    EXPECT_EQ(ready(lost, ReadyPolicy::all).status, 503);
    EXPECT_EQ(ready(lost, ReadyPolicy::never).status, 200);
}

TEST(Readiness, draining_agent_is_not_ready_and_says_so) {
    proxy::Readiness draining = all_well;
    draining.draining = true;
    EXPECT_EQ(ready(draining, ReadyPolicy::never).status, 503);
    EXPECT_EQ(ready(draining, ReadyPolicy::never).body, "draining\n");
}

TEST(Readiness, every_reason_is_given) {
    const proxy::Readiness nothing{false, false, true, false, false};
    const Response response = ready(nothing, ReadyPolicy::any);
    EXPECT_THAT(response.body, HasSubstr("configuration"));
    EXPECT_THAT(response.body, HasSubstr("listener"));
    EXPECT_THAT(response.body, HasSubstr("draining"));
    EXPECT_THAT(response.body, HasSubstr("upstream"));
}

TEST(Readiness, verbose_answer_lists_each_check) {
    proxy::Readiness lost = all_well;
    lost.upstreams_serve = false;
    const std::string body = ready(lost, ReadyPolicy::any, true).body;
    EXPECT_THAT(body, HasSubstr("listening: ok\n"));
    EXPECT_THAT(body, HasSubstr("upstreams: no upstream can serve\n"));
}

TEST(Readiness, warming_matters_at_startup_only) {
    proxy::Readiness cold = all_well;
    cold.warm = false;
    EXPECT_EQ(probe_answer(startup_checks(cold), false).status, 503);
    EXPECT_EQ(ready(cold, ReadyPolicy::any).status, 200);
    EXPECT_EQ(probe_answer(startup_checks(all_well), false).status, 200);
}

TEST(Readiness, silent_loop_means_not_alive) {
    EXPECT_EQ(probe_answer(live_checks(false), false).status, 503);
    EXPECT_EQ(probe_answer(live_checks(true), false).status, 200);
}

}  // namespace
}  // namespace weir::admin
