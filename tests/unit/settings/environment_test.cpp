#include "settings/environment.h"

#include "loading.h"

namespace weir::settings {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

TEST(Environment, names_are_upper_case_with_underscores) {
    EXPECT_EQ(environment_name("admin", "", "listen"), "WEIR_ADMIN_LISTEN");
    EXPECT_EQ(environment_name("pool", "tenants-eu.1", "breaker.open_for"),
              "WEIR_POOL_TENANTS_EU_1_BREAKER_OPEN_FOR");
}

TEST(Environment, overrides_the_file) {
    const auto settings =
        loaded(small("[agent]\nloops = 1\n"), {{"WEIR_AGENT_LOOPS", "2"},
                                               {"WEIR_ADMIN_READY_POLICY", "all"},
                                               {"WEIR_ADMIN_TOKEN", "hush"},
                                               {"WEIR_POOL_APP_MAX_SIZE", "7"},
                                               {"WEIR_POOL_APP_WARN_AT", "0.5"},
                                               {"WEIR_POOL_APP_DISABLED_TENANTS", "acme,globex"},
                                               {"WEIR_UPSTREAM_MAIN_BREAKER_OPEN_FOR", "2s"},
                                               {"WEIR_USER_ANN_PASSWORD", "new"}})
            .settings;
    EXPECT_EQ(settings.agent.loops, 2U);
    EXPECT_EQ(settings.admin.ready_policy, ReadyPolicy::all);
    EXPECT_TRUE(settings.admin.token.matches("hush"));
    EXPECT_EQ(settings.pool.at(0).max_size, 7U);
    EXPECT_EQ(settings.pool.at(0).warn_at, 0.5);
    EXPECT_THAT(settings.pool.at(0).disabled_tenants, ElementsAre("acme", "globex"));
    EXPECT_EQ(settings.upstream.at(0).breaker.open_for, 2s);
    EXPECT_TRUE(settings.user.at(0).password.matches("new"));
}

TEST(Environment, reaches_a_listener_that_the_file_leaves_out) {
    const auto settings = loaded(small(), {{"WEIR_LISTEN_POSTGRESQL_ADDRESS", "0.0.0.0:6432"},
                                           {"WEIR_LISTEN_POSTGRESQL_PROXY_PROTOCOL", "true"}})
                              .settings;
    EXPECT_EQ(settings.listen.at(0).address, "0.0.0.0:6432");
    EXPECT_TRUE(settings.listen.at(0).proxy_protocol);
}

TEST(Environment, item_is_found_by_its_name_in_capitals) {
    const auto settings = loaded(small({},
                                       "[[pool]]\nname = \"eu-2\"\nupstream = \"main\"\n"
                                       "match = \"b\"\n"),
                                 {{"WEIR_POOL_EU_2_MIN_IDLE", "3"}})
                              .settings;
    EXPECT_EQ(settings.pool.at(0).min_idle, 0U);
    EXPECT_EQ(settings.pool.at(1).min_idle, 3U);
}

TEST(Environment, name_that_means_two_items_is_an_error) {
    EXPECT_THAT(problems_of(small({},
                                  "[[pool]]\nname = \"a-b\"\nupstream = \"main\"\nmatch = "
                                  "\"x\"\n[[pool]]\nname = \"a_b\"\nupstream = \"main\"\n"
                                  "match = \"y\"\n"),
                            {{"WEIR_POOL_A_B_MIN_IDLE", "3"}}),
                ElementsAre(HasSubstr("means more than one key")));
}

TEST(Environment, wrong_value_is_told_with_the_variables_name) {
    EXPECT_THAT(problems_of(small(), {{"WEIR_POOL_APP_MAX_SIZE", "many"},
                                      {"WEIR_LISTEN_POSTGRESQL_PROXY_PROTOCOL", "yes"}}),
                ElementsAre("environment WEIR_LISTEN_POSTGRESQL_PROXY_PROTOCOL: "
                            "listen.postgresql.proxy_protocol: expected true or false, got "
                            "\"yes\"",
                            "environment WEIR_POOL_APP_MAX_SIZE: pool.app.max_size: expected a "
                            "whole number from 1 to 100000, got \"many\""));
}

TEST(Environment, name_that_means_nothing_is_an_error) {
    EXPECT_THAT(problems_of(small(), {{"WEIR_POOL_APP_MAX_SIZ", "3"}, {"WEIRD", "x"}}),
                ElementsAre("environment WEIR_POOL_APP_MAX_SIZ: means nothing here; did you mean "
                            "\"WEIR_POOL_APP_MAX_SIZE\"?"));
    EXPECT_THAT(problems_of(small(), {{"WEIR_POOL_OTHER_MAX_SIZE", "3"}}),
                ElementsAre(StartsWith("environment WEIR_POOL_OTHER_MAX_SIZE: means nothing")));
    EXPECT_THAT(problems_of(small(), {{"WEIR_POOL_APP_NAME", "b"}}),
                ElementsAre(StartsWith("environment WEIR_POOL_APP_NAME: means nothing")));
}

TEST(Environment, what_kubernetes_injects_is_not_ours) {
    EXPECT_THAT(problems_of(small(), {{"WEIR_PORT", "tcp://10.0.0.1:6432"},
                                      {"WEIR_PORT_6432_TCP", "tcp://10.0.0.1:6432"},
                                      {"WEIR_PORT_6432_TCP_ADDR", "10.0.0.1"},
                                      {"WEIR_SERVICE_HOST", "10.0.0.1"},
                                      {"WEIR_SERVICE_PORT", "6432"},
                                      {"WEIR_SERVICE_PORT_PGSQL", "6432"},
                                      {"WEIR_ADMIN_PORT", "tcp://10.0.0.2:9630"},
                                      {"WEIR_ADMIN_PORT_9630_TCP_PROTO", "tcp"},
                                      {"WEIR_ADMIN_SERVICE_HOST", "10.0.0.2"},
                                      {"WEIR_ADMIN_SERVICE_PORT_HTTP", "9630"}}),
                IsEmpty());
}

TEST(Environment, address_of_the_running_agent_is_the_commands_own) {
    EXPECT_THAT(problems_of(small(), {{"WEIR_ADMIN", "http://127.0.0.1:9630"}}), IsEmpty());
}

TEST(Environment, of_this_process_is_read) {
    ASSERT_EQ(setenv("SETTINGS_TEST_VALUE", "a=b", 1), 0);
    EXPECT_EQ(process_environment().at("SETTINGS_TEST_VALUE"), "a=b");
    unsetenv("SETTINGS_TEST_VALUE");
}

}  // namespace
}  // namespace weir::settings
