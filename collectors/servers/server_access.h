// What whoever runs the agent hands to this room, which knows no pool and no dialer: a seat on a
// server, because polls count like any connection, and where the server is.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "settings/settings.h"

namespace weir::collectors {

// One connection's place in an upstream's budget, for as long as it lives.
class Seat {
  public:
    virtual ~Seat() = default;
};

// One of the places that an upstream's address means.
struct Place {
    std::string host;     // a name, an address, or a unix socket's path (postgresql: its folder)
    std::string port;     // decimal
    std::string numeric;  // the host's address; empty for a unix socket
    [[nodiscard]] bool unix_socket() const { return host.starts_with('/'); }
};
using Places = base::Result<std::vector<Place>>;  // never empty

class ServerAccess {
  public:
    // Names become addresses. Blocks, and can't be told to stop: called on a thread that may
    // outlive whoever waits for it, so it is a plain function.
    using Locate = Places (*)(const settings::Upstream&);

    virtual ~ServerAccess() = default;
    // nullptr: none is free. Any thread; a seat goes before whoever gave it.
    [[nodiscard]] virtual std::unique_ptr<Seat> take_seat(const std::string& upstream) = 0;
    [[nodiscard]] virtual Locate locate() const = 0;
};

}  // namespace weir::collectors
