#include "upstream/mysql_greeting.h"

#include <gtest/gtest.h>

#include <string>

namespace weir::upstream {
namespace {

// As MariaDB 10.11 sends it; the capabilities are at 4 bytes of their own, two and two.
std::string greeting(std::uint32_t capabilities) {
    std::string payload("\x0a");
    payload += std::string("5.5.5-10.11.19-MariaDB\0", 23);
    payload += std::string("\x12\0\0\0", 4) + "'kgGhX`Y" + std::string(1, '\0');
    payload.push_back(static_cast<char>(capabilities));
    payload.push_back(static_cast<char>(capabilities >> 8U));
    payload += std::string("\x2d\x02\0", 3);
    payload.push_back(static_cast<char>(capabilities >> 16U));
    payload.push_back(static_cast<char>(capabilities >> 24U));
    payload += std::string("\x15\0\0\0\0\0\0\x1d\0\0\0|'J}X\">Raq3H\0mysql_native_password\0", 46);
    std::string packet{static_cast<char>(payload.size()), '\0', '\0', '\0'};
    return packet + payload;
}

std::string through(MysqlGreeting& filter, std::string bytes, std::size_t piece) {
    for (std::size_t at = 0; at < bytes.size(); at += piece) {
        filter.pass(reinterpret_cast<unsigned char*>(bytes.data()) + at,
                    std::min(piece, bytes.size() - at));
    }
    return bytes;
}

TEST(MysqlGreeting, says_that_a_mariadb_server_is_mysql_whatever_the_pieces) {
    constexpr std::uint32_t offered = 0x81ff'fffe;
    for (std::size_t piece = 1; piece < 120; ++piece) {
        MysqlGreeting filter;
        EXPECT_EQ(through(filter, greeting(offered), piece), greeting(offered | 1U));
        EXPECT_TRUE(filter.passed());
        EXPECT_EQ(filter.offered(), offered);
    }
}

TEST(MysqlGreeting, touches_nothing_behind_the_capabilities) {
    MysqlGreeting filter;
    const std::string more(300, '\xfe');
    EXPECT_EQ(through(filter, greeting(0) + more, 7), greeting(1) + more);
}

TEST(MysqlGreeting, lets_an_error_pass_as_it_is) {
    const std::string error("\x17\0\0\0\xff\x10\x04Too many connections", 27);
    MysqlGreeting filter;
    EXPECT_EQ(through(filter, error, 3), error);
    EXPECT_FALSE(filter.passed());
}

}  // namespace
}  // namespace weir::upstream
