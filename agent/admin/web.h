// CivetWeb in front of the routes: a few worker threads at a lower priority than the loops, and
// small limits of body, headers, queue and time, because its users are few. It answers from the
// routes alone: no files, no CORS, no index of its own.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "admin/hosts.h"
#include "admin/routes.h"
#include "base/result.h"

class CivetServer;

namespace weir::admin {

class Web {
  public:
    // Binds and serves; fails with what CivetWeb says is wrong. `routes` outlives this.
    [[nodiscard]] static base::Result<std::unique_ptr<Web>> start(const HostPort& address,
                                                                  Routes& routes);
    // Waits for the requests under way.
    ~Web();
    Web(const Web&) = delete;
    Web& operator=(const Web&) = delete;

    [[nodiscard]] std::uint16_t port() const { return port_; }  // the bound one
    [[nodiscard]] Routes& routes() const { return routes_; }

  private:
    Web(std::string host, Routes& routes);

    const std::string host_;
    Routes& routes_;
    std::unique_ptr<CivetServer> server_;
    std::uint16_t port_ = 0;
};

}  // namespace weir::admin
