// Delivers cancels on a thread of its own with a deadline, because the client library's call
// blocks.
#pragma once

#include <functional>
#include <memory>

#include "base/clock.h"
#include "upstream/dialer.h"

namespace weir::upstream {

class Canceller {
  public:
    virtual ~Canceller() = default;
    // `done(delivered)` is called exactly once, on another thread, by `deadline` at the latest:
    // false when the request failed or had not been taken by then (the connection must then be
    // closed).
    virtual void cancel(std::shared_ptr<CancelHandle> handle, base::Duration deadline,
                        std::function<void(bool delivered)> done) = 0;
};

[[nodiscard]] std::unique_ptr<Canceller> make_canceller();

}  // namespace weir::upstream
