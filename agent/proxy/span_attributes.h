// Attributes added to a span, one by one: made where they will lie.
#pragma once

#include <cstdint>
#include <string_view>

#include "telemetry/span.h"

namespace weir::proxy {

// `key`: static.
void add_text(telemetry::SpanAttributes& attributes, const char* key, std::string_view text);
void add_number(telemetry::SpanAttributes& attributes, const char* key, std::int64_t number);

}  // namespace weir::proxy
