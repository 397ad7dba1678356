#include "upstream/address.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weir::upstream {
namespace {

using ::testing::ElementsAre;

Endpoint only(std::string_view text) {
    const auto endpoints = parse_address(text, "5432");
    EXPECT_TRUE(endpoints) << text;
    return endpoints && endpoints->size() == 1 ? endpoints->front() : Endpoint{};
}

TEST(Address, a_numeric_host_needs_no_resolving) {
    EXPECT_EQ(only("127.0.0.1:6000"), (Endpoint{"127.0.0.1", "6000", "127.0.0.1"}));
    EXPECT_EQ(only("[::1]:6000"), (Endpoint{"::1", "6000", "::1"}));
    EXPECT_EQ(only("::1"), (Endpoint{"::1", "5432", "::1"}));
}

TEST(Address, a_name_needs_resolving_and_a_missing_port_is_the_default) {
    EXPECT_EQ(only("db.example"), (Endpoint{"db.example", "5432", ""}));
    EXPECT_TRUE(only("db.example:1").needs_resolving());
}

TEST(Address, a_unix_socket_is_named_by_folder_by_file_or_with_a_port) {
    EXPECT_EQ(only("/run/postgresql"), (Endpoint{"/run/postgresql", "5432", ""}));
    EXPECT_EQ(only("/run/postgresql:6000"), (Endpoint{"/run/postgresql", "6000", ""}));
    EXPECT_EQ(only("/run/postgresql/.s.PGSQL.6000"), (Endpoint{"/run/postgresql", "6000", ""}));
    EXPECT_EQ(only("unix:/run/postgresql/.s.PGSQL.6000"),
              (Endpoint{"/run/postgresql", "6000", ""}));
    EXPECT_EQ(only("/.s.PGSQL.6000"), (Endpoint{"/", "6000", ""}));
    EXPECT_FALSE(only("/run/postgresql").needs_resolving());
}

TEST(Address, several_are_separated_by_commas) {
    const auto endpoints = parse_address("a:1, 127.0.0.1,/run", "5432");
    ASSERT_TRUE(endpoints);
    EXPECT_THAT(*endpoints,
                ElementsAre(Endpoint{"a", "1", ""}, Endpoint{"127.0.0.1", "5432", "127.0.0.1"},
                            Endpoint{"/run", "5432", ""}));
}

TEST(Address, nonsense_is_refused) {
    for (const char* text : {"", "a:", "a:port", ":5432", "[::1", "[::1]x", "a,,b", "a:123456"}) {
        EXPECT_FALSE(parse_address(text, "5432")) << text;
    }
}

}  // namespace
}  // namespace weir::upstream
