// The classes of SQLSTATE codes that have a series of their own: PostgreSQL documentation, Appendix
// A, without 00 (success). A server or a function may raise any five characters; what is not in
// this list is counted as "other", so that nobody's text becomes a label.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace weir::telemetry {

inline constexpr std::array<std::string_view, 44> sqlstate_classes{
    "01", "02", "03", "08", "09", "0A", "0B", "0F", "0L", "0P", "0Z", "10", "20", "21",   "22",
    "23", "24", "25", "26", "27", "28", "2B", "2D", "2F", "34", "38", "39", "3B", "3D",   "3F",
    "40", "42", "44", "53", "54", "55", "57", "58", "72", "F0", "HV", "P0", "XX", "other"};

// The index in sqlstate_classes; that of "other" for whatever is not five characters of a known
// class.
[[nodiscard]] constexpr std::size_t sqlstate_class(std::string_view sqlstate) {
    constexpr std::size_t other = sqlstate_classes.size() - 1;
    if (sqlstate.size() != 5) return other;
    for (std::size_t i = 0; i < other; ++i) {
        if (sqlstate.substr(0, 2) == sqlstate_classes[i]) return i;
    }
    return other;
}

}  // namespace weir::telemetry
