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
    std::size_t end = text.size();
    const auto means_nothing = [](char c) {
        return c == ';' || c == '\0' || c == ' ' || c == '\n' || c == '\r' || c == '\t';
    };
    while (end > 0 && means_nothing(text[end - 1])) --end;
    return end >= 2 && text[end - 1] == '/' && text[end - 2] == '*';
}
[[nodiscard]] inline bool may_trace(std::string_view text) {
    if (text.size() >= 2 && text[0] == '/' && text[1] == '*') return true;
    return may_end_in_comment(text);
}

// The trace that the comment at the end of `statement` names, or else the one at its start.
[[nodiscard]] std::optional<TraceComment> find_trace(std::string_view statement);

}  // namespace weir::wire
