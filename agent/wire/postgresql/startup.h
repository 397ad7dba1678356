// The first packets of a client's connection, before messages have a type byte.
// Source: "Start-up", "SSL Session Encryption", "GSSAPI Session Encryption", "Canceling Requests".
// Pure: bytes in, meaning out; bytes behind `length` are the caller's to keep or refuse.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir::wire::postgresql {

struct Startup {
    enum class Kind {
        need_more,    // not whole yet
        ssl_request,  // answer one byte
        gss_request,  // answer one byte
        cancel,       // process_id and secret
        start,        // protocol 3.x: parameters, among them a user
        direct_tls,   // a TLS ClientHello instead of a packet
        invalid       // `error` says why, for the client
    };
    Kind kind = Kind::need_more;
    std::size_t length = 0;  // bytes to take off the front; 0 for need_more, direct_tls, invalid
    std::uint32_t minor = 0;
    std::uint32_t process_id = 0;
    std::string secret;                                           // 4 to 256 bytes
    std::vector<std::pair<std::string, std::string>> parameters;  // names as sent, in order
    std::vector<std::string> unknown_protocol_options;            // "_pq_.…"
    std::string error;

    // The value that counts: of a name given twice the last one, as the server does it.
    [[nodiscard]] const std::string* parameter(std::string_view name) const;
};

// PostgreSQL's own limit for a start-up packet, its length field not counted.
inline constexpr std::uint32_t maximum_startup_length = 10000;

// What the bytes at the front are. A length out of bounds is invalid as soon as it can be told,
// without waiting for what it announces.
[[nodiscard]] Startup parse_startup(std::string_view bytes);

}  // namespace weir::wire::postgresql
