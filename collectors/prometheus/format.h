// The formats that metrics are told in.
#pragma once

#include <cstdint>
#include <string_view>

namespace weir::collectors {

enum class Format : std::uint8_t { text, openmetrics };

[[nodiscard]] constexpr std::string_view content_type(Format format) {
    return format == Format::openmetrics
               ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
               : "text/plain; version=0.0.4; charset=utf-8";
}

}  // namespace weir::collectors
