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
[[nodiscard]] bool begins_or_ends_in_comment(std::string_view text);
[[nodiscard]] inline bool may_trace(std::string_view text) {
    // Most have something at their last place but one, before a semicolon or what else ends them.
    constexpr std::size_t shortest = 4;
    if (text.size() >= shortest && text.front() != '/') {
        const std::size_t one_but_last = text.size() - (text.back() == '\0' ? 3 : 2);
        const auto c = static_cast<unsigned char>(text[one_but_last]);
        if (c > ' ' && c != ';' && c != '*' && c != '/') return false;
    }
    return begins_or_ends_in_comment(text);
}

// The trace that the comment at the end of `statement` names, or else the one at its start.
[[nodiscard]] std::optional<TraceComment> find_trace(std::string_view statement);

}  // namespace weir::wire
