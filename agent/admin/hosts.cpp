#include "admin/hosts.h"

#include <arpa/inet.h>

#include <algorithm>

namespace weir::admin {
namespace {

std::string lower(std::string_view text) {
    std::string out(text);
    for (char& c : out) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return out;
}

bool is_address(const std::string& host) {
    in6_addr address{};
    return inet_pton(AF_INET, host.c_str(), &address) == 1 ||
           inet_pton(AF_INET6, host.c_str(), &address) == 1;
}

bool is_loopback(const std::string& host) {
    in_addr v4{};
    if (inet_pton(AF_INET, host.c_str(), &v4) == 1) return (ntohl(v4.s_addr) >> 24) == 127;
    in6_addr v6{};
    return inet_pton(AF_INET6, host.c_str(), &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6) != 0;
}

}  // namespace

HostPort split_host_port(std::string_view text) {
    if (!text.empty() && text.front() == '[') {
        const std::size_t end = text.find(']');
        if (end == std::string_view::npos) return {std::string(text), ""};
        std::string_view port = text.substr(end + 1);
        if (!port.empty() && port.front() == ':') port.remove_prefix(1);
        return {std::string(text.substr(1, end - 1)), std::string(port)};
    }
    const std::size_t colon = text.find(':');
    if (colon == std::string_view::npos || text.find(':', colon + 1) != std::string_view::npos) {
        return {std::string(text), ""};  // a name, or a bare IPv6 address
    }
    return {std::string(text.substr(0, colon)), std::string(text.substr(colon + 1))};
}

Hosts::Hosts(std::string_view listen_host, const std::vector<std::string>& names)
    : any_address_(listen_host.empty() || listen_host == "*" || listen_host == "0.0.0.0" ||
                   listen_host == "::") {
    names_.emplace_back("localhost");
    if (!any_address_) names_.push_back(lower(listen_host));
    for (const std::string& name : names) {
        if (!name.empty()) names_.push_back(lower(name));
    }
}

bool Hosts::allow(std::string_view host) const {
    std::string name = lower(split_host_port(host).host);
    if (name.size() > 1 && name.back() == '.') name.pop_back();  // a fully qualified "localhost."
    if (std::find(names_.begin(), names_.end(), name) != names_.end()) return true;
    return is_loopback(name) || (any_address_ && is_address(name));
}

bool same_origin(std::string_view origin, std::string_view host) {
    const std::string text = lower(origin);
    for (const std::string_view scheme : {"http://", "https://"}) {
        if (text.compare(0, scheme.size(), scheme) == 0) {
            return text.substr(scheme.size()) == lower(host);
        }
    }
    return false;
}

}  // namespace weir::admin
