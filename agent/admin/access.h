// Who may do what over the admin HTTP: host and origin first, then the bearer token that a route
// needs. Immutable after construction, so any admin thread may ask. It never logs or shows a token.
#pragma once

#include <optional>

#include "admin/hosts.h"
#include "admin/message.h"
#include "settings/secret.h"

namespace weir::admin {

enum class Need { nothing, reading, acting };

class Access {
  public:
    // `acting` empty: acting is switched off. `reading` empty: reading is open.
    Access(Hosts hosts, settings::Secret acting, settings::Secret reading);

    // The answer to a request that was sent to, or from, a foreign name; nothing when it may go on.
    // A request without Host (HTTP/1.0: a load balancer's probe) is no browser's and may go on.
    [[nodiscard]] std::optional<Response> refuse_foreign(const Request&) const;
    // 401 without a token that is known, 403 when it is known but not enough.
    [[nodiscard]] std::optional<Response> refuse_unauthorized(const Request&, Need) const;

  private:
    Hosts hosts_;
    settings::Secret acting_, reading_;
};

}  // namespace weir::admin
