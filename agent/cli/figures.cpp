#include "cli/figures.h"

#include <fmt/format.h>

#include <cmath>

namespace weir::cli {

std::string duration_text(double seconds) {
    if (!(seconds > 0)) return "0";
    // Boundaries where rounding would otherwise show 1000 of the smaller unit.
    if (seconds < 0.0009995) return fmt::format("{:.0f} µs", seconds * 1e6);
    if (seconds < 0.09995) return fmt::format("{:.1f} ms", seconds * 1e3);
    if (seconds < 0.9995) return fmt::format("{:.0f} ms", seconds * 1e3);
    if (seconds < 59.95) return fmt::format("{:.1f} s", seconds);
    const auto whole = static_cast<unsigned long long>(std::llround(seconds));
    if (whole < 3600) return fmt::format("{}m{:02}s", whole / 60, whole % 60);
    if (whole < 86'400) return fmt::format("{}h{:02}m", whole / 3600, whole / 60 % 60);
    return fmt::format("{}d{:02}h", whole / 86'400, whole / 3600 % 24);
}

std::string share_text(double share) {
    if (share >= 1) return "100 %";
    if (!(share > 0)) return "0 %";
    // The small amount undoes a binary 0.29 that is not quite 29 hundredths.
    return fmt::format("{:.1f} %", std::floor(share * 1000 + 1e-9) / 10);
}

std::string number_text(double value) {
    if (value == std::floor(value) && std::fabs(value) < 1e15) return fmt::format("{:.0f}", value);
    return fmt::format("{:.3g}", value);
}

std::string counted(unsigned long long count, std::string_view noun) {
    return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

std::string printable(std::string_view text) {
    std::string shown;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto byte = static_cast<unsigned char>(text[i]);
        const auto next = i + 1 < text.size() ? static_cast<unsigned char>(text[i + 1]) : 0;
        if (byte == '\n' || byte == '\t' || byte == '\r') {
            shown.push_back(' ');
        } else if (byte < 0x20 || byte == 0x7f) {
            shown.push_back('?');
        } else if (byte == 0xc2 && next >= 0x80 && next < 0xa0) {
            shown.push_back('?');  // U+0080 to U+009F drive terminals, too
            ++i;
        } else {
            shown.push_back(text[i]);
        }
    }
    return shown;
}

}  // namespace weir::cli
