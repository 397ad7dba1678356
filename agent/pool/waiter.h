// Someone who wants a server connection: embedded in a client's session. A waiter that is destroyed
// or gives up calls Pool::cancel() first (asserted by its hook). One loop's thread.
#pragma once

#include <string>

#include "base/clock.h"
#include "base/intrusive_list.h"
#include "pool/server.h"

namespace weir::pool {

// Why an acquire failed, with the numbers that the error message tells the client.
struct Refusal {
    AcquireOutcome outcome = AcquireOutcome::timeout;  // timeout, rejected or error
    RejectReason reason = RejectReason::queue_full;    // when rejected
    CreateFailure failure = CreateFailure::refused;    // when error
    std::string sqlstate, message;  // the server's or the connector's own words, when error
    unsigned max = 0, used = 0, waiting = 0;
    Duration waited{};
    Server* longest_holder = nullptr;  // of the same pool; valid only during the call
};

struct WaiterTag;
class Waiter : public base::ListHook<WaiterTag> {
  public:
    [[nodiscard]] bool waiting() const { return linked(); }
    [[nodiscard]] Instant since() const { return since_; }
    CompatibilityKey key = 0;  // set before acquire()

  protected:
    Waiter() = default;
    ~Waiter() = default;

  private:
    friend class Pool;
    friend class TemplatePools;
    Instant since_{};
    Pool* pool_ = nullptr;
    WaitCause cause_ = WaitCause::pool_full;
};

}  // namespace weir::pool
