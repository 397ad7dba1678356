#include "loop/proxy_protocol.h"

#include <gtest/gtest.h>

#include <string>
#include <tuple>

namespace weir::loop {
namespace {

using namespace std::string_literals;
using Status = ProxyHeader::Status;

const std::string signature = "\r\n\r\n\0\r\nQUIT\n"s;

std::string v2(char command, char family, const std::string& rest) {
    const auto size = static_cast<unsigned>(rest.size());
    return signature + command + family + static_cast<char>(size >> 8U) +
           static_cast<char>(size & 0xffU) + rest;
}

const std::string tcp4 = "\xcb\x00\x71\x07\x7f\x00\x00\x01\xc3\xcb\x19\x20"s;
const std::string tcp6 =
    std::string(15, '\0') + "\x01" + std::string(15, '\0') + "\x02" + "\x00\x05\x19\x20"s;

// The header with a query behind it, whole and cut at every byte.
void expect_address(const std::string& header, const std::string& address) {
    for (std::size_t size = 0; size < header.size(); ++size) {
        EXPECT_EQ(parse_proxy_header(header.substr(0, size)).status, Status::need_more) << size;
    }
    for (const char* tail : {"", "Q", "\r\n\r\n"}) {
        const ProxyHeader parsed = parse_proxy_header(header + tail);
        EXPECT_EQ(parsed.status, Status::done);
        EXPECT_EQ(parsed.length, header.size());
        EXPECT_EQ(parsed.address, address);
    }
}

void expect_invalid(const std::string& bytes) {
    EXPECT_EQ(parse_proxy_header(bytes).status, Status::invalid) << bytes;
}

TEST(ProxyProtocolTest, version_1_tells_the_source) {
    expect_address("PROXY TCP4 203.0.113.7 127.0.0.1 50123 6432\r\n", "203.0.113.7:50123");
    expect_address("PROXY TCP6 2001:db8::1 ::1 5 6432\r\n", "[2001:db8::1]:5");
    expect_address("PROXY TCP4 255.255.255.255 255.255.255.255 65535 0\r\n",
                   "255.255.255.255:65535");
}

TEST(ProxyProtocolTest, version_1_unknown_leaves_the_address_empty) {
    expect_address("PROXY UNKNOWN\r\n", "");
    expect_address("PROXY UNKNOWN ffff::ffff ffff::ffff 65535 65535\r\n", "");
}

TEST(ProxyProtocolTest, version_1_refuses_whatever_is_not_canonical) {
    expect_invalid("PROXY TCP4 203.0.113.7 127.0.0.1 50123\r\n");
    expect_invalid("PROXY TCP4 203.0.113.7 127.0.0.1 50123 6432 1\r\n");
    expect_invalid("PROXY TCP4  203.0.113.7 127.0.0.1 50123 6432\r\n");
    expect_invalid("PROXY TCP4 203.0.113.7 127.0.0.1 50123 65536\r\n");
    expect_invalid("PROXY TCP4 203.0.113.7 127.0.0.1 050 6432\r\n");
    expect_invalid("PROXY TCP4 203.0.113.7 127.0.0.1 -1 6432\r\n");
    expect_invalid("PROXY TCP4 203.0.113.256 127.0.0.1 1 6432\r\n");
    expect_invalid("PROXY TCP4 ::1 ::1 1 6432\r\n");
    expect_invalid("PROXY TCP6 1.2.3.4 ::1 1 6432\r\n");
    expect_invalid("PROXY UDP4 1.2.3.4 1.2.3.4 1 6432\r\n");
    expect_invalid("PROXY UNKNOWNS\r\n");
    expect_invalid("PROXY \r\n");
    expect_invalid("PROXY TCP4 1.2.3.4\0x 1.2.3.4 1 6432\r\n"s);
    expect_invalid("PROXY TCP4 203.0.113.7 127.0.0.1 1 6432\n");
    expect_invalid("PROXY TCP4 203.0.113.7 127.0.0.1 1 6432\rx");
}

TEST(ProxyProtocolTest, version_1_line_without_end_is_refused_at_its_limit) {
    const std::string line = "PROXY UNKNOWN " + std::string(200, 'x');
    EXPECT_EQ(parse_proxy_header(line.substr(0, 106)).status, Status::need_more);
    expect_invalid(line.substr(0, 107));
    expect_invalid(line.substr(0, 106) + "\r");
}

TEST(ProxyProtocolTest, version_2_tells_the_source) {
    expect_address(v2('\x21', '\x11', tcp4), "203.0.113.7:50123");
    expect_address(v2('\x21', '\x21', tcp6), "[::1]:5");
}

TEST(ProxyProtocolTest, version_2_extensions_are_skipped) {
    expect_address(v2('\x21', '\x11', tcp4 + "\x04\x00\x03xyz"s + std::string(300, '\0')),
                   "203.0.113.7:50123");
}

TEST(ProxyProtocolTest, version_2_local_and_unspecified_leave_the_address_empty) {
    expect_address(v2('\x20', '\x00', ""), "");
    expect_address(v2('\x20', '\x11', tcp4), "");
    expect_address(v2('\x20', '\x7f', "any"), "");
    expect_address(v2('\x21', '\x00', ""), "");
    expect_address(v2('\x21', '\x31', std::string(216, 'p')), "");
}

TEST(ProxyProtocolTest, version_2_refuses_what_it_does_not_know) {
    expect_invalid(signature + "\x11");
    expect_invalid(signature + "\x22");
    expect_invalid(v2('\x21', '\x12', tcp4));
    expect_invalid(v2('\x21', '\x41', tcp4));
    expect_invalid(v2('\x21', '\x11', tcp4.substr(1)));
    expect_invalid(v2('\x21', '\x21', tcp6.substr(1)));
    expect_invalid(v2('\x21', '\x31', std::string(215, 'p')));
}

TEST(ProxyProtocolTest, version_2_announcement_beyond_4_kib_is_refused_at_once) {
    EXPECT_EQ(parse_proxy_header(signature + "\x21\x11\x0f\xf0"s).status, Status::need_more);
    expect_invalid(signature + "\x21\x11\x0f\xf1"s);
    expect_invalid(signature + "\x21\x11\xff\xff"s);
}

TEST(ProxyProtocolTest, anything_else_is_refused_at_its_first_wrong_byte) {
    expect_invalid("Q");
    expect_invalid("PROXy");
    expect_invalid("\r\n\r\r");
    expect_invalid("\0\0\0\x08\x04\xd2\x16\x2f"s);
}

}  // namespace
}  // namespace weir::loop
