// How the budget reaches a pool's home loop from any thread. A message names the pool by number, so
// that one which is gone by then is simply not found.
#pragma once

#include <cstdint>

#include "base/clock.h"
#include "base/task.h"

namespace weir::pool {

// The task runs on the home loop, in order, after this call.
class Port {
  public:
    virtual ~Port() = default;
    virtual void post(base::Task task) = 0;  // any thread; called with no lock held
};

// The other end, on the home loop: the pools of one template there.
class Mailbox {
  public:
    virtual ~Mailbox() = default;
    // The budget has granted this pool tokens or wants some back; `now` is the sender's.
    virtual void budget_moved(std::uint64_t pool_number, base::Instant now) = 0;
};

}  // namespace weir::pool
