// HAProxy's PROXY protocol, versions 1 and 2 (haproxy.org, "The PROXY protocol", 2020): the
// client's own address in front of the connection's first byte. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace weir::loop {

struct ProxyHeader {
    enum class Status { need_more, done, invalid } status = Status::need_more;
    std::size_t length = 0;  // bytes to skip when done
    std::string address;  // "203.0.113.7:50123"; empty for LOCAL and UNKNOWN: the socket's own peer
};

// Looks at the first bytes of a connection; never needs more than 4 KiB.
[[nodiscard]] ProxyHeader parse_proxy_header(std::string_view bytes);

}  // namespace weir::loop
