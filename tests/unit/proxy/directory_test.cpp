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

}  // namespace
}  // namespace weir::proxy
