// Someone who wants a server connection: embedded in a client's session. A waiter that gives up
// calls Pool::cancel(); one that is destroyed leaves its queue by itself. One loop's thread.
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
    WaitCause cause = WaitCause::pool_full;  // when timeout: what the pool's waiters lack
    Server* longest_holder = nullptr;        // of the same pool; valid only during the call
};

struct WaiterTag;    // a pool's queue
struct DeadlineTag;  // all waiters of a template on a loop: they share a time-out

class Waiter : public base::ListHook<WaiterTag>, public base::ListHook<DeadlineTag> {
  public:
    [[nodiscard]] bool waiting() const { return pool_ != nullptr; }
    [[nodiscard]] Instant since() const { return since_; }
    CompatibilityKey key = 0;  // set before acquire(), as is what follows
    // Content with a connection that others like it use at the same time; it ends with part().
    bool shares = false;

  protected:
    Waiter() = default;
    Waiter(const Waiter&) = delete;
    Waiter& operator=(const Waiter&) = delete;
    ~Waiter();

  private:
    friend class Pool;
    friend class TemplatePools;
    Instant since_{};
    Pool* pool_ = nullptr;  // while it waits
};

}  // namespace weir::pool
