// A statement in two words, for the name of its span: what it does and to which table, as in
// "SELECT orders". Reads what an engine's without_literals() gives, so that it can't show a value;
// no parsing: a statement that hides its table deeper has its verb alone. Pure.
// Source: OpenTelemetry semantic conventions, "Generating a summary of the query text".
#pragma once

#include <string>
#include <string_view>

namespace weir::wire {

struct StatementSummary {
    std::string verb;   // in capitals; empty: there is no word at its front
    std::string table;  // as written, with its schema; empty: none is named
    [[nodiscard]] std::string text() const { return table.empty() ? verb : verb + ' ' + table; }
};

[[nodiscard]] StatementSummary summarize(std::string_view without_literals);

}  // namespace weir::wire
