// `weir kill`: takes one server connection away from its holder.

#include "cli/commands.h"

namespace weir::cli {

int perform(const AdminClient& agent, const KillOptions& options, const Output& output) {
    const auto body =
        agent.post("/api/v1/servers/" + percent_encoded(options.connection) + "/kill", "{}");
    if (!body) return output.fail(body.error().message);
    if (options.json) {
        output.out << *body;
    } else {
        output.out << "connection " << options.connection << " is being closed\n";
    }
    return 0;
}

}  // namespace weir::cli
