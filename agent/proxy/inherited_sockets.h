// Listening sockets that were made before this process was: handed over by its predecessor at a
// restart, or passed by a service manager (socket activation, sd_listen_fds(3)). Start-up only.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "settings/load.h"
#include "settings/settings.h"

namespace weir::proxy {

struct InheritedSocket {
    std::string address;  // of the [[listen]] that it serves, as configured
    base::Fd socket;
    bool owns_file = false;  // a unix socket's file is ours to remove
};
using InheritedSockets = std::vector<InheritedSocket>;

// The [[listen]] that a passed socket serves: the one that has its name (FileDescriptorName=), else
// the one at its address; nullptr: none.
[[nodiscard]] const settings::Listen* listener_of(const settings::Settings& settings,
                                                  const std::string& name,
                                                  const std::string& bound_address);

// What LISTEN_FDS and LISTEN_FDNAMES say when LISTEN_PID means `process`; descriptors count from
// `first`, close on exec from now on and do not block. A socket that fits no [[listen]] is an
// error.
[[nodiscard]] base::Result<InheritedSockets> passed_sockets(
    const settings::Settings& settings, const settings::Environment& environment, pid_t process,
    int first = 3);

}  // namespace weir::proxy
