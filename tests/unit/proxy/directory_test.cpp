#include "proxy/directory.h"

#include <gtest/gtest.h>

namespace weir::proxy {
namespace {

TEST(Directory, a_key_has_one_home_for_as_long_as_it_is_known) {
    Directory directory(4);
    const unsigned home = directory.enter("acme");
    EXPECT_EQ(directory.enter("acme"), home);
}

TEST(Directory, new_keys_go_to_the_loop_with_the_fewest_pools) {
    Directory directory(3);
    std::vector<unsigned> pools(3, 0);
    for (const char* key : {"a", "b", "c", "d", "e", "f"}) ++pools[directory.enter(key)];
    EXPECT_EQ(pools, (std::vector<unsigned>{2, 2, 2}));
}

TEST(Directory, an_entry_stays_while_a_client_is_under_way_to_it) {
    Directory directory(2);
    (void)directory.enter("acme");
    (void)directory.enter("acme");
    EXPECT_FALSE(directory.forget("acme"));
    directory.arrived("acme");
    EXPECT_FALSE(directory.forget("acme"));
    directory.arrived("acme");
    EXPECT_TRUE(directory.forget("acme"));
}

TEST(Directory, a_forgotten_pool_leaves_its_place_to_another) {
    Directory directory(2);
    const unsigned first = directory.enter("a");
    (void)directory.enter("b");
    directory.arrived("a");
    ASSERT_TRUE(directory.forget("a"));
    EXPECT_EQ(directory.enter("c"), first);
}

TEST(Directory, kin_share_a_home_for_as_long_as_there_are_any) {
    Directory directory(2);
    const unsigned home = directory.enter("a", "kin");
    EXPECT_EQ(directory.enter("b", "kin"), home);
    EXPECT_NE(directory.enter("c"), home);
    EXPECT_NE(directory.enter("d", "others"), home) << "which has two pools by now";
    for (const char* key : {"a", "b"}) {
        directory.arrived(key);
        EXPECT_TRUE(directory.forget(key));
    }
    EXPECT_EQ(directory.enter("e", "kin"), home) << "the emptier one by now";
    EXPECT_EQ(directory.enter("f", "kin"), home);
}

}  // namespace
}  // namespace weir::proxy
