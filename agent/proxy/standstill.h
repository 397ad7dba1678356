// A moment in which every loop stands still between two events, so that one thread may change what
// all of them read without a lock. Each loop comes here with a posted task; one that does not come
// in time makes it fail with nothing changed. Shared by all who take part; the last one destroys
// it.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>

#include "base/clock.h"

namespace weir::proxy {

class Standstill {
  public:
    explicit Standstill(unsigned loops) : expected_(loops) {}

    // A loop has come: waits until the world goes on. True: it was changed.
    [[nodiscard]] bool stand();
    // The loop has done its own part of the change.
    void done();

    // Waits for all loops, at most `patience`, then calls `change` while they stand and lets them
    // go on; returns when all are done. False: a loop did not come, nothing was called.
    [[nodiscard]] bool run(base::Duration patience, const std::function<void()>& change);

  private:
    enum class Phase { gathering, changed, given_up };

    std::mutex mutex_;  // guards all below
    std::condition_variable moved_;
    const unsigned expected_;
    unsigned standing_ = 0, done_ = 0;
    Phase phase_ = Phase::gathering;
};

}  // namespace weir::proxy
