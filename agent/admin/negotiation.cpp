#include "admin/negotiation.h"

#include <strings.h>

#include <algorithm>
#include <charconv>
#include <optional>

namespace weir::admin {
namespace {

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view blank = " \t";
    const std::size_t begin = text.find_first_not_of(blank);
    if (begin == std::string_view::npos) return {};
    return text.substr(begin, text.find_last_not_of(blank) - begin + 1);
}

bool same(std::string_view a, std::string_view b) {
    return a.size() == b.size() && strncasecmp(a.data(), b.data(), a.size()) == 0;
}

// Takes what stands before the next `separator` off `rest`. Quoted strings, in which one could
// stand, mean nothing to us: what they are cut into does not either.
std::string_view next(std::string_view& rest, char separator) {
    const std::size_t end = std::min(rest.find(separator), rest.size());
    const std::string_view part = trimmed(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
    return part;
}

// One element of the list: its value, its version where it has one, how much it is wanted.
struct Wish {
    std::string_view value, version;
    double quality = 1;
};

Wish read_wish(std::string_view element) {
    Wish wish;
    wish.value = next(element, ';');
    while (!element.empty()) {
        std::string_view parameter = next(element, ';');
        const std::string_view name = next(parameter, '=');
        const std::string_view value = trimmed(parameter);
        if (same(name, "version")) wish.version = value;
        if (!same(name, "q")) continue;
        const auto parsed =
            std::from_chars(value.data(), value.data() + value.size(), wish.quality);
        if (parsed.ec != std::errc()) wish.quality = 0;
    }
    return wish;
}

}  // namespace

collectors::Format preferred_format(std::string_view accept) {
    double openmetrics = 0;
    double text = 0;
    while (!accept.empty()) {
        const Wish wish = read_wish(next(accept, ','));
        const auto at_least = [&](double& quality) { quality = std::max(quality, wish.quality); };
        if (same(wish.value, "application/openmetrics-text")) {
            if (wish.version.empty() || wish.version == "1.0.0") at_least(openmetrics);
        } else if (same(wish.value, "text/plain")) {
            if (wish.version.empty() || wish.version == "0.0.4") at_least(text);
        } else if (same(wish.value, "text/*") || wish.value == "*/*") {
            at_least(text);
        }
    }
    return openmetrics > 0 && openmetrics >= text ? collectors::Format::openmetrics
                                                  : collectors::Format::text;
}

bool takes_gzip(std::string_view accept_encoding) {
    std::optional<bool> named;
    bool any = false;
    while (!accept_encoding.empty()) {
        const Wish wish = read_wish(next(accept_encoding, ','));
        if (same(wish.value, "gzip") || same(wish.value, "x-gzip")) named = wish.quality > 0;
        if (wish.value == "*") any = wish.quality > 0;
    }
    return named.value_or(any);
}

}  // namespace weir::admin
