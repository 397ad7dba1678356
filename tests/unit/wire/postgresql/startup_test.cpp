#include "wire/postgresql/startup.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace weir::wire::postgresql {
namespace {

using Kind = Startup::Kind;
using namespace std::string_literals;

std::string number(std::uint32_t value) {
    std::string bytes;
    for (const unsigned shift : {24U, 16U, 8U, 0U}) {
        bytes.push_back(static_cast<char>(value >> shift & 0xffU));
    }
    return bytes;
}

std::string packet(std::uint32_t code, std::string_view rest = {}) {
    return number(static_cast<std::uint32_t>(rest.size() + 8)) + number(code) + std::string(rest);
}

constexpr std::uint32_t version_3_0 = 3U << 16U;
constexpr std::uint32_t cancel_code = 80877102, ssl_code = 80877103, gss_code = 80877104;

TEST(Startup, parameters_come_in_order_as_sent) {
    const std::string bytes =
        packet(version_3_0 + 2,
               "user\0ann\0database\0shop\0options\0-c geqo=off\0application_name\0\0\0"s);
    const Startup startup = parse_startup(bytes + "behind");
    ASSERT_EQ(startup.kind, Kind::start) << startup.error;
    EXPECT_EQ(startup.length, bytes.size());
    EXPECT_EQ(startup.minor, 2U);
    ASSERT_EQ(startup.parameters.size(), 4U);
    EXPECT_EQ(startup.parameters[0], (std::pair<std::string, std::string>("user", "ann")));
    EXPECT_EQ(*startup.parameter("options"), "-c geqo=off");
    EXPECT_EQ(*startup.parameter("application_name"), "");
    EXPECT_EQ(startup.parameter("geqo"), nullptr);
}

TEST(Startup, of_a_name_given_twice_the_last_value_counts) {
    const Startup startup = parse_startup(packet(version_3_0, "user\0ann\0user\0bob\0\0"s));
    EXPECT_EQ(*startup.parameter("user"), "bob");
}

TEST(Startup, protocol_options_are_kept_apart) {
    const Startup startup =
        parse_startup(packet(version_3_0, "_pq_.compression\0on\0user\0ann\0\0"s));
    ASSERT_EQ(startup.kind, Kind::start);
    EXPECT_EQ(startup.unknown_protocol_options, std::vector<std::string>{"_pq_.compression"});
    EXPECT_EQ(startup.parameters.size(), 1U);
}

TEST(Startup, encryption_requests_are_told_apart) {
    EXPECT_EQ(parse_startup(packet(ssl_code)).kind, Kind::ssl_request);
    EXPECT_EQ(parse_startup(packet(gss_code)).kind, Kind::gss_request);
    EXPECT_EQ(parse_startup(packet(ssl_code) + "more").length, 8U);
    EXPECT_EQ(parse_startup(packet(ssl_code, "x")).kind, Kind::invalid);
}

TEST(Startup, a_tls_client_hello_is_known_by_its_first_byte) {
    EXPECT_EQ(parse_startup("\x16").kind, Kind::direct_tls);
    EXPECT_EQ(parse_startup("\x16\x03\x01\x02\x00").kind, Kind::direct_tls);
}

TEST(Startup, cancel_secrets_are_4_to_256_bytes) {
    for (const std::size_t size : {std::size_t{4}, std::size_t{32}, std::size_t{256}}) {
        const std::string secret(size, '\xab');
        const Startup startup = parse_startup(packet(cancel_code, number(4711) + secret));
        ASSERT_EQ(startup.kind, Kind::cancel);
        EXPECT_EQ(startup.process_id, 4711U);
        EXPECT_EQ(startup.secret, secret);
        EXPECT_EQ(startup.length, 12 + size);
    }
    for (const std::size_t size : {std::size_t{0}, std::size_t{3}, std::size_t{257}}) {
        EXPECT_EQ(parse_startup(packet(cancel_code, number(1) + std::string(size, 'x'))).kind,
                  Kind::invalid);
    }
    EXPECT_EQ(parse_startup(packet(cancel_code)).kind, Kind::invalid);
}

TEST(Startup, byte_by_byte_every_packet_needs_more_until_it_is_whole) {
    for (const std::string& bytes : {packet(version_3_0, "user\0ann\0\0"s), packet(ssl_code),
                                     packet(gss_code), packet(cancel_code, number(1) + "1234")}) {
        for (std::size_t size = 0; size < bytes.size(); ++size) {
            EXPECT_EQ(parse_startup(std::string_view(bytes).substr(0, size)).kind, Kind::need_more);
        }
        EXPECT_EQ(parse_startup(bytes).length, bytes.size());
    }
}

TEST(Startup, a_length_out_of_bounds_is_invalid_at_once) {
    for (const std::uint32_t length : {0U, 4U, 7U, 10005U, 0x00ffffffU}) {
        const Startup startup = parse_startup(number(length));
        EXPECT_EQ(startup.kind, Kind::invalid) << length;
        EXPECT_EQ(startup.error, "invalid length of startup packet");
    }
    EXPECT_EQ(parse_startup(number(0x40000000).substr(0, 1)).kind, Kind::invalid);
    EXPECT_EQ(parse_startup("GET / HTTP/1.1").kind, Kind::invalid);
}

TEST(Startup, the_longest_packet_allowed_is_taken) {
    const std::string rest = "user\0"s + std::string(9989, 'x') + "\0\0"s;
    EXPECT_EQ(parse_startup(packet(version_3_0, rest)).kind, Kind::start);
    EXPECT_EQ(parse_startup(packet(version_3_0, "x" + rest)).kind, Kind::invalid);
}

TEST(Startup, other_protocols_are_refused_before_they_are_whole) {
    const std::string bytes = packet(2U << 16U, std::string(288, '\0'));
    const Startup startup = parse_startup(std::string_view(bytes).substr(0, 8));
    EXPECT_EQ(startup.kind, Kind::invalid);
    EXPECT_EQ(startup.error,
              "unsupported frontend protocol 2.0: server supports 3.0 and later 3.x");
    EXPECT_EQ(parse_startup(packet(4U << 16U)).kind, Kind::invalid);
}

TEST(Startup, malformed_parameters_are_refused_with_a_reason) {
    for (const std::string& rest : {""s, "user"s, "user\0"s, "user\0ann"s, "user\0ann\0"s,
                                    "user\0ann\0\0x"s, "user\0ann\0\0\0"s, "\0user\0ann\0\0"s}) {
        const Startup startup = parse_startup(packet(version_3_0, rest));
        EXPECT_EQ(startup.kind, Kind::invalid);
        EXPECT_NE(startup.error, "");
        EXPECT_EQ(startup.length, 0U);
    }
}

TEST(Startup, a_start_without_user_is_refused) {
    for (const std::string& rest : {"\0"s, "database\0shop\0\0"s, "user\0\0\0"s}) {
        EXPECT_EQ(parse_startup(packet(version_3_0, rest)).error,
                  "no PostgreSQL user name specified in startup packet");
    }
}

}  // namespace
}  // namespace weir::wire::postgresql
