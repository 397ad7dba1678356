#include "settings/read_value.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <charconv>
#include <cmath>
#include <cstdlib>
#include <optional>
#include <utility>

#include "settings/duration.h"
#include "settings/nearest.h"

namespace weir::settings {
namespace {

tl::unexpected<std::string> mismatch(std::string_view expected, const Node& node,
                                     std::string_view hint = {}) {
    return tl::make_unexpected(
        fmt::format("expected {}, got {}{}", expected, node.described(true), hint));
}

template <class N>
std::optional<N> whole_text(const std::string& text) {
    N value{};
    const auto* const end = text.data() + text.size();
    const auto result = std::from_chars(text.data(), end, value);
    if (result.ec != std::errc{} || result.ptr != end) return std::nullopt;
    return value;
}

// A C string ends at a NUL: nothing that is passed on to the system or a library may hold one.
bool has_nul(std::string_view text) { return text.find('\0') != std::string_view::npos; }

}  // namespace

Value<bool> read_boolean(const Node& node) {
    if (node.kind == Node::Kind::boolean) return node.boolean;
    if (node.kind == Node::Kind::environment && (node.text == "true" || node.text == "false")) {
        return node.text == "true";
    }
    return mismatch("true or false", node);
}

Value<std::uint32_t> read_whole(const Node& node, std::uint32_t least, std::uint32_t most) {
    std::optional<std::int64_t> value;
    if (node.kind == Node::Kind::integer) value = node.integer;
    if (node.kind == Node::Kind::environment) value = whole_text<std::int64_t>(node.text);
    if (!value || *value < least || *value > most) {
        return mismatch(fmt::format("a whole number from {} to {}", least, most), node);
    }
    return static_cast<std::uint32_t>(*value);
}

Value<double> read_fraction(const Node& node) {
    std::optional<double> value;
    if (node.kind == Node::Kind::real) value = node.real;
    if (node.kind == Node::Kind::integer) value = static_cast<double>(node.integer);
    if (node.kind == Node::Kind::environment) value = whole_text<double>(node.text);
    if (!value || !(*value >= 0.0 && *value <= 1.0)) {
        return mismatch("a number from 0 to 1", node);
    }
    return *value;
}

Value<std::chrono::nanoseconds> read_duration(const Node& node, bool or_off) {
    constexpr std::string_view expected = "a duration such as \"250ms\", \"10s\", \"5m\" or \"1h\"";
    if (node.kind == Node::Kind::integer) {
        return mismatch(expected, node, fmt::format("; did you mean \"{}s\"?", node.integer));
    }
    const auto value = node.is_text() ? parse_duration(node.text) : std::nullopt;
    if (!value) return mismatch(expected, node);
    if (!or_off && *value == std::chrono::nanoseconds::zero()) {
        return mismatch("a duration longer than zero", node);
    }
    return *value;
}

Value<std::string> read_text(const Node& node) {
    if (!node.is_text()) return mismatch("a text", node);
    if (has_nul(node.text)) return tl::make_unexpected(std::string("holds a NUL character"));
    return node.text;
}

Value<std::vector<std::string>> read_texts(const Node& node) {
    std::vector<std::string> texts;
    if (node.kind == Node::Kind::environment) {
        std::string_view rest = node.text;
        while (!rest.empty()) {
            const auto comma = rest.find(',');
            const auto item = rest.substr(0, comma);
            if (!item.empty()) texts.emplace_back(item);
            rest.remove_prefix(comma == std::string_view::npos ? rest.size() : comma + 1);
        }
        return texts;
    }
    if (node.kind != Node::Kind::list) return mismatch("a list of texts", node);
    for (const auto& item : node.children) {
        auto text = read_text(item);
        if (!text) return mismatch("a list of texts", item);
        texts.push_back(std::move(*text));
    }
    return texts;
}

Value<std::size_t> read_word(const Node& node, const std::vector<std::string_view>& words) {
    if (node.is_text()) {
        for (std::size_t i = 0; i < words.size(); ++i) {
            if (words[i] == node.text) return i;
        }
    }
    const std::vector<std::string> known(words.begin(), words.end());
    return mismatch(fmt::format("one of {}", fmt::join(words, ", ")), node,
                    node.is_text() ? did_you_mean(node.text, known) : std::string{});
}

}  // namespace weir::settings
