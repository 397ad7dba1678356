// Spans to export in tests.
#pragma once

#include <string>
#include <utility>

#include "telemetry/span.h"

namespace weir::collectors::otlp::testing {

inline telemetry::Span named(std::string name) {
    telemetry::Span span;
    span.context = {{0x0AF7651916CD43DD, 0x8448EB211C80319C}, 0xB7AD6B7169203331, true};
    span.name = std::move(name);
    span.kind = telemetry::SpanKind::server;
    span.start_unix_ns = 1'700'000'000'000'000'001;
    span.end_unix_ns = 1'700'000'000'000'000'258;
    return span;
}

}  // namespace weir::collectors::otlp::testing
