// How long somebody waits for a server: until a moment, or until told to stop, whichever is first.
// Each wait is a poll(2) of one descriptor. Used by one thread; who owns the descriptor that says
// stop outlives it.
#pragma once

#include "base/clock.h"
#include "base/result.h"

namespace weir::collectors {

class Patience {
  public:
    // `stop`: a descriptor that becomes readable, and stays so, when the wait shall end.
    Patience(int stop, base::Instant until) : stop_(stop), until_(until) {}

    // The events (poll(2)) that came, or why not in words; a broken descriptor is ready.
    [[nodiscard]] base::Result<short> wait_for(int fd, short events) const;
    // Until the moment has come; false: told to stop before.
    [[nodiscard]] bool sit_out() const;
    // The same for a part of the time that is left.
    [[nodiscard]] Patience part(unsigned parts) const;

  private:
    enum class Woken { ready, late, stopped };
    Woken wait(int fd, short events, short& came) const;

    int stop_;
    base::Instant until_;
};

}  // namespace weir::collectors
