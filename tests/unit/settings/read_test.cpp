#include "settings/read.h"

#include "loading.h"

namespace weir::settings {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(Read, empty_sections_give_the_defaults) {
    const auto settings = loaded(small()).settings;
    EXPECT_EQ(settings.admin.listen, "127.0.0.1:9630");
    EXPECT_EQ(settings.pool.at(0).max_size, 20U);
    EXPECT_EQ(settings.pool.at(0).mode, PoolMode::transaction);
    EXPECT_FALSE(settings.pool.at(0).leak_after_set);
    EXPECT_EQ(settings.upstream.at(0).max_connections, 90U);
}

TEST(Read, values_arrive_in_their_fields) {
    const auto settings = loaded(R"(
[agent]
name = "one"
loops = 3
[log]
level = "debug"
stats_every = "0s"
[[listen]]
address = "unix:/run/weir/.s.PGSQL.6432"
proxy_protocol = true
[[upstream]]
name = "main"
address = "127.0.0.1:5432"
breaker = { failures = 7, open_for = "250ms" }
[[pool]]
name = "app"
upstream = "main"
match = "*"
mode = "direct"
leak_after = "5s"
warn_at = 1
disabled_tenants = ["acme", "globex"]
[[user]]
name = "ann"
password = "x"
)")
                              .settings;
    EXPECT_EQ(settings.agent.name, "one");
    EXPECT_EQ(settings.agent.loops, 3U);
    EXPECT_EQ(settings.log.level, base::log::Level::debug);
    EXPECT_EQ(settings.log.stats_every, 0s);
    EXPECT_TRUE(settings.listen.at(0).proxy_protocol);
    EXPECT_EQ(settings.upstream.at(0).breaker.failures, 7U);
    EXPECT_EQ(settings.upstream.at(0).breaker.open_for, 250ms);
    EXPECT_EQ(settings.upstream.at(0).breaker.max_open_for, 5s);
    EXPECT_EQ(settings.pool.at(0).mode, PoolMode::direct);
    EXPECT_TRUE(settings.pool.at(0).leak_after_set);
    EXPECT_EQ(settings.pool.at(0).warn_at, 1.0);
    EXPECT_THAT(settings.pool.at(0).disabled_tenants, ElementsAre("acme", "globex"));
    EXPECT_TRUE(settings.user.at(0).password.matches("x"));
}

TEST(Read, wrong_values_tell_place_key_and_what_was_expected) {
    EXPECT_THAT(
        problems_before("[agent]\nloops = \"many\"\nname = 5\ndrain_grace = 10\n[log]\nlevel = "
                        "\"inf\"\nstats_every = \"soon\"\n"),
        ElementsAre("weir.toml:2:9: agent.loops: expected a whole number from 0 to 128, got "
                    "\"many\"",
                    "weir.toml:3:8: agent.name: expected a text, got 5",
                    "weir.toml:4:15: agent.drain_grace: expected a duration such as \"250ms\", "
                    "\"10s\", \"5m\" or \"1h\", got 10; did you mean \"10s\"?",
                    "weir.toml:6:9: log.level: expected one of debug, info, warn, error, got "
                    "\"inf\"; did you mean \"info\"?",
                    "weir.toml:7:15: log.stats_every: expected a duration such as \"250ms\", "
                    "\"10s\", \"5m\" or \"1h\", got \"soon\""));
}

TEST(Read, numbers_out_of_range_are_refused) {
    EXPECT_THAT(problems_before("agent = { loops = 257 }\n"),
                ElementsAre("weir.toml:1:19: agent.loops: expected a whole number from 0 to 128, "
                            "got 257"));
    EXPECT_EQ(problems_before("agent = { loops = -1 }\n").size(), 1U);
    EXPECT_EQ(problems_before("agent = { loops = 1.0 }\n").size(), 1U);
    EXPECT_EQ(problems_before("agent = { loops = 9223372036854775807 }\n").size(), 1U);
    EXPECT_EQ(problems_after("[traces]\nsample_ratio = 1.01\n").size(), 1U);
    EXPECT_EQ(problems_after("[traces]\nsample_ratio = nan\n").size(), 1U);
}

TEST(Read, duration_that_must_last_refuses_zero) {
    EXPECT_THAT(problems_of(small({},
                                  "[[upstream]]\nname=\"b\"\naddress=\"h:1\"\n"
                                  "connect_timeout=\"0s\"\n")),
                ElementsAre(::testing::EndsWith("upstream.b.connect_timeout: expected a duration "
                                                "longer than zero, got \"0s\"")));
}

TEST(Read, unknown_keys_tell_the_nearest_one) {
    EXPECT_THAT(problems_before("[agnt]\n[agent]\nlops = 1\n[admin]\ntls = { crt = \"x\" }\n"),
                ElementsAre("weir.toml:1:2: agnt: unknown section; did you mean \"agent\"?",
                            "weir.toml:3:1: agent.lops: unknown key; did you mean \"loops\"?",
                            "weir.toml:5:9: admin.tls.crt: unknown key; did you mean "
                            "\"tls.cert\"?"));
}

TEST(Read, key_of_another_section_tells_its_home) {
    EXPECT_THAT(problems_before("max_waiting = 5\n[agent]\nmax_size = 3\n"),
                ElementsAre("weir.toml:1:1: max_waiting: unknown key; it belongs to [[pool]]",
                            "weir.toml:3:1: agent.max_size: unknown key; it belongs to [[pool]]"));
}

TEST(Read, section_of_the_wrong_form_is_told_once) {
    EXPECT_THAT(problems_before("[[agent]]\n"),
                ElementsAre("weir.toml:1:1: agent: expected [agent], one table, got a list"));
    EXPECT_THAT(problems_of(std::string(small_upstream) + std::string(small_user) +
                            "[pool]\nname = \"x\"\n"),
                ElementsAre("weir.toml:9:1: pool: expected [[pool]], a list of tables, got a "
                            "table"));
    EXPECT_THAT(problems_before("agent = 5\n"),
                ElementsAre("weir.toml:1:9: agent: expected [agent], one table, got 5"));
    EXPECT_THAT(problems_before("[admin]\ntls = \"on\"\n"),
                ElementsAre("weir.toml:2:7: admin.tls: expected a table { … = … }, got \"on\""));
}

TEST(Read, item_of_an_array_that_is_no_table_is_refused) {
    EXPECT_THAT(problems_of("pool = [1]\n" + std::string(small_upstream) + std::string(small_user)),
                ::testing::Contains("weir.toml:1:9: pool[1]: expected a table, got 1"));
}

TEST(Read, error_of_the_grammar_comes_alone) {
    EXPECT_THAT(problems_before("[agent\n"), ::testing::SizeIs(1));
}

TEST(Read, every_error_is_told_at_once_in_the_order_of_the_file) {
    const auto problems =
        problems_of(small("[agent]\nloops=-1\n[log]\nformat=1\n", "[metrics]\npools_max=0\n"),
                    {{"WEIR_LOG_LEVEL", "loud"}});
    ASSERT_EQ(problems.size(), 4U);
    EXPECT_THAT(problems[0], ::testing::HasSubstr("agent.loops"));
    EXPECT_THAT(problems[1], ::testing::HasSubstr("log.format"));
    EXPECT_THAT(problems[2], ::testing::HasSubstr("metrics.pools_max"));
    EXPECT_THAT(problems[3], ::testing::StartsWith("environment WEIR_LOG_LEVEL: log.level"));
}

TEST(Read, without_listeners_each_engine_with_an_upstream_gets_one) {
    const auto settings =
        loaded(small({}, "[[upstream]]\nname=\"m\"\nengine=\"mysql\"\naddress=\"h:3306\"\n"))
            .settings;
    ASSERT_EQ(settings.listen.size(), 2U);
    EXPECT_EQ(settings.listen[0].name, "postgresql");
    EXPECT_EQ(settings.listen[0].address, "127.0.0.1:6432");
    EXPECT_EQ(settings.listen[1].name, "mysql");
    EXPECT_EQ(settings.listen[1].address, "127.0.0.1:6033");
}

TEST(Read, listener_falls_back_to_the_mode_of_auth) {
    const auto settings = loaded(small("[auth]\nmode = \"trust\"\n[[listen]]\n"
                                       "[[listen]]\nname = \"b\"\naddress = \"127.0.0.1:1\"\n"
                                       "auth = \"users\"\n[[listen]]\nname = \"c\"\n"
                                       "address = \"127.0.0.1:2\"\nauth = \"\"\n"))
                              .settings;
    EXPECT_EQ(settings.listen.at(0).auth, AuthMode::trust);
    EXPECT_EQ(settings.listen.at(1).auth, AuthMode::users);
    EXPECT_EQ(settings.listen.at(2).auth, AuthMode::trust);
}

TEST(Read, redis_pool_multiplexes_unless_told_otherwise) {
    const auto settings = loaded(small({}, R"(
[[upstream]]
name = "cache"
engine = "redis"
address = "127.0.0.1:6379"
[[pool]]
name = "cache"
upstream = "cache"
match = "*"
[[pool]]
name = "queue"
upstream = "cache"
match = "1"
mode = "session"
)"))
                              .settings;
    EXPECT_EQ(settings.pool.at(0).mode, PoolMode::transaction);
    EXPECT_EQ(settings.pool.at(1).mode, PoolMode::multiplex);
    EXPECT_EQ(settings.pool.at(2).mode, PoolMode::session);
}

TEST(Read, small_configuration_has_nothing_to_tell) {
    const auto all = loaded(small());
    EXPECT_THAT(texts_of(all.warnings), IsEmpty());
    EXPECT_THAT(texts_of(all.notices), IsEmpty());
    EXPECT_THAT(texts_of(all.unsafe), IsEmpty());
}

TEST(LoadFile, that_does_not_exist_is_one_problem) {
    const auto result = load_file("/nonexistent/weir.toml", {});
    ASSERT_FALSE(result.has_value());
    EXPECT_THAT(texts_of(result.error()),
                ElementsAre("/nonexistent/weir.toml: can't read the file: No such file or "
                            "directory"));
}

TEST(LoadFile, that_is_a_folder_is_one_problem) {
    const auto result = load_file("/", {});
    ASSERT_FALSE(result.has_value());
    EXPECT_THAT(texts_of(result.error()), ElementsAre("/: can't read the file: Is a directory"));
}

}  // namespace
}  // namespace weir::settings
