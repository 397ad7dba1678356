#include "admin/target.h"

namespace weir::admin {
namespace {

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

std::optional<std::string> decode(std::string_view text, bool plus_is_space) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        char c = text[i];
        if (c == '+' && plus_is_space) {
            c = ' ';
        } else if (c == '%') {
            if (text.size() - i < 3) return std::nullopt;
            const int high = hex_digit(text[i + 1]);
            const int low = hex_digit(text[i + 2]);
            if (high < 0 || low < 0) return std::nullopt;
            c = static_cast<char>(high * 16 + low);
            i += 2;
        }
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x20 || byte == 0x7f) return std::nullopt;
        out += c;
    }
    return out;
}

// Cuts `rest` at the first `separator` and gives the part before it.
std::string_view cut(std::string_view& rest, char separator) {
    const std::size_t at = rest.find(separator);
    const std::string_view part = rest.substr(0, at);
    rest = at == std::string_view::npos ? std::string_view{} : rest.substr(at + 1);
    return part;
}

}  // namespace

const std::string* Target::parameter(const std::string& name) const {
    const auto found = parameters.find(name);
    return found == parameters.end() ? nullptr : &found->second;
}

std::optional<Target> parse_target(std::string_view path, std::string_view query) {
    if (path.empty() || path.front() != '/') return std::nullopt;
    Target target;
    bool more = path.size() > 1;  // "/" alone has no segment, "/a/" has two
    path.remove_prefix(1);
    while (more) {
        more = path.find('/') != std::string_view::npos;
        auto segment = decode(cut(path, '/'), false);
        if (!segment) return std::nullopt;
        target.segments.push_back(std::move(*segment));
    }
    while (!query.empty()) {
        std::string_view value = cut(query, '&');
        const std::string_view name = cut(value, '=');
        auto decoded_name = decode(name, true);
        auto decoded_value = decode(value, true);
        if (!decoded_name || !decoded_value) return std::nullopt;
        if (decoded_name->empty()) continue;
        target.parameters.emplace(std::move(*decoded_name), std::move(*decoded_value));
    }
    return target;
}

}  // namespace weir::admin
