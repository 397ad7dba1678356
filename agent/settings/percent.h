// Percent-encoding (RFC 3986, section 2.1), as URLs and OpenTelemetry's lists have it. PURE.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace weir::settings {

// Nothing for a "%" without two digits after it and for an encoded NUL.
[[nodiscard]] std::optional<std::string> percent_decoded(std::string_view text);

}  // namespace weir::settings
