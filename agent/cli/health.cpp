// `weir health`: the agent's verdict with its issues, as an exit code for monitoring.

#include "cli/commands.h"
#include "cli/figures.h"
#include "cli/look.h"
#include "cli/reports.h"
#include "cli/table.h"

namespace weir::cli {
namespace {

constexpr int exit_warning = 1;
constexpr int exit_error = 2;

Tone tone_of(const std::string& severity) {
    if (severity == "healthy") return Tone::good;
    return severity == "warning" ? Tone::warning : Tone::bad;
}

}  // namespace

std::string health_report(const Document& health, bool colours) {
    const std::string verdict = text_at(health, "status");
    std::string text = toned(printable(verdict), tone_of(verdict), colours) + "\n";
    Table table({{"SEVERITY"},
                 {"POOL"},
                 {"TENANT"},
                 {"WHAT"},
                 {"VALUE", Align::right},
                 {"LIMIT", Align::right},
                 {"DO"}});
    for (const Document& issue : rows_at(health, "issues")) {
        const std::string severity = text_at(issue, "severity");
        const std::string pool = text_at(issue, "pool");
        table.add({{severity, tone_of(severity)},
                   pool.empty() ? text_at(issue, "upstream") : pool,
                   text_at(issue, "tenant"),
                   text_at(issue, "what"),
                   count_at(issue, "value"),
                   count_at(issue, "limit"),
                   text_at(issue, "action")});
    }
    if (!table.empty()) text += table.text(colours);
    const double unlisted = number_at(health, "unlisted_issues");
    if (unlisted > 0) text += "and " + number_text(unlisted) + " more\n";
    return text;
}

int perform(const AdminClient& agent, const HealthOptions& options, const Output& output) {
    const auto answered = look(agent, "/health");
    if (!answered) return output.fail(answered.error().message, exit_error);
    output.out << (options.json ? answered->body
                                : health_report(answered->document, output.colours));
    const std::string verdict = text_at(answered->document, "status");
    if (verdict == "healthy") return 0;
    return verdict == "warning" ? exit_warning : exit_error;
}

}  // namespace weir::cli
