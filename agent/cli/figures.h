// Numbers as people read them, and text that is safe to show on a terminal. Pure.
#pragma once

#include <string>
#include <string_view>

namespace weir::cli {

// "0", "250 µs", "12.3 ms", "4.0 s", "1m30s", "2h05m", "3d04h".
[[nodiscard]] std::string duration_text(double seconds);
// A share of 1 as "98.7 %": rounded down, so that only all of it is "100 %".
[[nodiscard]] std::string share_text(double share);
[[nodiscard]] std::string number_text(double value);  // no decimals where it has none

// `count` and the noun in its right form: "1 pool", "3 pools".
[[nodiscard]] std::string counted(unsigned long long count, std::string_view noun);

// Without control characters: what clients choose to be called must not drive the operator's
// terminal.
[[nodiscard]] std::string printable(std::string_view text);

}  // namespace weir::cli
