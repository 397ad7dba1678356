#include "settings/address.h"

#include <charconv>

namespace weir::settings {
namespace {

constexpr std::string_view unix_prefix = "unix:";

bool is_every_host(std::string_view host) {
    return host == "*" || host == "0.0.0.0" || host == "::";
}

}  // namespace

bool Address::is_loopback() const {
    return !path.empty() || host == "localhost" || host == "::1" || host.starts_with("127.");
}

bool Address::clashes_with(const Address& other) const {
    if (!path.empty() || !other.path.empty()) return path == other.path;
    if (port == 0 || port != other.port) return false;
    return host == other.host || is_every_host(host) || is_every_host(other.host);
}

std::optional<Address> parse_address(std::string_view text) {
    Address address;
    if (text.starts_with(unix_prefix)) text.remove_prefix(unix_prefix.size());
    if (text.starts_with('/')) {
        address.path = text;
        return address;
    }
    const auto colon = text.rfind(':');
    if (colon == std::string_view::npos) return std::nullopt;
    auto host = text.substr(0, colon);
    const auto port = text.substr(colon + 1);
    if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
        host = host.substr(1, host.size() - 2);
    } else if (host.find(':') != std::string_view::npos) {
        return std::nullopt;  // an IPv6 address without brackets: where does the port begin?
    }
    if (host.empty() || host.find_first_of(" []/,\t\n") != std::string_view::npos) {
        return std::nullopt;
    }
    const auto* const end = port.data() + port.size();
    const auto number = std::from_chars(port.data(), end, address.port);
    if (number.ec != std::errc{} || number.ptr != end) return std::nullopt;
    address.host = host;
    return address;
}

}  // namespace weir::settings
