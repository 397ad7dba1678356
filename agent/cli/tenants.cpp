// `weir tenants`: one row for each tenant's pool, what it uses and how long it waited.

#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/figures.h"
#include "cli/look.h"
#include "cli/reports.h"
#include "cli/table.h"

namespace weir::cli {
namespace {

Cell mean_wait(const Document& row) {
    const double waits = number_at(row, "waits");
    return waits > 0 ? duration_text(number_at(row, "wait_seconds") / waits) : "-";
}

Cell admitted(const Document& row) {
    if (flag_at(row, "disabled")) return {"disabled", Tone::warning};
    if (flag_at(row, "paused")) return {"paused", Tone::warning};
    return {"open", Tone::good};
}

}  // namespace

std::string tenants_report(const Document& tenants, bool colours) {
    using enum Align;
    Table table({{"TENANT"},
                 {"APP"},
                 {"POOL"},
                 {"CLIENTS", right},
                 {"USED", right},
                 {"IDLE", right},
                 {"WAITING", right},
                 {"MAX", right},
                 {"PINNED", right},
                 {"QUERIES", right},
                 {"WAIT MEAN", right},
                 {"OLDEST", right},
                 {"TIMEOUTS", right},
                 {"REJECTED", right},
                 {"LEAKS", right},
                 {"STATE"}});
    for (const Document& row : rows_at(tenants, "tenants")) {
        const auto toned_count = [&](const char* key, Tone tone) {
            return Cell(count_at(row, key), number_at(row, key) > 0 ? tone : Tone::plain);
        };
        table.add({text_at(row, "tenant"), text_at(row, "app"), text_at(row, "pool"),
                   count_at(row, "clients"), count_at(row, "used"), count_at(row, "idle"),
                   toned_count("waiting", Tone::warning), count_at(row, "max"),
                   count_at(row, "pinned"), count_at(row, "queries"), mean_wait(row),
                   duration_text(number_at(row, "oldest_wait_seconds")),
                   toned_count("timeouts", Tone::warning), toned_count("rejections", Tone::warning),
                   toned_count("leaks", Tone::bad), admitted(row)});
    }
    const double offset = number_at(tenants, "offset");
    if (table.empty() && offset > 0) return "no tenant is left after these\n";
    if (table.empty()) return "no tenant is in use\n";
    std::string text = table.text(colours);
    const double more = number_at(tenants, "total") - offset -
                        static_cast<double>(rows_at(tenants, "tenants").size());
    if (more > 0) {
        text += toned(fmt::format("and {} more: see --limit and --offset", number_text(more)),
                      Tone::faint, colours) +
                "\n";
    }
    return text;
}

int perform(const AdminClient& agent, const TenantsOptions& options, const Output& output) {
    std::string query = selection_query(options.pool, options.tenant);
    query += fmt::format("{}sort={}&limit={}&offset={}", query.empty() ? "?" : "&",
                         percent_encoded(options.sort), options.limit, options.offset);
    const auto answered = look(agent, "/api/v1/tenants" + query);
    if (!answered) return output.fail(answered.error().message);
    output.out << (options.json ? answered->body
                                : tenants_report(answered->document, output.colours));
    return 0;
}

}  // namespace weir::cli
