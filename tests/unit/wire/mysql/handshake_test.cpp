#include "wire/mysql/handshake.h"

#include <gtest/gtest.h>

#include <string>

#include "wire/mysql/bytes.h"
#include "wire/mysql/encoding.h"

namespace weir::wire::mysql {
namespace handshake_test {

using test::hex;
using test::packet;

const std::string scramble = "abcdefghijklmnopqrst";
constexpr std::uint32_t offered =
    capability::long_password | capability::connect_with_db | capability::protocol_41 |
    capability::ssl | capability::secure_connection | capability::plugin_auth |
    capability::connect_attributes | capability::plugin_auth_lenenc_data;

// A response up to its user.
std::string head(std::uint32_t capabilities, std::uint8_t character_set = 33) {
    std::string out;
    put_u32(out, capabilities);
    put_u32(out, 0x01000000);
    put_u8(out, character_set);
    out.append(23, '\0');
    return out;
}

std::string reason(std::string_view payload, std::uint32_t capabilities = offered) {
    const auto read = read_handshake_response(payload, capabilities);
    return read ? "" : read.error().message;
}

TEST(Handshake, greets_with_protocol_version_ten) {
    Greeting greeting;
    greeting.server_version = "8.0.30-weir";
    greeting.thread_id = 0x01020304;
    greeting.scramble = scramble;
    greeting.capabilities = 0x80ff1234;
    greeting.plugin = native_password;
    std::string out;
    append_greeting(out, greeting);
    EXPECT_EQ(out, packet(0, hex("0a") + "8.0.30-weir" + hex("00 04 03 02 01") + "abcdefgh" +
                                 hex("00 34 12 2d 02 00 ff 80 15") + std::string(10, '\0') +
                                 "ijklmnopqrst" + hex("00") + "mysql_native_password" + hex("00")));
}

TEST(Handshake, knows_a_request_for_tls) {
    EXPECT_TRUE(is_tls_request(head(capability::ssl | capability::protocol_41)));
    EXPECT_FALSE(is_tls_request(head(capability::protocol_41)));
    EXPECT_FALSE(is_tls_request(head(capability::ssl | capability::protocol_41) + "u"));
    EXPECT_FALSE(is_tls_request(hex("00 08")));
}

TEST(Handshake, reads_a_response_with_everything_in_it) {
    std::string attributes;
    for (const char* const text : {"_os", "Linux", "program_name", "app"}) {
        put_length_encoded(attributes, std::string_view(text));
    }
    std::string payload = head(offered, 45) + "user" + hex("00 03 61 62 63") + "shop" + hex("00") +
                          "caching_sha2_password" + hex("00");
    put_length_encoded(payload, attributes);
    const auto read = read_handshake_response(payload, offered);
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(read->capabilities, offered);
    EXPECT_EQ(read->longest_packet, 0x01000000u);
    EXPECT_EQ(read->character_set, 45);
    EXPECT_EQ(read->user, "user");
    EXPECT_EQ(read->auth_response, "abc");
    EXPECT_EQ(read->database, "shop");
    EXPECT_EQ(read->plugin, caching_sha2_password);
    EXPECT_EQ(find_attribute(read->attributes, "program_name"), "app");
    EXPECT_EQ(find_attribute(read->attributes, "_os"), "Linux");
    EXPECT_EQ(find_attribute(read->attributes, "Linux"), "");
}

TEST(Handshake, reads_the_three_ways_to_send_a_password) {
    const std::uint32_t plain = capability::protocol_41;
    const auto by_length = plain | capability::secure_connection;
    const auto encoded = by_length | capability::plugin_auth_lenenc_data;
    EXPECT_EQ(read_handshake_response(head(plain) + hex("75 00 61 62 00"), offered)->auth_response,
              "ab");
    const std::string counted = head(by_length) + hex("75 00 02 61 00");
    EXPECT_EQ(read_handshake_response(counted, offered)->auth_response, std::string_view("a\0", 2));
    const std::string lengthy = head(encoded) + hex("75 00 fc 2c 01") + std::string(300, 'x');
    EXPECT_EQ(read_handshake_response(lengthy, offered)->auth_response.size(), 300u);
}

TEST(Handshake, reads_only_what_both_sides_can) {
    // The client says it sends a database and attributes, which it was not offered to.
    const std::string payload = head(offered) + hex("75 00 00");
    const auto read =
        read_handshake_response(payload, capability::protocol_41 | capability::secure_connection);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->database, "");
    EXPECT_EQ(read->plugin, "");
    EXPECT_EQ(read->attributes, "");
}

TEST(Handshake, takes_a_plugin_s_name_that_ends_with_the_packet) {
    const std::string payload =
        head(offered & ~capability::connect_with_db) + hex("75 00 00") + "mysql_native_password";
    const auto read = read_handshake_response(payload, offered);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->plugin, native_password);
}

TEST(Handshake, refuses_a_response_that_is_cut_anywhere_before_its_plugin) {
    const std::string whole = head(offered) + "user" + hex("00 03 61 62 63") + "shop" + hex("00");
    // Without its plugin and attributes it is one, too; and without a database behind the password.
    const std::size_t without_database = whole.size() - 5;
    for (std::size_t size = 0; size < whole.size(); ++size) {
        if (size == without_database) continue;
        EXPECT_NE(reason(whole.substr(0, size)), "") << size;
    }
    EXPECT_EQ(reason(whole), "");
    EXPECT_EQ(reason(whole.substr(0, without_database)), "");
}

TEST(Handshake, says_what_is_wrong_with_a_response) {
    EXPECT_EQ(reason(head(0)), "the client speaks a protocol older than 4.1");
    EXPECT_EQ(reason(head(offered) + std::string(600, 'u') + hex("00 00")),
              "the user's name is too long");
    EXPECT_EQ(reason(head(offered) + "user"), "the user's name has no end");
    EXPECT_EQ(reason(head(offered) + hex("75 00 05 61")),
              "the authentication response is cut short");
    EXPECT_EQ(reason(head(offered) + hex("75 00 00") + std::string(600, 'd') + hex("00")),
              "the database's name is too long");
    EXPECT_EQ(reason(head(offered) + hex("75 00 00 00") + std::string(65, 'p') + hex("00")),
              "the plugin's name is too long");
    EXPECT_EQ(reason(head(offered) + hex("75 00 00 00 70 00 05 61")),
              "the connection attributes are cut short");
    EXPECT_EQ(reason(std::string(longest_handshake_response + 1, 'x')), "the response is too long");
}

TEST(Handshake, reads_a_change_of_user) {
    const std::string payload = hex("11") + "user" + hex("00 02 61 62") + "shop" + hex("00 2d 01") +
                                "mysql_native_password" + hex("00");
    const auto read = read_change_user(payload, offered);
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(read->user, "user");
    EXPECT_EQ(read->auth_response, "ab");
    EXPECT_EQ(read->database, "shop");
    EXPECT_EQ(read->character_set, 0x12d);
    EXPECT_EQ(read->plugin, native_password);
    EXPECT_EQ(read->capabilities, offered);
    const auto brief = read_change_user(hex("11 75 00 00 00"), offered);
    ASSERT_TRUE(brief);
    EXPECT_EQ(brief->character_set, 0);
    // Its response is counted by a byte even where the handshake's is length-encoded.
    const std::string lengthy = hex("11 75 00 fc") + std::string(252, 'x') + hex("00");
    const auto counted = read_change_user(lengthy, offered);
    ASSERT_TRUE(counted);
    EXPECT_EQ(counted->auth_response.size(), 252u);
    EXPECT_FALSE(read_change_user(hex("12 75 00 00 00"), offered));
    EXPECT_FALSE(read_change_user(hex("11 75 00 00"), offered));
    EXPECT_FALSE(read_change_user(hex("11 75 00 00 00 01"), offered));
    EXPECT_FALSE(read_change_user(hex("11 75"), offered));
}

TEST(Handshake, an_attribute_in_a_malformed_list_is_not_found) {
    EXPECT_EQ(find_attribute(hex("01 61"), "a"), "");
    EXPECT_EQ(find_attribute(hex("01 61 05 62"), "a"), "");
    EXPECT_EQ(find_attribute("", ""), "");
}

TEST(Handshake, asks_for_another_proof) {
    std::string out;
    std::uint8_t sequence = 2;
    append_auth_switch(out, sequence, native_password, scramble);
    EXPECT_EQ(out,
              packet(2, hex("fe") + "mysql_native_password" + hex("00") + scramble + hex("00")));
    out.clear();
    append_fast_auth_ok(out, sequence);
    append_full_auth_wanted(out, sequence);
    append_public_key(out, sequence, "-----BEGIN");
    EXPECT_EQ(out, packet(3, hex("01 03")) + packet(4, hex("01 04")) +
                       packet(5, hex("01") + "-----BEGIN"));
    EXPECT_EQ(sequence, 6);
    EXPECT_TRUE(is_public_key_request(hex("02")));
    EXPECT_FALSE(is_public_key_request(hex("02 00")));
    EXPECT_FALSE(is_public_key_request(""));
}

}  // namespace handshake_test
}  // namespace weir::wire::mysql
