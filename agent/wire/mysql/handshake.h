// The packets before commands: our greeting, what the client answers, and what goes to and fro
// until it is let in. Pure; chance (the scramble) is a parameter. All that is read is bounded.
// Source: "Connection phase": "Initial handshake packet", "SSLRequest", "Handshake response
// packet", "Authentication switch request", "COM_CHANGE_USER".
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "wire/mysql/protocol.h"

namespace weir::wire::mysql {

inline constexpr std::size_t scramble_size = 20;
inline constexpr std::string_view native_password = "mysql_native_password";
inline constexpr std::string_view caching_sha2_password = "caching_sha2_password";
inline constexpr std::string_view clear_password = "mysql_clear_password";

struct Greeting {
    std::string_view server_version;
    std::uint32_t thread_id = 0;
    std::string_view scramble;  // scramble_size bytes, none of them NUL
    std::uint32_t capabilities = 0;
    std::uint8_t character_set = 45;  // utf8mb4_general_ci
    std::uint16_t status = status::autocommit;
    std::string_view plugin = caching_sha2_password;
};
// Protocol version 10. Sequence id 0: the client's next is 1.
void append_greeting(std::string& out, const Greeting& greeting);

// A client's first packet that only asks for TLS: it comes again, whole, when TLS is on.
[[nodiscard]] bool is_tls_request(std::string_view payload);

// What a client says of itself. Views lie in the payload.
struct HandshakeResponse {
    std::uint32_t capabilities = 0;  // as the client sent them; what holds is what both have
    std::uint32_t longest_packet = 0;
    std::uint16_t character_set = 0;  // a collation's id; 0: the server's own
    std::string_view user;
    std::string_view auth_response;
    std::string_view database;    // empty: none
    std::string_view plugin;      // empty: none named
    std::string_view attributes;  // see find_attribute
};
inline constexpr std::size_t longest_handshake_response = std::size_t{64} * 1024 + 1024;
inline constexpr std::size_t longest_user = 512, longest_database = 512, longest_plugin = 64;
inline constexpr std::size_t longest_attributes = std::size_t{64} * 1024;

// A HandshakeResponse41. `offered`: the greeting's capabilities; the client's fields are read by
// those that both have. The error names what is wrong, and nothing that the client sent.
[[nodiscard]] base::Result<HandshakeResponse> read_handshake_response(std::string_view payload,
                                                                      std::uint32_t offered);
// A COM_CHANGE_USER, its command byte included; `capabilities`: those of the connection, which it
// keeps. character_set is 0 when it names none; longest_packet is 0.
[[nodiscard]] base::Result<HandshakeResponse> read_change_user(std::string_view payload,
                                                               std::uint32_t capabilities);
// The value of a connection attribute such as program_name; empty when there is none.
[[nodiscard]] std::string_view find_attribute(std::string_view attributes, std::string_view name);

// Another plugin, or another scramble: the client's next packet is its response alone.
void append_auth_switch(std::string& out, std::uint8_t& sequence, std::string_view plugin,
                        std::string_view scramble);
// caching_sha2_password's own answers: AuthMoreData.
void append_fast_auth_ok(std::string& out, std::uint8_t& sequence);      // an OK follows at once
void append_full_auth_wanted(std::string& out, std::uint8_t& sequence);  // the password itself
void append_public_key(std::string& out, std::uint8_t& sequence, std::string_view pem);
// The client asks for that key: it has no TLS, and will send its password encrypted.
[[nodiscard]] bool is_public_key_request(std::string_view payload);

}  // namespace weir::wire::mysql
