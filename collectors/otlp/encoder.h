// A batch of spans as an ExportTraceServiceRequest, in either of its forms. PURE: no clock, no
// socket. Invalid UTF-8 is replaced in both forms: protobuf allows none in a string.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "collectors/otlp/writer.h"
#include "settings/trace_export.h"
#include "telemetry/span.h"

namespace weir::collectors::otlp {

// What tells this agent from others; the same for all batches.
struct Resource {
    using Value = std::variant<std::string, std::int64_t>;
    std::vector<std::pair<std::string, Value>> attributes;
    std::string version;  // of the instrumentation scope "weir"
};

// Lies in `room`, whose size is not the request's: it is kept for the next, so that it need not be
// made again.
[[nodiscard]] std::string_view encode(const Resource& resource,
                                      const std::vector<telemetry::Span>& spans,
                                      settings::TraceProtocol protocol, std::string& room);

[[nodiscard]] std::string_view content_type(settings::TraceProtocol protocol);

}  // namespace weir::collectors::otlp
