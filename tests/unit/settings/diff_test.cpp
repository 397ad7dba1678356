#include "settings/diff.h"

#include "settings/key.h"
#include "settings/loading.h"

namespace weir::settings {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

Settings settings_of(std::string_view text) { return loaded(text).settings; }

Diff between(std::string_view before, std::string_view after) {
    return compare(settings_of(before), settings_of(after));
}

const std::string plain = small();

TEST(Diff, the_same_configuration_changes_nothing) {
    const Diff diff = between(plain, plain);
    EXPECT_THAT(diff.changes, IsEmpty());
    EXPECT_THAT(diff.fixed, IsEmpty());
}

TEST(Diff, a_changed_key_is_named_with_both_values) {
    EXPECT_THAT(between(plain, small("[log]\nlevel = \"debug\"\nstats_every = \"1s\"\n")).changes,
                ElementsAre("log.level: info -> debug", "log.stats_every: 1m -> 1s"));
}

TEST(Diff, named_things_are_compared_by_name_wherever_they_stand) {
    const std::string more = "[[upstream]]\nname = \"other\"\naddress = \"127.0.0.1:2\"\n";
    EXPECT_THAT(between(plain, small(more)).changes, ElementsAre("upstream.other: added"));
    EXPECT_THAT(between(small(more), plain).changes, ElementsAre("upstream.other: removed"));
}

TEST(Diff, another_order_of_pools_is_a_change) {
    const std::string second = "[[pool]]\nname = \"b\"\nupstream = \"main\"\nmatch = \"b\"\n";
    EXPECT_THAT(between(small(second), small({}, second)).changes,
                ElementsAre("pool: another order"));
}

TEST(Diff, a_changed_secret_is_told_without_its_text) {
    std::string other = plain;
    other.replace(other.find("secret-of-ann"), 13, "new-secret");
    EXPECT_THAT(between(plain, other).changes, ElementsAre("user.ann.password: changed"));
}

TEST(Diff, whether_leak_after_was_set_at_all_is_a_change) {
    Settings before = settings_of(plain), after = before;
    after.pool[0].leak_after_set = true;
    EXPECT_THAT(compare(before, after).changes, ElementsAre("pool.app.leak_after: changed"));
}

TEST(Diff, what_can_not_change_while_running_is_a_problem_by_key) {
    const Diff diff = between(plain, small("[agent]\nloops = 3\n[admin]\nlisten = \"[::1]:1\"\n"));
    EXPECT_THAT(diff.changes, IsEmpty());
    ASSERT_EQ(diff.fixed.size(), 2U);
    EXPECT_EQ(diff.fixed[0].text(),
              "agent.loops: 0 -> 3: can't change while the agent runs, needs `weir restart`");
    EXPECT_EQ(diff.fixed[1].key, "admin.listen");
}

TEST(Diff, a_pool_keeps_its_upstream_and_mode) {
    Settings before = settings_of(plain), after = before;
    after.pool[0].mode = PoolMode::session;
    after.pool[0].upstream = "other";
    const Diff diff = compare(before, after);
    ASSERT_EQ(diff.fixed.size(), 2U);
    EXPECT_EQ(diff.fixed[0].key, "pool.app.upstream");
    EXPECT_EQ(diff.fixed[1].key, "pool.app.mode");
}

// Each key of each section must be able to tell two values apart: a shown value that differs is
// never held equal.
TEST(Diff, every_key_compares_what_it_shows) {
    visit_sections([](const char*, auto member) {
        using S = typename SectionOf<decltype(member)>::Struct;
        for (const auto& key : keys<S>()) EXPECT_TRUE(key.equal(S{}, S{})) << key.name;
    });
}

}  // namespace
}  // namespace weir::settings
