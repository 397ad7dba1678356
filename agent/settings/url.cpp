#include "settings/url.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "settings/percent.h"

namespace weir::settings {
namespace {

// Cuts `text` at the first `mark`: the part before it is returned, `text` becomes the part after.
std::optional<std::string_view> cut(std::string_view& text, std::string_view mark) {
    const auto found = text.find(mark);
    if (found == std::string_view::npos) return std::nullopt;
    const auto before = text.substr(0, found);
    text.remove_prefix(found + mark.size());
    return before;
}

bool read_parameters(std::string_view text, Url& url) {
    while (!text.empty()) {
        const auto one = text.substr(0, text.find('&'));
        text.remove_prefix(std::min(one.size() + 1, text.size()));
        auto value = one;
        const auto name = cut(value, "=");
        if (!name) return false;
        auto plain_name = percent_decoded(*name);
        auto plain_value = percent_decoded(value);
        if (!plain_name || !plain_value) return false;
        url.parameters[std::move(*plain_name)] = std::move(*plain_value);
    }
    return true;
}

bool read_account(std::string_view text, Url& url) {
    const auto colon = std::min(text.find(':'), text.size());
    auto user = percent_decoded(text.substr(0, colon));
    auto password = percent_decoded(text.substr(std::min(colon + 1, text.size())));
    if (!user || !password) return false;
    url.user = std::move(*user);
    url.password = std::move(*password);
    return true;
}

bool read_host(std::string_view text, Url& url) {
    const auto bracket = text.rfind(']');
    const auto colon = text.rfind(':');
    const bool has_port =
        colon != std::string_view::npos && (bracket == std::string_view::npos || colon > bracket);
    auto host = percent_decoded(text.substr(0, has_port ? colon : text.size()));
    if (!host) return false;
    url.host = std::move(*host);
    if (has_port) url.port = text.substr(colon + 1);
    return true;
}

}  // namespace

base::Result<Url> parse_url(std::string_view text) {
    const auto malformed = [] {
        return base::error("expected scheme://user:password@host:port/, special characters as %XX");
    };
    Url url;
    const auto scheme = cut(text, "://");
    if (!scheme) return malformed();
    url.scheme = *scheme;
    std::string_view query;
    if (const auto mark = text.find('?'); mark != std::string_view::npos) {
        query = text.substr(mark + 1);
        text = text.substr(0, mark);
    }
    auto authority = text.substr(0, text.find('/'));
    auto path = percent_decoded(text.substr(std::min(authority.size() + 1, text.size())));
    // The last "@": a password with an unencoded one is still understood.
    if (const auto sign = authority.rfind('@'); sign != std::string_view::npos) {
        if (!read_account(authority.substr(0, sign), url)) return malformed();
        authority.remove_prefix(sign + 1);
    }
    if (!path || !read_host(authority, url) || !read_parameters(query, url)) return malformed();
    url.path = std::move(*path);
    return url;
}

}  // namespace weir::settings
