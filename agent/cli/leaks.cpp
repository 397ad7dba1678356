// `weir leaks`: connections that somebody holds and does not use, with the evidence.

#include "cli/commands.h"
#include "cli/figures.h"
#include "cli/look.h"
#include "cli/reports.h"
#include "cli/table.h"

namespace weir::cli {

std::string leaks_report(const Document& leaks, bool colours) {
    using enum Align;
    Table table({{"CONNECTION"},
                 {"POOL"},
                 {"TENANT"},
                 {"USER"},
                 {"ADDRESS"},
                 {"APPLICATION"},
                 {"STATE"},
                 {"HELD", right},
                 {"QUIET", right},
                 {"PID", right},
                 {"ACTION"},
                 {"LAST STATEMENT"}});
    for (const Document& row : rows_at(leaks, "leaks")) {
        const std::string pin = text_at(row, "pin_reason");
        table.add({text_at(row, "server"),
                   text_at(row, "pool"),
                   text_at(row, "tenant"),
                   text_at(row, "user"),
                   text_at(row, "client_address"),
                   text_at(row, "application_name"),
                   text_at(row, "state") + (pin.empty() ? "" : " (" + pin + ")"),
                   {duration_text(number_at(row, "held_seconds")), Tone::bad},
                   duration_text(number_at(row, "quiet_seconds")),
                   count_at(row, "backend_pid"),
                   text_at(row, "action"),
                   text_at(row, "last_statement")});
    }
    if (table.empty()) return "no leak is suspected\n";
    return table.text(colours) + "Reclaim one with weir kill --connection ID.\n";
}

int perform(const AdminClient& agent, const LeaksOptions& options, const Output& output) {
    const auto answered =
        look(agent, "/api/v1/leaks" + selection_query(options.pool, options.tenant));
    if (!answered) return output.fail(answered.error().message);
    output.out << (options.json ? answered->body
                                : leaks_report(answered->document, output.colours));
    return 0;
}

}  // namespace weir::cli
