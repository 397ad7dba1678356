// What the watches over servers get from the agent: places in its budgets, and addresses as its
// dialers find them. Any thread; the agent outlives it.
#pragma once

#include "collectors/servers/server_access.h"
#include "proxy/agent.h"

namespace weir::cli {

class AgentsServerAccess final : public collectors::ServerAccess {
  public:
    explicit AgentsServerAccess(proxy::Agent& agent) : agent_(agent) {}
    [[nodiscard]] std::unique_ptr<collectors::Seat> take_seat(const std::string& upstream) override;
    [[nodiscard]] Locate locate() const override;

  private:
    proxy::Agent& agent_;
};

}  // namespace weir::cli
