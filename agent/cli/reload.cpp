// `weir reload`: the agent reads its configuration again and says what changed, or every reason why
// all stays as it was.

#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/document.h"
#include "cli/figures.h"

namespace weir::cli {

int perform(const AdminClient& agent, const ReloadOptions& options, const Output& output) {
    const auto body = agent.post("/api/v1/reload", "{}");
    if (!body) return output.fail("nothing was changed:\n" + body.error().message);
    if (options.json) {
        output.out << *body;
        return 0;
    }
    const auto answered = parse_document(*body);
    if (!answered) return output.fail(answered.error().message);
    const Document& changes = rows_at(*answered, "changes");
    output.out << "reloaded: " << counted(changes.size(), "change") << '\n';
    for (const Document& change : changes) {
        if (change.is_string()) output.out << "  " << change.get<std::string>() << '\n';
    }
    return 0;
}

}  // namespace weir::cli
