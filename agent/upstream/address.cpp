#include "upstream/address.h"

#include <arpa/inet.h>

#include <algorithm>
#include <optional>

namespace weir::upstream {
namespace {

constexpr std::string_view socket_file_prefix = ".s.PGSQL.";

bool is_numeric(const std::string& host) {
    in6_addr parsed{};
    return inet_pton(AF_INET, host.c_str(), &parsed) == 1 ||
           inet_pton(AF_INET6, host.c_str(), &parsed) == 1;
}

bool is_port(std::string_view text) {
    return !text.empty() && text.size() <= 5 &&
           std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// A path names the socket's directory, or the socket file itself, whose name ends in the port.
Endpoint unix_endpoint(std::string_view path, std::string_view default_port) {
    const std::size_t slash = path.rfind('/');
    const std::string_view file = path.substr(slash + 1);
    if (file.starts_with(socket_file_prefix) && is_port(file.substr(socket_file_prefix.size()))) {
        const std::string_view directory = slash == 0 ? "/" : path.substr(0, slash);
        return {std::string(directory), std::string(file.substr(socket_file_prefix.size())), {}};
    }
    // "/var/run/postgresql:5433": a directory and a port.
    const std::size_t colon = path.rfind(':');
    if (colon != std::string_view::npos && is_port(path.substr(colon + 1))) {
        return {std::string(path.substr(0, colon)), std::string(path.substr(colon + 1)), {}};
    }
    return {std::string(path), std::string(default_port), {}};
}

std::optional<Endpoint> parse_one(std::string_view text, std::string_view default_port) {
    if (text.starts_with("unix:")) text.remove_prefix(5);
    if (text.empty()) return std::nullopt;
    if (text.front() == '/') return unix_endpoint(text, default_port);
    std::string_view host = text;
    std::string_view port = default_port;
    if (text.front() == '[') {
        const std::size_t end = text.find(']');
        if (end == std::string_view::npos) return std::nullopt;
        host = text.substr(1, end - 1);
        const std::string_view rest = text.substr(end + 1);
        if (!rest.empty() && rest.front() != ':') return std::nullopt;
        if (!rest.empty()) port = rest.substr(1);
    } else if (std::count(text.begin(), text.end(), ':') == 1) {
        host = text.substr(0, text.find(':'));
        port = text.substr(text.find(':') + 1);
    }
    if (host.empty() || !is_port(port)) return std::nullopt;
    Endpoint endpoint{std::string(host), std::string(port), {}};
    if (is_numeric(endpoint.host)) endpoint.numeric = endpoint.host;
    return endpoint;
}

}  // namespace

std::string shown(const Endpoint& endpoint) {
    if (endpoint.unix_socket()) return endpoint.host;
    const bool bracketed = endpoint.host.find(':') != std::string::npos;
    return (bracketed ? '[' + endpoint.host + ']' : endpoint.host) + ':' + endpoint.port;
}

base::Result<std::vector<Endpoint>> parse_address(std::string_view text,
                                                  std::string_view default_port) {
    std::vector<Endpoint> endpoints;
    std::size_t begin = 0;
    while (begin <= text.size()) {
        const std::size_t comma = std::min(text.find(',', begin), text.size());
        std::string_view one = text.substr(begin, comma - begin);
        while (!one.empty() && one.front() == ' ') one.remove_prefix(1);
        while (!one.empty() && one.back() == ' ') one.remove_suffix(1);
        auto endpoint = parse_one(one, default_port);
        if (!endpoint) {
            return base::error("\"" + std::string(one) +
                               "\" is not an address: expected host:port or a socket's path");
        }
        endpoints.push_back(std::move(*endpoint));
        begin = comma + 1;
    }
    return endpoints;
}

}  // namespace weir::upstream
