#include "admin/hosts.h"

#include <gtest/gtest.h>

namespace weir::admin {
namespace {

TEST(Hosts, loopback_names_and_addresses_are_always_allowed) {
    const Hosts hosts("10.1.2.3", {});
    for (const char* host : {"localhost", "LOCALHOST:9630", "localhost.:80", "127.0.0.1:9630",
                             "127.8.9.1", "[::1]:9630", "[::1]", "::1"}) {
        EXPECT_TRUE(hosts.allow(host)) << host;
    }
}

TEST(Hosts, listen_address_and_agent_name_are_allowed) {
    const Hosts hosts("10.1.2.3", {"Weir-1", "", "db.example.net"});
    EXPECT_TRUE(hosts.allow("10.1.2.3:9630"));
    EXPECT_TRUE(hosts.allow("weir-1:9630"));
    EXPECT_TRUE(hosts.allow("DB.example.net"));
}

TEST(Hosts, foreign_names_and_addresses_are_refused) {
    const Hosts hosts("127.0.0.1", {"weir-1", ""});
    for (const char* host :
         {"", ":9630", "evil.example", "weir-1.evil.example", "10.1.2.3", "localhost.evil.example",
          "127.0.0.1.evil.example", "[::1", "1.2.3.4:80:80", "127.1"}) {
        EXPECT_FALSE(hosts.allow(host)) << host;
    }
}

TEST(Hosts, server_on_every_interface_allows_addresses_but_no_foreign_name) {
    for (const char* listen : {"0.0.0.0", "::", "*", ""}) {
        const Hosts hosts(listen, {"weir-1"});
        EXPECT_TRUE(hosts.allow("10.9.8.7:9630")) << listen;
        EXPECT_TRUE(hosts.allow("[2001:db8::1]:9630")) << listen;
        EXPECT_FALSE(hosts.allow("evil.example")) << listen;
    }
}

TEST(Hosts, origin_is_the_same_only_with_the_whole_authority) {
    EXPECT_TRUE(same_origin("http://localhost:9630", "localhost:9630"));
    EXPECT_TRUE(same_origin("HTTPS://Weir-1", "weir-1"));
    EXPECT_FALSE(same_origin("http://localhost:3000", "localhost:9630"));
    EXPECT_FALSE(same_origin("http://localhost:9630.evil.example", "localhost:9630"));
    EXPECT_FALSE(same_origin("null", "null"));
    EXPECT_FALSE(same_origin("file://localhost:9630", "localhost:9630"));
    EXPECT_FALSE(same_origin("", ""));
}

TEST(Hosts, host_and_port_are_split_for_every_form_of_address) {
    const auto split = [](std::string_view text) {
        const HostPort parts = split_host_port(text);
        return parts.host + "|" + parts.port;
    };
    EXPECT_EQ(split("127.0.0.1:9630"), "127.0.0.1|9630");
    EXPECT_EQ(split("[::1]:9630"), "::1|9630");
    EXPECT_EQ(split("[::1]"), "::1|");
    EXPECT_EQ(split("::1"), "::1|");
    EXPECT_EQ(split(":9630"), "|9630");
    EXPECT_EQ(split("localhost"), "localhost|");
}

}  // namespace
}  // namespace weir::admin
