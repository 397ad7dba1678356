#include "proxy/audit.h"

#include "base/log.h"

namespace weir::proxy {

void audit(std::string_view peer, std::string_view action, std::string_view target,
           std::string_view tenant, std::string_view result) {
    base::log::info("admin.action", {{"peer", peer},
                                     {"action", action},
                                     {"target", target},
                                     {"tenant", tenant},
                                     {"result", result}});
}

}  // namespace weir::proxy
