// The acting half of the API: reads the body, calls the agent, writes the audit line. Whoever calls
// has checked the caller's token. Blocks as long as the agent does, at most Inspection::patience.
#pragma once

#include <string>

#include "admin/message.h"
#include "proxy/inspection.h"

namespace weir::admin {

// POST /api/v1/pools/{pool}/{action}; pool "*" means every pool. 404 for an action there is not.
[[nodiscard]] Response act_on_pool(proxy::Inspection&, const Request&, const std::string& pool,
                                   const std::string& action);
[[nodiscard]] Response kill_server(proxy::Inspection&, const Request&, const std::string& server);
// 409 when the agent is busy, 422 with every problem when the configuration is wrong.
[[nodiscard]] Response reload(proxy::Inspection&, const Request&);
[[nodiscard]] Response begin_drain(proxy::Inspection&, const Request&);
// 202: asked for; the answer says by which process, so that a caller sees when another one answers.
[[nodiscard]] Response begin_restart(proxy::Inspection&, const Request&);

// One line for an action that was asked for, done or not: who, what, on what, and the result.
void audit(const Request&, std::string_view action, std::string_view target,
           std::string_view tenant, std::string_view result);

}  // namespace weir::admin
