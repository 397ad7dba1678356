// A finished span, as the exporter takes it. Made on a loop, and only once it is known that it will
// be exported: it may allocate, for most transactions never have one. Names and words are
// OpenTelemetry's (trace.proto); nothing here knows how they are written down.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

namespace weir::telemetry {

struct TraceId {
    std::uint64_t high = 0, low = 0;
    [[nodiscard]] bool valid() const { return (high | low) != 0; }
    bool operator==(const TraceId&) const = default;
};

// Whom a span is called by others: all zero is none (W3C Trace Context).
struct SpanContext {
    TraceId trace;
    std::uint64_t span = 0;
    bool sampled = false;
    [[nodiscard]] bool valid() const { return trace.valid() && span != 0; }
    bool operator==(const SpanContext&) const = default;
};

enum class SpanKind : std::uint8_t { internal, server, client };

struct SpanAttribute {
    const char* key = "";  // static: a name of the semantic conventions or of Weir's
    std::variant<std::string, std::int64_t, double, bool> value;
};
using SpanAttributes = std::vector<SpanAttribute>;

struct SpanLink {
    SpanContext context;
    SpanAttributes attributes;
};

struct SpanEvent {
    const char* name = "";     // static
    std::int64_t unix_ns = 0;  // since 1970
    SpanAttributes attributes;
};

struct Span {
    SpanContext context;
    std::uint64_t parent = 0;                        // a span id; 0: the root of its trace
    std::shared_ptr<const std::string> trace_state;  // W3C tracestate; nullptr: none
    std::string name;
    SpanKind kind = SpanKind::internal;
    std::int64_t start_unix_ns = 0, end_unix_ns = 0;  // since 1970
    bool failed = false;                              // status error; else it stays unset
    std::string status_message;                       // only of a failed one
    std::shared_ptr<const SpanAttributes> subject;    // what many spans say alike; may be nullptr
    const SpanAttributes* circumstances = nullptr;    // the same, of the whole program, for ever
    SpanAttributes attributes;                        // what it says besides
    std::vector<SpanLink> links;
    std::vector<SpanEvent> events;
};

}  // namespace weir::telemetry
