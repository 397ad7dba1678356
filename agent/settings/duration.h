// Durations as people write them: a whole number and a unit, "250ms", "10s", "5m", "1h".
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace weir::settings {

// Nothing for anything else, nor for what is longer than 100 years: such a limit is a slip.
[[nodiscard]] std::optional<std::chrono::nanoseconds> parse_duration(std::string_view text);

// The shortest text that parse_duration reads back as the same. Precondition: whole milliseconds.
[[nodiscard]] std::string duration_text(std::chrono::nanoseconds duration);

}  // namespace weir::settings
