// Addresses as the configuration writes them: "host:port", "[::1]:port", "unix:/path". Only their
// form: no name is resolved here.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace weir::settings {

struct Address {
    std::string host;  // without the brackets; empty for a unix socket
    std::uint16_t port = 0;
    std::string path;  // of a unix socket, else empty

    // No other machine can reach it: a unix socket, localhost, 127.0.0.0/8 or ::1.
    [[nodiscard]] bool is_loopback() const;
    // Both can't be listened on at the same time. Port 0 takes a free one and clashes with none.
    [[nodiscard]] bool clashes_with(const Address& other) const;
};

[[nodiscard]] std::optional<Address> parse_address(std::string_view text);

}  // namespace weir::settings
