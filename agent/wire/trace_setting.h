// SET weir.traceparent = '…' in a statement of its own: how a client without comments says whose
// trace its transactions are. Weir answers it; no server knows it. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace weir::wire {

constexpr std::size_t longest_trace_setting = 256;  // of the statement

struct TraceSetting {
    std::string_view value;  // within its quotes; empty: no more
    bool resets = false;     // RESET, or to DEFAULT
    bool local = false;      // of the present transaction alone
};

// Nothing: it is another statement.
[[nodiscard]] std::optional<TraceSetting> read_trace_setting(std::string_view statement);

// Whether it could be, by its first letters: all that most statements cost. `size`: of the whole,
// of which `statement` may be the beginning.
[[nodiscard]] inline bool may_set_trace(std::string_view statement, std::size_t size) {
    if (size > longest_trace_setting) return false;
    if (statement.size() < 3) return size > statement.size();
    const int first = statement[0] | 0x20, second = statement[1] | 0x20,
              third = statement[2] | 0x20;
    return second == 'e' && ((first == 's' && third == 't') || (first == 'r' && third == 's'));
}

}  // namespace weir::wire
