#include "settings/duration.h"

#include <fmt/format.h>

#include <array>
#include <cassert>
#include <charconv>
#include <cstdint>

namespace weir::settings {
namespace {

using std::chrono::milliseconds;

struct Unit {
    std::string_view name;
    milliseconds length;
};
constexpr std::array units{Unit{"h", std::chrono::hours(1)}, Unit{"m", std::chrono::minutes(1)},
                           Unit{"s", std::chrono::seconds(1)}, Unit{"ms", milliseconds(1)}};
constexpr milliseconds longest = std::chrono::hours(24 * 365 * 100);

}  // namespace

std::optional<std::chrono::nanoseconds> parse_duration(std::string_view text) {
    std::int64_t count = 0;
    const auto* const end = text.data() + text.size();
    const auto number = std::from_chars(text.data(), end, count);
    if (number.ec != std::errc{} || count < 0) return std::nullopt;
    const std::string_view unit(number.ptr, static_cast<std::size_t>(end - number.ptr));
    for (const auto& candidate : units) {
        if (candidate.name != unit) continue;
        if (count > longest / candidate.length) return std::nullopt;
        return candidate.length * count;
    }
    return std::nullopt;
}

std::string duration_text(std::chrono::nanoseconds duration) {
    const auto whole = std::chrono::duration_cast<milliseconds>(duration);
    assert(whole == duration);
    if (whole == milliseconds(0)) return "0s";
    for (const auto& unit : units) {
        if (whole % unit.length == milliseconds(0)) {
            return fmt::format("{}{}", whole / unit.length, unit.name);
        }
    }
    return "0s";
}

}  // namespace weir::settings
