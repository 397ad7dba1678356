#include "wire/trace_setting.h"

#include <algorithm>

namespace weir::wire {

namespace {

bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

void skip_space(std::string_view& text) {
    while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
}

// Takes `word`, in whatever case, with the space behind it off the front.
bool take(std::string_view& text, std::string_view word) {
    const bool same = text.size() >= word.size() &&
                      std::equal(word.begin(), word.end(), text.begin(), [](char a, char b) {
                          if (a == ' ') return is_space(b);
                          return a == (b >= 'A' && b <= 'Z' ? static_cast<char>(b | 0x20) : b);
                      });
    if (!same) return false;
    text.remove_prefix(word.size());
    skip_space(text);
    return true;
}

bool ends(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return is_space(c) || c == ';'; });
}

}  // namespace

std::optional<TraceSetting> read_trace_setting(std::string_view text) {
    if (!may_set_trace(text, text.size())) return std::nullopt;
    const bool resets = take(text, "reset ");
    if (!resets && !take(text, "set ")) return std::nullopt;
    const bool local = !resets && take(text, "local ");
    if (!resets && !local) (void)take(text, "session ");
    if (!take(text, "weir.traceparent")) return std::nullopt;
    if (resets) return ends(text) ? std::optional(TraceSetting{{}, true}) : std::nullopt;
    if (!take(text, "=") && !take(text, "to ")) return std::nullopt;
    if (take(text, "default")) {
        return ends(text) ? std::optional(TraceSetting{{}, true, local}) : std::nullopt;
    }
    if (!text.starts_with('\'')) return std::nullopt;
    const std::size_t end = text.find('\'', 1);
    if (end == std::string_view::npos || !ends(text.substr(end + 1))) return std::nullopt;
    return TraceSetting{text.substr(1, end - 1), false, local};
}

}  // namespace weir::wire
