#include "cli/arguments.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

namespace weir::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

template <class Options>
Options parsed(std::vector<std::string> words) {
    const auto invocation = parse_arguments(std::move(words));
    if (!invocation) {
        ADD_FAILURE() << invocation.error().text;
        return {};
    }
    const auto* options = std::get_if<Options>(&invocation->command);
    if (options == nullptr) {
        ADD_FAILURE() << "another command was understood";
        return {};
    }
    return *options;
}

Usage refused(std::vector<std::string> words) {
    const auto invocation = parse_arguments(std::move(words));
    EXPECT_FALSE(invocation);
    return invocation ? Usage{} : invocation.error();
}

TEST(Arguments, serve_takes_a_file_or_urls_but_not_both) {
    EXPECT_EQ(parsed<ServeOptions>({"serve", "--config", "x.toml"}).config, "x.toml");
    EXPECT_THAT(parsed<ServeOptions>({"serve", "postgres://a@b/", "postgres://c@d/"}).urls,
                ElementsAre("postgres://a@b/", "postgres://c@d/"));
    EXPECT_EQ(refused({"serve", "--config", "x.toml", "postgres://a@b/"}).exit_code, usage_error);
}

TEST(Arguments, a_configuration_that_is_not_named_is_looked_for) {
    EXPECT_EQ(parsed<ServeOptions>({"serve"}).config, "/etc/weir/weir.toml");
    EXPECT_EQ(parsed<CheckOptions>({"check"}).config, "/etc/weir/weir.toml");
    EXPECT_EQ(parsed<ServeOptions>({"serve", "postgres://a@b/"}).config, "");
}

TEST(Arguments, check_may_connect) {
    EXPECT_TRUE(parsed<CheckOptions>({"check", "--connect"}).connect);
    EXPECT_FALSE(parsed<CheckOptions>({"check"}).connect);
}

TEST(Arguments, status_has_a_selection_and_details) {
    const auto options = parsed<StatusOptions>(
        {"status", "--pool", "tenants", "--tenant=acme", "--detailed", "--json"});
    EXPECT_EQ(options.pool, "tenants");
    EXPECT_EQ(options.tenant, "acme");
    EXPECT_TRUE(options.detailed);
    EXPECT_TRUE(options.json);
    EXPECT_FALSE(options.watch);
}

TEST(Arguments, watch_has_two_seconds_unless_told_otherwise) {
    EXPECT_EQ(parsed<StatusOptions>({"status", "--watch"}).watch, 2);
    EXPECT_EQ(parsed<StatusOptions>({"status", "--watch", "0.5"}).watch, 0.5);
    EXPECT_EQ(parsed<StatusOptions>({"status", "--watch=7"}).watch, 7);
    EXPECT_EQ(parsed<StatusOptions>({"status", "--watch", "--json"}).watch, 2);
    EXPECT_EQ(refused({"status", "--watch", "-1"}).exit_code, usage_error);
    EXPECT_EQ(refused({"status", "--watch", "soon"}).exit_code, usage_error);
}

TEST(Arguments, tenants_are_sorted_by_a_known_key) {
    const auto options =
        parsed<TenantsOptions>({"tenants", "--sort", "rejected", "--limit", "3", "--offset", "6"});
    EXPECT_EQ(options.sort, "rejected");
    EXPECT_EQ(options.limit, 3u);
    EXPECT_EQ(options.offset, 6u);
    EXPECT_THAT(refused({"tenants", "--sort", "colour"}).text, HasSubstr("colour"));
}

TEST(Arguments, test_is_bounded) {
    const auto options = parsed<TestOptions>(
        {"test", "--clients", "3", "--seconds", "9", "--dsn", "host=x", "--pool", "p"});
    EXPECT_EQ(options.clients, 3u);
    EXPECT_EQ(options.seconds, 9u);
    EXPECT_EQ(options.dsn, "host=x");
    EXPECT_EQ(refused({"test", "--clients", "0"}).exit_code, usage_error);
    EXPECT_EQ(refused({"test", "--seconds", "999999"}).exit_code, usage_error);
}

TEST(Arguments, each_action_on_pools_keeps_its_name) {
    for (const char* action : {"clear", "pause", "resume", "disable", "enable"}) {
        const auto options = parsed<PoolActionOptions>({action, "--tenant", "acme"});
        EXPECT_EQ(options.action, action);
        EXPECT_EQ(options.tenant, "acme");
        EXPECT_FALSE(options.max_size);
    }
    EXPECT_EQ(parsed<PoolActionOptions>({"pause"}).pool, "");
}

TEST(Arguments, resize_needs_a_size_and_whose) {
    EXPECT_EQ(parsed<PoolActionOptions>({"resize", "--pool", "p", "--max-size", "30"}).max_size,
              30u);
    EXPECT_EQ(refused({"resize", "--pool", "p"}).exit_code, usage_error);
    EXPECT_EQ(refused({"resize", "--max-size", "30"}).exit_code, usage_error);
    EXPECT_EQ(refused({"resize", "--pool", "p", "--max-size", "0"}).exit_code, usage_error);
}

TEST(Arguments, nobody_is_disabled_by_a_forgotten_word) {
    EXPECT_THAT(refused({"disable"}).text, HasSubstr("--tenant"));
}

TEST(Arguments, kill_needs_a_connection) {
    EXPECT_EQ(parsed<KillOptions>({"kill", "--connection", "s7"}).connection, "s7");
    EXPECT_EQ(refused({"kill"}).exit_code, usage_error);
}

TEST(Arguments, drain_and_restart_and_leaks_and_health_are_there) {
    EXPECT_TRUE(parsed<DrainOptions>({"drain", "--json"}).json);
    EXPECT_TRUE(parsed<RestartOptions>({"restart", "--json"}).json);
    EXPECT_TRUE(parsed<ReloadOptions>({"reload", "--json"}).json);
    EXPECT_TRUE(parsed<LeaksOptions>({"leaks", "--json"}).json);
    EXPECT_TRUE(parsed<HealthOptions>({"health", "--json"}).json);
}

TEST(Arguments, the_agent_is_found_by_option_then_environment_then_default) {
    unsetenv("WEIR_ADMIN");
    EXPECT_EQ(parse_arguments({"health"})->admin.url, "http://127.0.0.1:9630");
    setenv("WEIR_ADMIN", "http://127.0.0.1:1", 1);
    EXPECT_EQ(parse_arguments({"health"})->admin.url, "http://127.0.0.1:1");
    for (const char* command : {"status", "drain", "restart"}) {
        EXPECT_EQ(parse_arguments({command, "--admin", "http://[::1]:2"})->admin.url,
                  "http://[::1]:2")
            << command;
    }
    unsetenv("WEIR_ADMIN");
    EXPECT_EQ(parse_arguments({"drain", "--token-file", "/t"})->admin.token_file, "/t");
}

TEST(Arguments, help_and_version_are_no_failure) {
    EXPECT_EQ(refused({"--version"}).exit_code, 0);
    EXPECT_THAT(refused({"--version"}).text, HasSubstr("weir "));
    const Usage help = refused({"--help"});
    EXPECT_EQ(help.exit_code, 0);
    for (const char* command :
         {"serve", "check", "status", "health", "tenants", "leaks", "test", "clear", "pause",
          "resume", "disable", "enable", "resize", "kill", "reload", "drain", "restart"}) {
        EXPECT_THAT(help.text, HasSubstr(command));
    }
    EXPECT_THAT(refused({"status", "--help"}).text, HasSubstr("--detailed"));
}

TEST(Arguments, nonsense_is_a_usage_error_with_a_word_about_it) {
    for (const auto& words : std::vector<std::vector<std::string>>{
             {}, {"dance"}, {"status", "--colour"}, {"status", "extra"}, {"drain", "health"}}) {
        const Usage usage = refused(words);
        EXPECT_EQ(usage.exit_code, usage_error);
        EXPECT_THAT(usage.text, HasSubstr("weir: "));
    }
    EXPECT_THAT(refused({"dance"}).text, HasSubstr("there is no command \"dance\""));
}

}  // namespace
}  // namespace weir::cli
