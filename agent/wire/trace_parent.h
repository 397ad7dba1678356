// Whose trace a statement belongs to, as its sender wrote it down: the traceparent of W3C Trace
// Context, alone or in an sqlcommenter comment at either end of a statement. Pure, and strict: what
// is not exactly as the specification says is not there. For PostgreSQL, MySQL and Redis alike.
// Sources: W3C Trace Context, "traceparent Header"; sqlcommenter, "Specification".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace weir::wire {

struct TraceParent {
    std::uint64_t trace_high = 0, trace_low = 0;  // together never 0
    std::uint64_t span = 0;                       // never 0
    bool sampled = false;
    bool operator==(const TraceParent&) const = default;
};

[[nodiscard]] std::optional<TraceParent> read_traceparent(std::string_view text);

// What a comment says of the trace. `state`: the tracestate beside it, empty when there is none.
struct TraceComment {
    TraceParent parent;
    std::string state;
};

// So much of either end of a statement is looked at.
constexpr std::size_t trace_comment_limit = 2048;

// Whether there may be a comment at the statement's end or start: all that most statements cost.
[[nodiscard]] inline bool may_end_in_comment(std::string_view text) {
    while (!text.empty() && (text.back() == ' ' || text.back() == ';' || text.back() == '\n' ||
                             text.back() == '\r' || text.back() == '\t' || text.back() == '\0')) {
        text.remove_suffix(1);
    }
    return text.ends_with("*/");
}
[[nodiscard]] inline bool may_trace(std::string_view text) {
    return may_end_in_comment(text) || text.starts_with("/*");
}

// The trace that the comment at the end of `statement` names, or else the one at its start.
[[nodiscard]] std::optional<TraceComment> find_trace(std::string_view statement);

}  // namespace weir::wire
