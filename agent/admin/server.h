// The admin HTTP of an agent, put together: access, token file, routes and web server. Owned by
// serve; start and stop are called by one thread, requests are answered on the web server's own.
#pragma once

#include <cstdint>
#include <memory>

#include "admin/routes.h"
#include "admin/token_file.h"
#include "admin/web.h"
#include "base/result.h"
#include "proxy/inspection.h"
#include "settings/settings.h"

namespace weir::admin {

class AdminServer {
  public:
    // Binds admin.listen and serves. `agent` outlives the server. Without admin.token a random one
    // goes to token_file; when that can't be written the start fails if the configuration names the
    // file itself, else it is logged and acting is switched off.
    [[nodiscard]] static base::Result<std::unique_ptr<AdminServer>> start(
        const settings::Snapshot& settings, proxy::Inspection& agent, MetricsTexts metrics_texts);

    ~AdminServer();
    AdminServer(const AdminServer&) = delete;
    AdminServer& operator=(const AdminServer&) = delete;

    // Waits for the requests under way; removes the token file it made. Again: no effect.
    void stop();
    // The bound port: what admin.listen says, or the system's choice when it says 0.
    [[nodiscard]] std::uint16_t port() const;

  private:
    AdminServer(std::unique_ptr<TokenFile> token_file, std::unique_ptr<Routes> routes);

    std::unique_ptr<TokenFile> token_file_;  // null: the configuration gave a token, or none
    std::unique_ptr<Routes> routes_;
    std::unique_ptr<Web> web_;  // null: not serving
};

}  // namespace weir::admin
