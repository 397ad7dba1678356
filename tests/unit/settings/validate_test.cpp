#include "loading.h"

namespace weir::settings {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string with_listen(std::string_view lines) {
    return small("[[listen]]\n" + std::string(lines) + "\n");
}

TEST(Validate, nothing_at_all_is_nothing_to_serve) {
    EXPECT_THAT(problems_of(""),
                ElementsAre("weir.toml: pool: nothing to serve: no [[pool]] is given"));
}

TEST(Validate, addresses_of_listeners_must_have_a_form) {
    for (const auto* address : {"6432", "/run/weir/socket", "::1:6432", "host:99999"}) {
        EXPECT_THAT(problems_of(with_listen("address = \"" + std::string(address) + "\"")),
                    ElementsAre(HasSubstr("listen.postgresql.address: expected host:port or "
                                          "unix:/path")))
            << address;
    }
    EXPECT_THAT(problems_of(with_listen("address = \"127.0.0.1:0\"")), IsEmpty());
    EXPECT_THAT(problems_of(with_listen("address = \"*:6432\"")), IsEmpty());
}

TEST(Validate, two_listeners_can_not_share_an_address) {
    EXPECT_THAT(problems_before("[[listen]]\nname = \"a\"\naddress = \"0.0.0.0:6432\"\n"
                                "[[listen]]\nname = \"b\"\naddress = \"127.0.0.1:6432\"\n"),
                ElementsAre("weir.toml:6:11: listen.b.address: clashes with that of listen.a, "
                            "0.0.0.0:6432"));
    EXPECT_THAT(problems_of(with_listen("address = \"127.0.0.1:9630\"")),
                ElementsAre(HasSubstr("clashes with admin.listen")));
}

TEST(Validate, two_listeners_of_an_engine_need_names) {
    EXPECT_THAT(problems_before("[[listen]]\n[[listen]]\naddress = \"127.0.0.1:1\"\n"),
                ElementsAre(HasSubstr("another [[listen]] has this name already")));
}

TEST(Validate, names_fit_a_label_and_a_path) {
    for (const auto* name : {"a b", "ä", "a/b", ""}) {
        EXPECT_THAT(problems_after("[[upstream]]\nname = \"" + std::string(name) +
                                   "\"\naddress = \"h:1\"\n"),
                    ElementsAre(HasSubstr("name")))
            << name;
    }
    EXPECT_THAT(problems_after("[[upstream]]\naddress = \"h:1\"\n"),
                ElementsAre(HasSubstr("upstream[2].name: a name is required")));
    EXPECT_THAT(problems_after("[[upstream]]\nname = \"main\"\naddress = \"h:1\"\n"),
                ElementsAre(HasSubstr("another [[upstream]] has this name already")));
}

TEST(Validate, trust_stays_on_this_machine) {
    EXPECT_THAT(problems_of(with_listen("auth = \"trust\"\naddress = \"0.0.0.0:6432\"")),
                ElementsAre(HasSubstr("listen.postgresql.auth: \"trust\" is for loopback")));
    EXPECT_THAT(problems_before("[auth]\nmode = \"trust\"\n[[listen]]\naddress = \"10.0.0.1:1\"\n"),
                ElementsAre(HasSubstr("\"trust\" is for loopback")));
    EXPECT_THAT(problems_of(with_listen("auth = \"trust\"\naddress = \"unix:/run/weir/s\"")),
                IsEmpty());
    EXPECT_THAT(problems_of(with_listen("auth = \"trust\"")), IsEmpty());
}

TEST(Validate, tls_of_a_listener_needs_its_files) {
    EXPECT_THAT(problems_of(with_listen("tls = { mode = \"require\" }")),
                ElementsAre(HasSubstr("\"require\" needs tls.cert and tls.key")));
    EXPECT_THAT(problems_of(with_listen("tls = { mode = \"verify\", cert = \"c\", key = \"k\" }")),
                ElementsAre(HasSubstr("\"verify\" needs tls.ca")));
    EXPECT_THAT(problems_of(with_listen("address = \"unix:/run/x\"\n"
                                        "tls = { mode = \"allow\", cert = \"c\", key = \"k\" }")),
                ElementsAre(HasSubstr("no client asks for TLS on a unix socket")));
}

TEST(Validate, admin_beyond_loopback_needs_a_token_for_reading) {
    EXPECT_THAT(problems_before("[admin]\nlisten = \"0.0.0.0:9630\"\n"),
                ElementsAre("weir.toml:1:1: admin.read_token: required because admin.listen, "
                            "0.0.0.0:9630, is not loopback"));
    EXPECT_THAT(problems_before("[admin]\nlisten = \"0.0.0.0:9630\"\nread_token = \"x\"\n"),
                IsEmpty());
    EXPECT_THAT(problems_before("[admin]\nlisten = \"unix:/run/x\"\n"),
                ElementsAre(HasSubstr("admin.listen: expected host:port")));
    EXPECT_THAT(problems_before("[admin]\ntoken_file = \"\"\n"),
                ElementsAre(HasSubstr("admin.token_file: required while admin.token is empty")));
    EXPECT_THAT(problems_before("[admin]\ntls = { cert = \"x\" }\n"),
                ElementsAre(HasSubstr("admin.tls: needs both")));
}

TEST(Validate, upstream_needs_an_address) {
    EXPECT_THAT(problems_after("[[upstream]]\nname = \"b\"\n"),
                ElementsAre(HasSubstr("upstream.b.address: an address is required")));
    for (const auto* address : {"a b", "h:0", "h:x", "h:1,,i:2"}) {
        EXPECT_THAT(problems_after("[[upstream]]\nname = \"b\"\naddress = \"" +
                                   std::string(address) + "\"\n"),
                    ElementsAre(HasSubstr("upstream.b.address: expected host:port")))
            << address;
    }
    for (const auto* address : {"h", "h:1", "[::1]:5432", "h:1, i:2", "/run/postgresql",
                                "unix:/run/postgresql/.s.PGSQL.5432"}) {
        EXPECT_THAT(problems_after("[[upstream]]\nname = \"b\"\naddress = \"" +
                                   std::string(address) + "\"\n"),
                    IsEmpty())
            << address;
    }
}

TEST(Validate, several_addresses_are_different_ones_and_postgresqls) {
    const auto upstream = [](const std::string& lines) {
        return problems_after("[[upstream]]\nname = \"b\"\n" + lines);
    };
    EXPECT_THAT(upstream("address = \"h:1,\"\n"),
                ElementsAre(HasSubstr("upstream.b.address: expected host:port")));
    EXPECT_THAT(upstream("address = \"h:1, i:1, h:1\"\n"),
                ElementsAre(HasSubstr("upstream.b.address: names h:1 twice")));
    EXPECT_THAT(upstream("engine = \"redis\"\naddress = \"h:1, i:1\"\n"),
                ElementsAre(HasSubstr("several addresses are for postgresql only, not for redis")));
    EXPECT_THAT(upstream("engine = \"redis\"\naddress = \"h:1\"\ntls = { mode = \"require\" }\n"),
                IsEmpty());
    EXPECT_THAT(upstream("engine = \"mysql\"\naddress = \"h:1\"\ntarget = \"read-only\"\n"),
                ElementsAre(HasSubstr("upstream.b.target: is for postgresql only, not for mysql")));
    for (const auto* target : {"any", "read-write", "read-only", "prefer-standby"}) {
        EXPECT_THAT(upstream("address = \"h:1, i:1\"\ntarget = \"" + std::string(target) + "\"\n"),
                    IsEmpty());
    }
}

TEST(Validate, an_observer_needs_a_user_and_of_redis_no_database) {
    EXPECT_THAT(problems_after("[[upstream]]\nname = \"b\"\nengine = \"redis\"\naddress = \"h:1\"\n"
                               "observe = { user = \"default\", database = \"3\" }\n"),
                ElementsAre(HasSubstr("upstream.b.observe.database: is not for redis")));
    const auto warnings = texts_of(loaded(small({},
                                                "[[upstream]]\nname = \"b\"\naddress = \"h:1\"\n"
                                                "observe = { password = \"secret\" }\n"))
                                       .warnings);
    EXPECT_THAT(warnings, ElementsAre(HasSubstr("upstream.b.observe.user: is empty")));
}

TEST(Validate, preferring_a_standby_needs_a_choice) {
    const auto warnings = texts_of(loaded(small({},
                                                "[[upstream]]\nname = \"b\"\naddress = \"h:1\"\n"
                                                "target = \"prefer-standby\"\n"))
                                       .warnings);
    EXPECT_THAT(warnings, testing::Contains(HasSubstr("upstream.b.target: \"prefer-standby\" has "
                                                      "no choice")));
}

TEST(Validate, reserved_connections_must_fit_the_budget) {
    EXPECT_THAT(problems_of(R"(
[[upstream]]
name = "main"
address = "h:1"
max_connections = 10
[[pool]]
name = "a"
upstream = "main"
match = "a"
reserved = 6
[[pool]]
name = "b"
upstream = "main"
match = "b"
reserved = 5
)" + std::string(small_user)),
                ElementsAre("weir.toml:5:19: upstream.main.max_connections: the pools reserve 11 "
                            "connections, but there are only 10"));
}

TEST(Validate, breaker_can_not_open_for_longer_than_its_most) {
    EXPECT_THAT(problems_after("[[upstream]]\nname = \"b\"\naddress = \"h:1\"\n"
                               "breaker = { open_for = \"6s\" }\n"),
                ElementsAre(HasSubstr("breaker.open_for: is longer than breaker.max_open_for")));
}

TEST(Validate, top_tenants_are_at_most_all_tenants) {
    EXPECT_THAT(problems_after("[metrics]\ntenants_top = 101\n"),
                ElementsAre(HasSubstr("metrics.tenants_top: is above metrics.tenants_max, 100")));
    EXPECT_THAT(
        problems_after("[metrics]\ntenants_top = 1\ntenants_max = 1\n"
                       "tenants_always = [\"a\", \"b\"]\n"),
        ElementsAre(HasSubstr("metrics.tenants_always: has more tenants than metrics.tenants_max, "
                              "1")));
}

TEST(Validate, asking_the_server_needs_an_account) {
    EXPECT_THAT(problems_before("[auth]\nmode = \"query\"\nquery_pools = [\"*\"]\n"),
                ElementsAre(HasSubstr("auth.query_user: required by the mode \"query\"")));
}

TEST(Validate, listener_without_a_pool_is_a_warning) {
    EXPECT_THAT(texts_of(loaded(small("[[listen]]\n[[listen]]\nengine = \"redis\"\n")).warnings),
                ElementsAre(HasSubstr("listen.redis.engine: no pool has an upstream of the engine "
                                      "redis")));
}

}  // namespace
}  // namespace weir::settings
