#include "settings/effect.h"

#include "loading.h"

namespace weir::settings {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::string> keys_of(const std::vector<Problem>& problems) {
    std::vector<std::string> keys;
    for (const auto& problem : problems) keys.push_back(problem.key);
    return keys;
}

TEST(Effect, default_written_out_promises_nothing) {
    const auto all =
        loaded(small("[traces]\nsample_ratio = 0.01\n[metrics]\ntenants_top = 50\n"
                     "[auth]\nquery_database = \"postgres\"\n[[listen]]\n"
                     "tls = { mode = \"disable\" }\n"));
    EXPECT_THAT(texts_of(all.notices), IsEmpty());
    EXPECT_THAT(texts_of(all.unsafe), IsEmpty());
}

TEST(Effect, key_of_a_later_feature_is_told_with_its_place) {
    const auto all = loaded(small("[admin]\ntls = { cert = \"c\", key = \"k\" }\n"));
    EXPECT_THAT(texts_of(all.notices),
                ElementsAre("weir.toml:2:16: admin.tls.cert: set, but not yet in effect",
                            "weir.toml:2:27: admin.tls.key: set, but not yet in effect"));
}

TEST(Effect, environment_sets_keys_like_the_file) {
    const auto all = loaded(small(), {{"WEIR_ADMIN_TLS_CERT", "c"}, {"WEIR_ADMIN_TLS_KEY", "k"}});
    EXPECT_THAT(texts_of(all.notices),
                ElementsAre("environment WEIR_ADMIN_TLS_CERT: admin.tls.cert: set, but not yet in "
                            "effect",
                            "environment WEIR_ADMIN_TLS_KEY: admin.tls.key: set, but not yet in "
                            "effect"));
}

TEST(Effect, all_keys_of_traces_are_in_effect) {
    const auto all = loaded(
        small("[traces]\nendpoint = \"http://h:4318\"\nprotocol = \"http/protobuf\"\n"
              "sample_ratio = 1.0\nslow = \"1s\"\nslow_per_second = 1\nstatements = \"text\"\n"));
    EXPECT_THAT(texts_of(all.notices), IsEmpty());
}

TEST(Effect, all_keys_of_a_pool_are_in_effect) {
    const auto all = loaded(small({},
                                  "[[pool]]\nname = \"b\"\nupstream = \"main\"\nmatch = \"b\"\n"
                                  "admin_commands = true\nunnamed_statements = \"cache\"\n"
                                  "leak_after = \"1s\"\nquery_timeout = \"1s\"\n"));
    EXPECT_THAT(keys_of(all.notices), IsEmpty());
}

TEST(Effect, every_engine_is_served) {
    for (const std::string engine : {"redis", "mysql"}) {
        const auto all = loaded(small({}, "[[upstream]]\nname = \"r\"\nengine = \"" + engine +
                                              "\"\naddress = \"h:1\"\n[[pool]]\nname = \"b\"\n"
                                              "upstream = \"r\"\nmatch = \"*\"\n[[listen]]\n"
                                              "engine = \"" +
                                              engine + "\"\n[[listen]]\n"));
        EXPECT_THAT(keys_of(all.notices), IsEmpty()) << engine;
    }
}

TEST(Effect, tls_that_is_asked_for_is_unsafe_to_leave_out) {
    const auto all = loaded(small("[admin]\ntls = { cert = \"c\", key = \"k\" }\n"));
    EXPECT_THAT(keys_of(all.unsafe), ElementsAre("admin.tls.cert", "admin.tls.key"));
}

TEST(Effect, tls_of_listeners_and_upstreams_is_what_is_asked_for) {
    const auto all = loaded(
        small("[[listen]]\ntls = { mode = \"verify\", cert = \"c\", key = \"k\", ca = \"a\" }\n",
              "[[upstream]]\nname = \"b\"\naddress = \"h:1\"\n"
              "tls = { mode = \"verify-full\", ca = \"a\", cert = \"c\", key = \"k\" }\n"));
    EXPECT_THAT(texts_of(all.notices), IsEmpty());
}

TEST(Effect, asking_the_server_is_in_effect) {
    const auto all =
        loaded(small("[auth]\nmode = \"query\"\nquery_user = \"q\"\n"
                     "query_password = \"p\"\nquery_pools = [\"*\"]\n[[listen]]\n"
                     "[[listen]]\nname = \"b\"\naddress = \"127.0.0.1:1\"\nauth = \"query\"\n"));
    EXPECT_THAT(texts_of(all.unsafe), IsEmpty());
    EXPECT_THAT(texts_of(all.notices), IsEmpty());
}

}  // namespace
}  // namespace weir::settings
