// `weir drain`: the agent stops being ready, lets its clients finish and exits.

#include "cli/commands.h"

namespace weir::cli {

int perform(const AdminClient& agent, const DrainOptions& options, const Output& output) {
    const auto body = agent.post("/api/v1/drain", "{}");
    if (!body) return output.fail(body.error().message);
    if (options.json) {
        output.out << *body;
    } else {
        output.out << "draining: not ready any more, exits when its clients have finished\n";
    }
    return 0;
}

}  // namespace weir::cli
