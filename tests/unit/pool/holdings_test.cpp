#include "pool/holdings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weir::pool {
namespace {

TEST(HoldingsTest, a_tenants_pools_are_one_holder) {
    Holdings holdings;
    holdings.add("a", 3);
    holdings.add("b", 4);
    holdings.add("a", 2);
    holdings.add("c", 0);
    holdings.complete();
    EXPECT_EQ(holdings.total(), 9U);
    EXPECT_EQ(holdings.of("a"), 5U);
    EXPECT_EQ(holdings.of("b"), 4U);
    EXPECT_EQ(holdings.of("c"), 0U);
    EXPECT_EQ(holdings.of("nobody"), 0U);
    ASSERT_EQ(holdings.largest().size(), 2U);
    EXPECT_EQ(holdings.largest()[0].tenant, "a");
    EXPECT_EQ(holdings.largest()[0].used, 5U);
}

TEST(HoldingsTest, those_who_use_most_are_known_by_name) {
    std::vector<std::string> names;
    for (unsigned i = 0; i < 40; ++i) names.push_back("tenant" + std::to_string(i));
    Holdings holdings;
    for (unsigned i = 0; i < 40; ++i) holdings.add(names[i], i);
    holdings.complete();
    ASSERT_EQ(holdings.largest().size(), Holdings::named);
    for (unsigned i = 0; i < Holdings::named; ++i) {
        EXPECT_EQ(holdings.largest()[i].tenant, names[39 - i]);
    }
    EXPECT_EQ(holdings.of("tenant7"), 7U);
}

}  // namespace
}  // namespace weir::pool
