#include "loading.h"

namespace weir::settings {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// The small configuration with one more pool, of the upstream main unless `lines` say otherwise.
std::string with_pool(const std::string& lines) {
    const bool elsewhere = lines.find("upstream =") != std::string::npos;
    return small({}, "[[pool]]\nname = \"b\"\n" +
                         std::string(elsewhere ? "" : "upstream = \"main\"\n") + lines + "\n");
}

TEST(ValidatePools, upstream_must_be_known) {
    EXPECT_THAT(problems_of(with_pool("upstream = \"mian\"\nmatch = \"b\"")),
                ElementsAre(HasSubstr("pool.b.upstream: there is no [[upstream]] named \"mian\"; "
                                      "did you mean \"main\"?")));
    EXPECT_THAT(problems_of(with_pool("upstream = \"\"\nmatch = \"b\"")),
                ElementsAre(HasSubstr("the name of an [[upstream]] is required")));
}

TEST(ValidatePools, match_is_required_and_has_one_meaning) {
    EXPECT_THAT(problems_of(with_pool("")), ElementsAre(HasSubstr("pool.b.match: required")));
    EXPECT_THAT(problems_of(with_pool("match = \"{tenant}{app}\"")),
                ElementsAre(HasSubstr("need a separator between them")));
    EXPECT_THAT(problems_of(with_pool("match = \"weir\"")),
                ElementsAre(HasSubstr("is a database of the console")));
}

TEST(ValidatePools, templates_use_only_places_that_match_has) {
    EXPECT_THAT(problems_of(with_pool("match = \"*\"\nuser = \"u_{tenant}\"")),
                ElementsAre(HasSubstr("pool.b.user: uses {tenant}, which match lacks")));
    EXPECT_THAT(problems_of(with_pool("match = \"{tenant}\"\ndatabase = \"{tenant}_{app}\"")),
                ElementsAre(HasSubstr("pool.b.database: uses {app}, which match lacks")));
    EXPECT_THAT(problems_of(with_pool("match = \"{tenant}\"\nsearch_path = \"{tennant}\"")),
                ElementsAre(HasSubstr("only {tenant} and {app} may stand in braces, not "
                                      "{tennant}")));
    EXPECT_THAT(problems_of(with_pool("match = \"{tenant}\"\nsearch_path = \"t_{tenant\"")),
                ElementsAre(HasSubstr("may stand in braces, not {tenant")));
    EXPECT_THAT(problems_of(with_pool("match = \"{tenant}_{app}\"\ndatabase = \"d\"\n"
                                      "search_path = \"{tenant}, {app}\"\nuser = \"{tenant}\"")),
                IsEmpty());
    EXPECT_THAT(problems_of(with_pool("match = \"b\"\nuser = \"u\"\n"
                                      "password = { file = \"/run/{tenant}\" }")),
                ElementsAre(HasSubstr("pool.b.password: its file uses {tenant}")));
}

TEST(ValidatePools, modes_are_those_of_the_engine) {
    EXPECT_THAT(problems_of(with_pool("match = \"b\"\nmode = \"multiplex\"")),
                ElementsAre(HasSubstr("pool.b.mode: postgresql knows no mode \"multiplex\": use "
                                      "transaction, session, statement or direct")));
    const std::string redis = "[[upstream]]\nname = \"r\"\nengine = \"redis\"\naddress = \"h:1\"\n";
    for (const auto* mode : {"transaction", "statement"}) {
        EXPECT_THAT(problems_of(with_pool("upstream = \"r\"\nmatch = \"b\"\nmode = \"" +
                                          std::string(mode) + "\"\n" + redis)),
                    ElementsAre(HasSubstr("redis knows no mode")));
    }
    for (const auto* mode : {"multiplex", "session", "direct"}) {
        EXPECT_THAT(problems_of(with_pool("upstream = \"r\"\nmatch = \"b\"\nmode = \"" +
                                          std::string(mode) + "\"\n" + redis)),
                    IsEmpty());
    }
}

TEST(ValidatePools, search_path_is_postgresqls_own) {
    EXPECT_THAT(problems_of(with_pool("upstream = \"m\"\nmatch = \"b\"\nsearch_path = \"x\"\n"
                                      "[[upstream]]\nname = \"m\"\nengine = \"mysql\"\n"
                                      "address = \"h:1\"\n")),
                ElementsAre(HasSubstr("pool.b.search_path: only postgresql has one")));
}

TEST(ValidatePools, mysql_client_may_ask_for_no_database) {
    const std::string mysql = "[[upstream]]\nname = \"m\"\nengine = \"mysql\"\naddress = \"h:1\"\n";
    EXPECT_THAT(problems_of(with_pool("upstream = \"m\"\nmatch = \"\"\n" + mysql)), IsEmpty());
    EXPECT_THAT(problems_of(with_pool("match = \"\"")), ElementsAre(HasSubstr("match: required")));
}

TEST(ValidatePools, idle_connections_fit_into_the_pool) {
    EXPECT_THAT(problems_of(with_pool("match = \"b\"\nmin_idle = 21")),
                ElementsAre(HasSubstr("pool.b.min_idle: 21 is above max_size, 20")));
    EXPECT_THAT(problems_of(with_pool("match = \"b\"\nmin_idle = 20")), IsEmpty());
}

TEST(ValidatePools, value_that_could_not_be_read_is_not_judged_again) {
    EXPECT_THAT(problems_of(with_pool("match = \"b\"\nmin_idle = 21\nmax_size = \"x\"")),
                ElementsAre(HasSubstr("pool.b.max_size: expected a whole number")));
}

TEST(ValidatePools, password_needs_a_user) {
    EXPECT_THAT(problems_of(with_pool("match = \"b\"\npassword = \"x\"")),
                ElementsAre(HasSubstr("pool.b.password: needs a user")));
}

TEST(ValidatePools, names_are_unique) {
    EXPECT_THAT(problems_of(small({},
                                  "[[pool]]\nname = \"app\"\nupstream = \"main\"\nmatch = "
                                  "\"b\"\n")),
                ElementsAre(HasSubstr("another [[pool]] has this name already")));
}

TEST(ValidatePools, pool_that_never_gets_its_turn_is_a_warning) {
    EXPECT_THAT(texts_of(loaded(with_pool("match = \"app\"")).warnings),
                ElementsAre(HasSubstr("pool.b.match: never used: pool.app stands before it")));
    EXPECT_THAT(texts_of(loaded(with_pool("match = \"*\"")).warnings), IsEmpty());
    EXPECT_THAT(texts_of(loaded(with_pool("upstream = \"r\"\nmatch = \"*\"\n[[upstream]]\n"
                                          "name = \"r\"\nengine = \"redis\"\naddress = \"h:1\"\n"
                                          "[[listen]]\n"))
                             .warnings),
                ElementsAre(HasSubstr("there is no [[listen]] of the engine redis")));
}

TEST(ValidatePools, size_beyond_the_budget_is_a_warning) {
    EXPECT_THAT(texts_of(loaded(with_pool("match = \"b\"\nmax_size = 91")).warnings),
                ElementsAre(HasSubstr("pool.b.max_size: 91 is more than "
                                      "upstream.main.max_connections, 90")));
}

}  // namespace
}  // namespace weir::settings
