#include "loop/proxy_protocol.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <optional>

namespace weir::loop {
namespace {

using Status = ProxyHeader::Status;

constexpr std::string_view v1_start = "PROXY ";
constexpr std::size_t v1_longest = 107;  // chapter 2.1, with CR and LF
constexpr std::string_view v2_start("\r\n\r\n\0\r\nQUIT\n", 12);
constexpr std::size_t v2_fixed = 16;  // signature, command, family, length
constexpr std::size_t v2_longest =
    4096;  // the protocol allows 64 KiB of extensions; nobody sends them

ProxyHeader invalid() { return {Status::invalid, 0, {}}; }
ProxyHeader need_more() { return {}; }

// The two are alike as far as both go.
bool agree(std::string_view a, std::string_view b) {
    const std::size_t common = std::min(a.size(), b.size());
    return a.substr(0, common) == b.substr(0, common);
}

std::string with_port(int family, const void* address, unsigned port) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    if (::inet_ntop(family, address, text.data(), text.size()) == nullptr) return {};
    const std::string number = std::to_string(port);
    return family == AF_INET6 ? "[" + std::string(text.data()) + "]:" + number
                              : std::string(text.data()) + ":" + number;
}

std::optional<unsigned> parse_port(std::string_view word) {
    unsigned port = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), port);
    const bool whole = error == std::errc() && end == word.data() + word.size();
    const bool padded = word.size() > 1 && word.front() == '0';
    if (!whole || padded || port > 65535) return std::nullopt;
    return port;
}

// One word of a v1 line and the single space behind it, which the last word lacks.
std::string_view take_word(std::string_view& line) {
    const std::size_t space = line.find(' ');
    const std::string_view word = line.substr(0, space);
    line.remove_prefix(space == std::string_view::npos ? line.size() : space + 1);
    return word;
}

// "TCP4 source destination source-port destination-port"
std::optional<std::string> parse_v1_line(std::string_view line) {
    const std::string_view protocol = take_word(line);
    if (protocol == "UNKNOWN") return std::string();  // whatever follows is to be ignored
    if (protocol != "TCP4" && protocol != "TCP6") return std::nullopt;
    if (std::count(line.begin(), line.end(), ' ') != 3) return std::nullopt;
    const int family = protocol == "TCP4" ? AF_INET : AF_INET6;
    const std::string source(take_word(line));
    const std::string destination(take_word(line));
    const auto source_port = parse_port(take_word(line));
    const auto destination_port = parse_port(take_word(line));
    in6_addr address{};
    in6_addr ignored{};
    // inet_pton stops at a zero byte, which no address contains.
    const bool valid = source.find('\0') == std::string::npos &&
                       destination.find('\0') == std::string::npos &&
                       ::inet_pton(family, source.c_str(), &address) == 1 &&
                       ::inet_pton(family, destination.c_str(), &ignored) == 1;
    if (!valid || !source_port || !destination_port) return std::nullopt;
    return with_port(family, &address, *source_port);
}

ProxyHeader parse_v1(std::string_view bytes) {
    const std::string_view head = bytes.substr(0, v1_longest);
    const std::size_t end = head.find_first_of("\r\n");
    if (end == std::string_view::npos || end + 1 == head.size()) {
        const bool may_still_end =
            head.size() < v1_longest && (end == std::string_view::npos || head[end] == '\r');
        return may_still_end ? need_more() : invalid();
    }
    if (head.substr(end, 2) != "\r\n") return invalid();
    auto address = parse_v1_line(head.substr(v1_start.size(), end - v1_start.size()));
    if (!address) return invalid();
    return {Status::done, end + 2, *std::move(address)};
}

unsigned byte_at(std::string_view bytes, std::size_t offset) {
    return static_cast<unsigned char>(bytes[offset]);
}

unsigned big_endian_16(std::string_view bytes, std::size_t offset) {
    return byte_at(bytes, offset) << 8U | byte_at(bytes, offset + 1);
}

// Chapter 2.2: the addresses of a PROXY command; nothing when they are not what `family` says.
std::optional<std::string> parse_v2_addresses(unsigned family, std::string_view rest) {
    constexpr std::size_t tcp4_size = 12;
    constexpr std::size_t tcp6_size = 36;
    constexpr std::size_t unix_size = 216;
    switch (family) {
        case 0x00:  // UNSPEC
            return std::string();
        case 0x11:  // TCP over IPv4
            if (rest.size() < tcp4_size) return std::nullopt;
            return with_port(AF_INET, rest.data(), big_endian_16(rest, 8));
        case 0x21:  // TCP over IPv6
            if (rest.size() < tcp6_size) return std::nullopt;
            return with_port(AF_INET6, rest.data(), big_endian_16(rest, 32));
        case 0x31:  // UNIX stream: a path says nothing about the client
            if (rest.size() < unix_size) return std::nullopt;
            return std::string();
        default:
            return std::nullopt;
    }
}

ProxyHeader parse_v2(std::string_view bytes) {
    if (bytes.size() > 12 && byte_at(bytes, 12) != 0x20 && byte_at(bytes, 12) != 0x21)
        return invalid();
    if (bytes.size() < v2_fixed) return need_more();
    const bool local = byte_at(bytes, 12) == 0x20;
    const std::size_t length = v2_fixed + big_endian_16(bytes, 14);
    if (length > v2_longest) return invalid();
    if (bytes.size() < length) return need_more();
    if (local) return {Status::done, length, {}};
    auto address =
        parse_v2_addresses(byte_at(bytes, 13), bytes.substr(v2_fixed, length - v2_fixed));
    if (!address) return invalid();
    return {Status::done, length, *std::move(address)};
}

}  // namespace

ProxyHeader parse_proxy_header(std::string_view bytes) {
    if (bytes.empty()) return need_more();
    if (agree(bytes, v1_start))
        return bytes.size() < v1_start.size() ? need_more() : parse_v1(bytes);
    if (agree(bytes, v2_start))
        return bytes.size() < v2_start.size() ? need_more() : parse_v2(bytes);
    return invalid();
}

}  // namespace weir::loop
