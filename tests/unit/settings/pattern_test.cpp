#include "settings/pattern.h"

#include <gtest/gtest.h>

namespace weir::settings {
namespace {

Pattern compiled(std::string_view text) {
    auto pattern = Pattern::compile(text);
    EXPECT_TRUE(pattern.has_value()) << text;
    return pattern.value_or(Pattern{});
}

void expect_match(std::string_view pattern, std::string_view database, std::string_view tenant,
                  std::string_view app) {
    const auto match = compiled(pattern).match(database);
    ASSERT_TRUE(match.has_value()) << pattern << " on " << database;
    EXPECT_EQ(match->tenant, tenant) << pattern << " on " << database;
    EXPECT_EQ(match->app, app) << pattern << " on " << database;
}

void expect_no_match(std::string_view pattern, std::string_view database) {
    EXPECT_FALSE(compiled(pattern).match(database).has_value()) << pattern << " on " << database;
}

TEST(Pattern, literal_matches_only_itself_and_names_the_tenant) {
    expect_match("master", "master", "master", "");
    expect_no_match("master", "master2");
    expect_no_match("master", "maste");
}

TEST(Pattern, star_matches_every_name) {
    expect_match("*", "any thing.at/all", "any thing.at/all", "");
}

TEST(Pattern, tenant_stands_between_prefix_and_suffix) {
    expect_match("tenant_{tenant}", "tenant_acme", "acme", "");
    expect_match("{tenant}_web", "acme_web", "acme", "");
    expect_match("db-{tenant}-live", "db-acme-2-live", "acme-2", "");
    expect_no_match("tenant_{tenant}", "tenant_");
    expect_no_match("tenant_{tenant}", "Tenant_acme");
    expect_no_match("{tenant}_web", "acme_worker");
}

TEST(Pattern, prefix_and_suffix_may_not_overlap) { expect_no_match("aa{tenant}aa", "aaa"); }

TEST(Pattern, tenant_is_a_plain_name_of_at_most_63_bytes) {
    const std::string longest(63, 'x');
    expect_match("{tenant}", longest, longest, "");
    expect_no_match("{tenant}", longest + "x");
    expect_no_match("{tenant}", "a.b");
    expect_no_match("{tenant}", "../etc");
    expect_no_match("{tenant}", "a b");
    expect_no_match("{tenant}", std::string_view("a\0b", 3));
}

TEST(Pattern, app_is_what_follows_the_last_separator) {
    expect_match("{tenant}_{app}", "acme_west_web", "acme_west", "web");
    expect_match("t_{tenant}__{app}", "t_acme__web", "acme", "web");
    expect_no_match("{tenant}_{app}", "acme_");
    expect_no_match("{tenant}_{app}", "_web");
    expect_no_match("{tenant}_{app}", "acme");
}

TEST(Pattern, app_in_front_is_what_precedes_the_first_separator) {
    expect_match("{app}_{tenant}", "web_acme_west", "acme_west", "web");
}

TEST(Pattern, app_alone_leaves_the_database_as_the_tenant) {
    expect_match("shop-{app}", "shop-web", "shop-web", "web");
}

TEST(Pattern, says_which_places_it_has) {
    EXPECT_TRUE(compiled("{tenant}_web").has_tenant());
    EXPECT_FALSE(compiled("{tenant}_web").has_app());
    EXPECT_TRUE(compiled("{app}").has_app());
    EXPECT_TRUE(compiled("*").matches_everything());
    EXPECT_FALSE(compiled("x").matches_everything());
}

TEST(Pattern, refuses_what_has_two_meanings) {
    for (const auto* text : {"{tenant}{app}", "{tenant}_{tenant}", "{app}-{app}", "{user}_db", "a*",
                             "{tenant", "tenant}", "{}"}) {
        EXPECT_FALSE(Pattern::compile(text).has_value()) << text;
    }
}

TEST(Fill, replaces_every_place) {
    const Match match{"acme", "web"};
    EXPECT_EQ(fill("{tenant}_{app}_{tenant}", match), "acme_web_acme");
    EXPECT_EQ(fill("u_{user}", match, "ann"), "u_ann");
    EXPECT_EQ(fill("{other}{", match), "{other}{");
}

TEST(Fill, does_not_look_into_what_it_filled_in) {
    EXPECT_EQ(fill("{tenant}", Match{"{app}", "web"}), "{app}");
}

}  // namespace
}  // namespace weir::settings
