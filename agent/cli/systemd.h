// What systemd is told of the service, as sd_notify(3) says; no effect without NOTIFY_SOCKET. Any
// thread.
#pragma once

#include <string>

#include "base/clock.h"

namespace weir::cli {

// "READY=1", "STOPPING=1", "MAINPID=7".
void notify_systemd(const std::string& state);

// As Type=notify-reload wants it: with the time, so that an older READY=1 is not taken for its end.
[[nodiscard]] std::string reloading_state(base::Instant now);

// When the next sign of life is due, so that systemd ends and starts again what has ceased to give
// any (WatchdogSec=). One that never steps is never due, which is the point.
class Watchdog {
  public:
    // `limit`: systemd's own; zero: it wants no signs.
    explicit Watchdog(base::Duration limit);
    // WATCHDOG_USEC, where WATCHDOG_PID means this process or nobody in particular.
    [[nodiscard]] static Watchdog of_environment();

    // At most once in half of the limit, as sd_watchdog_enabled(3) advises.
    [[nodiscard]] bool due(base::Instant now);

  private:
    base::Duration every_;
    base::Instant last_{};
};

}  // namespace weir::cli
