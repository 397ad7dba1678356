// An upstream's address as the configuration writes it, taken apart: "host:port", "[::1]:5432", a
// unix socket's path or its directory, several of them separated by commas. Pure; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace weir::upstream {

struct Endpoint {
    std::string host;     // a name, an address without brackets, or a unix socket's directory
    std::string port;     // decimal
    std::string numeric;  // the address when `host` is one or has been resolved; empty: not yet

    [[nodiscard]] bool unix_socket() const { return !host.empty() && host.front() == '/'; }
    [[nodiscard]] bool needs_resolving() const { return !unix_socket() && numeric.empty(); }
    friend bool operator==(const Endpoint&, const Endpoint&) = default;
};

// As a configuration writes it.
[[nodiscard]] std::string shown(const Endpoint& endpoint);

// `default_port` stands where the text names none. Fails with what is wrong, for people.
[[nodiscard]] base::Result<std::vector<Endpoint>> parse_address(std::string_view text,
                                                                std::string_view default_port);

}  // namespace weir::upstream
