// What systemd is told of the service, as sd_notify(3) says. Main thread; no effect without
// NOTIFY_SOCKET.
#pragma once

#include <string>

namespace weir::cli {

// "READY=1", "STOPPING=1", "MAINPID=7".
void notify_systemd(const std::string& state);

}  // namespace weir::cli
