// The fields of OTLP's messages that are written, each with both of its names: the number is that
// of the binary form, the name that of JSON (opentelemetry-proto: trace_service, trace, resource,
// common). Any thread.
#pragma once

namespace weir::collectors::otlp {

struct Field {
    unsigned number = 0;
    const char* name = "";
};

namespace request {
inline constexpr Field resource_spans{1, "resourceSpans"};
}
namespace resource_spans {
inline constexpr Field resource{1, "resource"}, scope_spans{2, "scopeSpans"};
}
namespace resource {
inline constexpr Field attributes{1, "attributes"};
}
namespace scope_spans {
inline constexpr Field scope{1, "scope"}, spans{2, "spans"};
}
namespace scope {
inline constexpr Field name{1, "name"}, version{2, "version"};
}
namespace span {
inline constexpr Field trace_id{1, "traceId"}, span_id{2, "spanId"}, trace_state{3, "traceState"},
    parent_span_id{4, "parentSpanId"}, name{5, "name"}, kind{6, "kind"},
    start_time{7, "startTimeUnixNano"}, end_time{8, "endTimeUnixNano"}, attributes{9, "attributes"},
    events{11, "events"}, links{13, "links"}, status{15, "status"}, flags{16, "flags"};
}
namespace event {
inline constexpr Field time{1, "timeUnixNano"}, name{2, "name"}, attributes{3, "attributes"};
}
namespace link {
inline constexpr Field trace_id{1, "traceId"}, span_id{2, "spanId"}, attributes{4, "attributes"},
    flags{6, "flags"};
}
namespace status {
inline constexpr Field message{2, "message"}, code{3, "code"};
}
namespace key_value {
inline constexpr Field key{1, "key"}, value{2, "value"};
}
namespace any_value {
inline constexpr Field text{1, "stringValue"}, boolean{2, "boolValue"}, whole{3, "intValue"},
    real{4, "doubleValue"};
}

}  // namespace weir::collectors::otlp
