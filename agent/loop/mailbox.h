// Tasks from other threads: a mutex, a vector and an eventfd that is written only when the vector
// was empty. post() and wake() from any thread, the rest on the loop's.
#pragma once

#include <mutex>
#include <vector>

#include "base/fd.h"
#include "base/task.h"

namespace weir::loop {

class Mailbox {
  public:
    Mailbox();  // throws std::system_error when there is no descriptor left

    void post(base::Task task);  // dropped after close()
    void wake();                 // makes fd() readable
    [[nodiscard]] int fd() const { return wakeup_.get(); }

    // Runs what was posted before the call, in order; fd() is unreadable afterwards unless more
    // came.
    void deliver();
    void close();  // drops what is left and what comes

  private:
    base::Fd wakeup_;
    std::mutex mutex_;
    std::vector<base::Task> posted_;     // guarded by mutex_
    bool closed_ = false;                // guarded by mutex_
    std::vector<base::Task> delivered_;  // kept for its capacity
};

}  // namespace weir::loop
