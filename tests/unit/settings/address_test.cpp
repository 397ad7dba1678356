#include "settings/address.h"

#include <gtest/gtest.h>

namespace weir::settings {
namespace {

Address parsed(std::string_view text) {
    const auto address = parse_address(text);
    EXPECT_TRUE(address.has_value()) << text;
    return address.value_or(Address{});
}

TEST(Address, is_a_host_and_a_port_or_a_path) {
    EXPECT_EQ(parsed("127.0.0.1:6432").host, "127.0.0.1");
    EXPECT_EQ(parsed("127.0.0.1:6432").port, 6432);
    EXPECT_EQ(parsed("[::1]:5432").host, "::1");
    EXPECT_EQ(parsed("db.example:5432").host, "db.example");
    EXPECT_EQ(parsed("unix:/run/weir/.s.PGSQL.6432").path, "/run/weir/.s.PGSQL.6432");
    EXPECT_EQ(parsed("/run/postgresql").path, "/run/postgresql");
}

TEST(Address, refuses_what_is_neither) {
    for (const auto* text :
         {"", "6432", "host", "host:", "host:x", "host:65536", "host:-1", ":6432", "::1:5432",
          "[]:1", "a b:1", "unix:", "unix:relative", "a,b:1", "host:1x"}) {
        EXPECT_FALSE(parse_address(text).has_value()) << text;
    }
}

TEST(Address, loopback_is_what_no_other_machine_reaches) {
    for (const auto* text : {"127.0.0.1:1", "127.8.8.8:1", "localhost:1", "[::1]:1", "unix:/x"}) {
        EXPECT_TRUE(parsed(text).is_loopback()) << text;
    }
    for (const auto* text : {"0.0.0.0:1", "[::]:1", "10.0.0.1:1", "db.example:1", "*:1"}) {
        EXPECT_FALSE(parsed(text).is_loopback()) << text;
    }
}

TEST(Address, clashes_with_the_same_port_on_the_same_or_every_host) {
    EXPECT_TRUE(parsed("127.0.0.1:1").clashes_with(parsed("127.0.0.1:1")));
    EXPECT_TRUE(parsed("127.0.0.1:1").clashes_with(parsed("0.0.0.0:1")));
    EXPECT_TRUE(parsed("[::]:1").clashes_with(parsed("127.0.0.1:1")));
    EXPECT_TRUE(parsed("unix:/x").clashes_with(parsed("unix:/x")));
    EXPECT_FALSE(parsed("127.0.0.1:1").clashes_with(parsed("127.0.0.1:2")));
    EXPECT_FALSE(parsed("127.0.0.1:1").clashes_with(parsed("127.0.0.2:1")));
    EXPECT_FALSE(parsed("unix:/x").clashes_with(parsed("unix:/y")));
    EXPECT_FALSE(parsed("unix:/x").clashes_with(parsed("127.0.0.1:1")));
    EXPECT_FALSE(parsed("127.0.0.1:0").clashes_with(parsed("127.0.0.1:0")));
}

}  // namespace
}  // namespace weir::settings
