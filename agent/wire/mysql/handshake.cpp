#include "wire/mysql/handshake.h"

#include <cassert>

#include "wire/mysql/encoding.h"

namespace weir::wire::mysql {

namespace {

constexpr std::uint8_t protocol_version = 10;
constexpr std::size_t tls_request_size = 32;  // also what comes before a response's user
constexpr std::size_t first_scramble_part = 8;
constexpr std::uint8_t switch_mark = 0xfe, more_data_mark = 0x01;
constexpr std::uint8_t public_key_request = 0x02, fast_ok = 0x03, full_wanted = 0x04;

using base::error;

// The rest of a response and of COM_CHANGE_USER: plugin and attributes, both bounded.
base::Result<HandshakeResponse> take_tail(PayloadReader& reader, HandshakeResponse response,
                                          std::uint32_t capabilities) {
    if ((capabilities & capability::plugin_auth) != 0 && !reader.empty()) {
        if (!reader.take_c_string(response.plugin)) {
            response.plugin = reader.rest();  // some leave its NUL out at a packet's end
            reader = PayloadReader({});
        }
        if (response.plugin.size() > longest_plugin) return error("the plugin's name is too long");
    }
    if ((capabilities & capability::connect_attributes) != 0 && !reader.empty()) {
        if (!reader.take_length_encoded(response.attributes)) {
            return error("the connection attributes are cut short");
        }
        if (response.attributes.size() > longest_attributes) {
            return error("the connection attributes are too long");
        }
    }
    return response;
}

// Three ways to send it, by what was agreed upon.
bool take_auth_response(PayloadReader& reader, std::uint32_t capabilities, std::string_view& out) {
    if ((capabilities & capability::plugin_auth_lenenc_data) != 0) {
        return reader.take_length_encoded(out);
    }
    if ((capabilities & capability::secure_connection) != 0) {
        std::uint8_t size = 0;
        return reader.take(size) && reader.take_bytes(size, out);
    }
    return reader.take_c_string(out);
}

void put_packet(std::string& out, std::uint8_t& sequence, std::string_view payload) {
    append_packets(out, sequence, payload);
}

}  // namespace

void append_greeting(std::string& out, const Greeting& greeting) {
    assert(greeting.scramble.size() == scramble_size);
    std::string payload;
    put_u8(payload, protocol_version);
    put_c_string(payload, greeting.server_version);
    put_u32(payload, greeting.thread_id);
    payload.append(greeting.scramble.substr(0, first_scramble_part));
    put_u8(payload, 0);
    put_u16(payload, static_cast<std::uint16_t>(greeting.capabilities));
    put_u8(payload, greeting.character_set);
    put_u16(payload, greeting.status);
    put_u16(payload, static_cast<std::uint16_t>(greeting.capabilities >> 16U));
    put_u8(payload, scramble_size + 1);
    payload.append(10, '\0');  // 6 reserved and 4 of MariaDB's extended capabilities: none
    put_c_string(payload, greeting.scramble.substr(first_scramble_part));
    put_c_string(payload, greeting.plugin);
    std::uint8_t sequence = 0;
    put_packet(out, sequence, payload);
}

bool is_tls_request(std::string_view payload) {
    PayloadReader reader(payload);
    std::uint32_t capabilities = 0;
    return payload.size() == tls_request_size && reader.take(capabilities) &&
           (capabilities & capability::ssl) != 0 && (capabilities & capability::protocol_41) != 0;
}

base::Result<HandshakeResponse> read_handshake_response(std::string_view payload,
                                                        std::uint32_t offered) {
    if (payload.size() > longest_handshake_response) return error("the response is too long");
    PayloadReader reader(payload);
    HandshakeResponse response;
    std::string_view filler;
    std::uint8_t character_set = 0;
    if (!reader.take(response.capabilities)) return error("the response is cut short");
    if ((response.capabilities & capability::protocol_41) == 0) {
        return error("the client speaks a protocol older than 4.1");
    }
    // 19 bytes of zeros and 4 of MariaDB's extended capabilities, which were not offered.
    if (!reader.take(response.longest_packet) || !reader.take(character_set) ||
        !reader.take_bytes(23, filler)) {
        return error("the response is cut short");
    }
    response.character_set = character_set;
    const std::uint32_t both = response.capabilities & offered;
    if (!reader.take_c_string(response.user)) return error("the user's name has no end");
    if (response.user.size() > longest_user) return error("the user's name is too long");
    if (!take_auth_response(reader, both, response.auth_response)) {
        return error("the authentication response is cut short");
    }
    if ((both & capability::connect_with_db) != 0 && !reader.empty()) {
        if (!reader.take_c_string(response.database)) return error("the database has no end");
        if (response.database.size() > longest_database) {
            return error("the database's name is too long");
        }
    }
    return take_tail(reader, response, both);
}

base::Result<HandshakeResponse> read_change_user(std::string_view payload,
                                                 std::uint32_t capabilities) {
    if (payload.size() > longest_handshake_response) return error("the request is too long");
    PayloadReader reader(payload);
    HandshakeResponse response;
    response.capabilities = capabilities;
    std::uint8_t command = 0;
    if (!reader.take(command) || command != static_cast<std::uint8_t>(Command::change_user)) {
        return error("it is no COM_CHANGE_USER");
    }
    if (!reader.take_c_string(response.user)) return error("the user's name has no end");
    if (response.user.size() > longest_user) return error("the user's name is too long");
    // Length-encoded responses are the handshake's alone.
    const std::uint32_t without = capabilities & ~capability::plugin_auth_lenenc_data;
    if (!take_auth_response(reader, without, response.auth_response)) {
        return error("the authentication response is cut short");
    }
    if (!reader.take_c_string(response.database)) return error("the database has no end");
    if (response.database.size() > longest_database) {
        return error("the database's name is too long");
    }
    if (reader.empty()) return response;
    if (!reader.take(response.character_set)) return error("the character set is cut short");
    return take_tail(reader, response, capabilities);
}

std::string_view find_attribute(std::string_view attributes, std::string_view name) {
    PayloadReader reader(attributes);
    std::string_view key, value;
    while (reader.take_length_encoded(key) && reader.take_length_encoded(value)) {
        if (key == name) return value;
    }
    return {};
}

void append_auth_switch(std::string& out, std::uint8_t& sequence, std::string_view plugin,
                        std::string_view scramble) {
    std::string payload;
    put_u8(payload, switch_mark);
    put_c_string(payload, plugin);
    put_c_string(payload, scramble);
    put_packet(out, sequence, payload);
}

void append_fast_auth_ok(std::string& out, std::uint8_t& sequence) {
    put_packet(out, sequence, std::string{more_data_mark, fast_ok});
}

void append_full_auth_wanted(std::string& out, std::uint8_t& sequence) {
    put_packet(out, sequence, std::string{more_data_mark, full_wanted});
}

void append_public_key(std::string& out, std::uint8_t& sequence, std::string_view pem) {
    put_packet(out, sequence, std::string{more_data_mark}.append(pem));
}

bool is_public_key_request(std::string_view payload) {
    return payload.size() == 1 && static_cast<std::uint8_t>(payload[0]) == public_key_request;
}

}  // namespace weir::wire::mysql
