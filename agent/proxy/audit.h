// The audit line: one for each action that an operator asked for, done or not, by whichever way it
// came. Any thread.
#pragma once

#include <string_view>

namespace weir::proxy {

// Who, what, on what (a pool, a connection, "agent"), for which tenant (empty: all), the result.
void audit(std::string_view peer, std::string_view action, std::string_view target,
           std::string_view tenant, std::string_view result);

}  // namespace weir::proxy
