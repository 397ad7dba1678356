// What a client of the admin HTTP would rather have: the format of metrics by Accept, the encoding
// by Accept-Encoding (RFC 9110, 12.5). Pure.
#pragma once

#include <string_view>

#include "collectors/prometheus/format.h"

namespace weir::admin {

// OpenMetrics where it is asked for by name and not wanted less than the text format; the text
// format else, also when neither is acceptable, as every exporter does.
[[nodiscard]] collectors::Format preferred_format(std::string_view accept);
[[nodiscard]] bool takes_gzip(std::string_view accept_encoding);

}  // namespace weir::admin
