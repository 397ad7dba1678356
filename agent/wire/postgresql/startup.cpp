#include "wire/postgresql/startup.h"

#include <algorithm>

namespace weir::wire::postgresql {

namespace {

constexpr std::uint32_t cancel_code = 80877102;
constexpr std::uint32_t ssl_code = 80877103;
constexpr std::uint32_t gss_code = 80877104;
constexpr char tls_handshake_record = 0x16;
constexpr std::string_view protocol_option_prefix = "_pq_.";

std::uint32_t read_uint32(std::string_view bytes) {
    std::uint32_t value = 0;
    for (const char c : bytes.substr(0, 4)) value = value << 8U | static_cast<unsigned char>(c);
    return value;
}

Startup invalid(std::string why) {
    Startup result;
    result.kind = Startup::Kind::invalid;
    result.error = std::move(why);
    return result;
}

Startup bare_request(Startup::Kind kind, std::string_view packet) {
    if (packet.size() != 8) return invalid("invalid length of encryption request");
    Startup result;
    result.kind = kind;
    result.length = packet.size();
    return result;
}

Startup cancel_request(std::string_view packet) {
    constexpr std::size_t secret_at = 12;
    if (packet.size() < secret_at + 4 || packet.size() > secret_at + 256) {
        return invalid("invalid length of cancel request");
    }
    Startup result;
    result.kind = Startup::Kind::cancel;
    result.length = packet.size();
    result.process_id = read_uint32(packet.substr(8));
    result.secret = packet.substr(secret_at);
    return result;
}

// Names and values alternate, each with its NUL; one more NUL ends the packet.
Startup start(std::string_view packet, std::uint32_t minor) {
    Startup result;
    std::string_view rest = packet.substr(8);
    while (!rest.empty() && rest.front() != '\0') {
        const std::size_t name_end = rest.find('\0');
        const std::size_t value_end =
            name_end == std::string_view::npos ? name_end : rest.find('\0', name_end + 1);
        if (value_end == std::string_view::npos) {
            return invalid("invalid startup packet layout: a parameter has no end");
        }
        const std::string_view name = rest.substr(0, name_end);
        if (name.starts_with(protocol_option_prefix)) {
            result.unknown_protocol_options.emplace_back(name);
        } else {
            result.parameters.emplace_back(name,
                                           rest.substr(name_end + 1, value_end - name_end - 1));
        }
        rest.remove_prefix(value_end + 1);
    }
    if (rest.size() != 1) {
        return invalid("invalid startup packet layout: expected terminator as last byte");
    }
    const std::string* user = result.parameter("user");
    if (user == nullptr || user->empty()) {
        return invalid("no PostgreSQL user name specified in startup packet");
    }
    result.kind = Startup::Kind::start;
    result.length = packet.size();
    result.minor = minor;
    return result;
}

}  // namespace

const std::string* Startup::parameter(std::string_view name) const {
    const auto found = std::find_if(parameters.rbegin(), parameters.rend(),
                                    [name](const auto& entry) { return entry.first == name; });
    return found == parameters.rend() ? nullptr : &found->second;
}

Startup parse_startup(std::string_view bytes) {
    if (bytes.empty()) return {};
    if (bytes.front() == tls_handshake_record) {
        Startup result;
        result.kind = Startup::Kind::direct_tls;
        return result;
    }
    // The length's first byte can only be zero: an HTTP request or a length of 1 GiB is told by it.
    if (bytes.front() != '\0') return invalid("invalid length of startup packet");
    if (bytes.size() < 4) return {};
    const std::uint32_t length = read_uint32(bytes);
    if (length < 8 || length > maximum_startup_length + 4) {
        return invalid("invalid length of startup packet");
    }
    if (bytes.size() < 8) return {};

    const std::uint32_t code = read_uint32(bytes.substr(4));
    const bool request = code == ssl_code || code == gss_code || code == cancel_code;
    if (!request && code >> 16U != 3) {
        return invalid("unsupported frontend protocol " + std::to_string(code >> 16U) + "." +
                       std::to_string(code & 0xffffU) + ": server supports 3.0 and later 3.x");
    }
    if (bytes.size() < length) return {};

    const std::string_view packet = bytes.substr(0, length);
    if (code == ssl_code) return bare_request(Startup::Kind::ssl_request, packet);
    if (code == gss_code) return bare_request(Startup::Kind::gss_request, packet);
    if (code == cancel_code) return cancel_request(packet);
    return start(packet, code & 0xffffU);
}

}  // namespace weir::wire::postgresql
