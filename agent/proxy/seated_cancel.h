// A cancel that is a connection of its own to the server, and so takes a token of its upstream's
// budget while it lives. Where none is free within a second it fails, upon which the connection
// that it was for is closed. Any thread; outlives the connection, and keeps the budget.
#pragma once

#include <functional>
#include <memory>

#include "base/clock.h"
#include "pool/budget.h"
#include "upstream/dialer.h"

namespace weir::proxy {

class SeatedCancel final : public upstream::CancelHandle {
  public:
    static constexpr base::Duration patience = std::chrono::seconds(1);

    SeatedCancel(std::shared_ptr<upstream::CancelHandle> handle,
                 std::shared_ptr<pool::Budget> budget, base::Duration limit = patience);

    bool cancel() override;
    bool kill() override;

  private:
    bool seated(const std::function<bool()>& act);

    const std::shared_ptr<upstream::CancelHandle> handle_;
    const std::shared_ptr<pool::Budget> budget_;
    const base::Duration limit_;
};

}  // namespace weir::proxy
