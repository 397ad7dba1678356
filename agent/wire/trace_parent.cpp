#include "wire/trace_parent.h"

#include <algorithm>
#include <array>

namespace weir::wire {

namespace {

// version "-" trace-id "-" parent-id "-" trace-flags
constexpr std::size_t traceparent_size = 55;
// W3C: an implementation should propagate at least this much of a tracestate.
constexpr std::size_t longest_state = 512;
constexpr auto none = std::string_view::npos;

// Lower case alone, as the specification demands.
int digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

std::optional<std::uint64_t> hex(std::string_view text) {
    std::uint64_t value = 0;
    for (const char c : text) {
        const int one = digit(c);
        if (one < 0) return std::nullopt;
        value = value << 4U | static_cast<std::uint64_t>(one);
    }
    return value;
}

int any_digit(char c) { return digit(c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c); }

// Nothing: a percent sign without its two digits, or longer than `limit`.
std::optional<std::string> url_decoded(std::string_view text, std::size_t limit) {
    std::string plain;
    for (std::size_t i = 0; i < text.size() && plain.size() <= limit; ++i) {
        if (text[i] != '%') {
            plain.push_back(text[i]);
            continue;
        }
        if (i + 2 >= text.size()) return std::nullopt;
        const int high = any_digit(text[i + 1]), low = any_digit(text[i + 2]);
        if (high < 0 || low < 0) return std::nullopt;
        plain.push_back(static_cast<char>(high * 16 + low));
        i += 2;
    }
    if (plain.size() > limit) return std::nullopt;
    return plain;
}

// The value of `key='value'` among the pairs of a comment, as it is written there.
std::optional<std::string_view> value_of(std::string_view pairs, std::string_view key) {
    for (std::size_t at = pairs.find(key); at != none; at = pairs.find(key, at + 1)) {
        const bool begins = at == 0 || pairs[at - 1] == ',' || pairs[at - 1] == ' ';
        std::string_view rest = pairs.substr(at + key.size());
        if (!begins || !rest.starts_with("='")) continue;
        rest.remove_prefix(2);
        const std::size_t end = rest.find('\'');
        if (end == none) return std::nullopt;
        return rest.substr(0, end);
    }
    return std::nullopt;
}

std::optional<TraceComment> read_comment(std::string_view pairs) {
    const auto written = value_of(pairs, "traceparent");
    if (!written) return std::nullopt;
    auto parent = read_traceparent(*written);  // nothing in it needs to be encoded
    if (!parent) {
        const auto decoded = url_decoded(*written, 2 * traceparent_size);
        parent = decoded ? read_traceparent(*decoded) : std::nullopt;
    }
    if (!parent) return std::nullopt;
    TraceComment comment{*parent, {}};
    if (const auto state = value_of(pairs, "tracestate")) {
        // Printable ASCII, or it is not one: it goes on to others as it came.
        auto plain = url_decoded(*state, longest_state).value_or(std::string());
        const bool fits =
            std::all_of(plain.begin(), plain.end(), [](char c) { return c >= ' ' && c <= '~'; });
        if (fits) comment.state = std::move(plain);
    }
    return comment;
}

std::optional<TraceComment> at_the_end(std::string_view statement) {
    const std::size_t end = statement.rfind("*/");
    const std::string_view looked_at = statement.substr(end - std::min(end, trace_comment_limit),
                                                        std::min(end, trace_comment_limit));
    const std::size_t begin = looked_at.rfind("/*");
    return begin == none ? std::nullopt : read_comment(looked_at.substr(begin + 2));
}

std::optional<TraceComment> at_the_start(std::string_view statement) {
    const std::string_view looked_at = statement.substr(2, trace_comment_limit);
    const std::size_t end = looked_at.find("*/");
    return end == none ? std::nullopt : read_comment(looked_at.substr(0, end));
}

bool ends_in_comment(std::string_view text) {
    const auto means_nothing = [](char c) {
        return static_cast<unsigned char>(c) <= ' ' || c == ';';
    };
    while (!text.empty() && means_nothing(text.back())) text.remove_suffix(1);
    return text.ends_with("*/");
}

}  // namespace

bool begins_or_ends_in_comment(std::string_view text) {
    return text.starts_with("/*") || ends_in_comment(text);
}

std::optional<TraceParent> read_traceparent(std::string_view text) {
    if (text.size() < traceparent_size) return std::nullopt;
    if (text[2] != '-' || text[35] != '-' || text[52] != '-') return std::nullopt;
    const auto version = hex(text.substr(0, 2));
    if (!version || *version == 0xff) return std::nullopt;
    // Version 00 ends here; a later one may only go on behind another dash.
    if (text.size() > traceparent_size && (*version == 0 || text[traceparent_size] != '-')) {
        return std::nullopt;
    }
    const auto high = hex(text.substr(3, 16)), low = hex(text.substr(19, 16));
    const auto span = hex(text.substr(36, 16)), flags = hex(text.substr(53, 2));
    if (!high || !low || !span || !flags) return std::nullopt;
    if ((*high | *low) == 0 || *span == 0) return std::nullopt;
    return TraceParent{*high, *low, *span, (*flags & 1U) != 0};
}

std::optional<TraceComment> find_trace(std::string_view statement) {
    if (ends_in_comment(statement)) {
        if (auto found = at_the_end(statement)) return found;
    }
    return statement.starts_with("/*") ? at_the_start(statement) : std::nullopt;
}

}  // namespace weir::wire
