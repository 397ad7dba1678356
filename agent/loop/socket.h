// Making and naming sockets: addresses as the configuration writes them, listening sockets,
// options, the peer's address. Any thread; start-up and accept only.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "base/fd.h"
#include "base/result.h"

namespace weir::loop {

// "127.0.0.1:6432", "[::1]:6432", "localhost:6432" (every address it has: the first that binds) or
// "unix:/path". Port 0 takes a free one: bound_address() tells. A stale unix socket file is
// replaced, a live one is an error. Backlog 4096; TCP sockets get SO_REUSEADDR.
[[nodiscard]] base::Result<base::Fd> listen_on(const std::string& address);
// Makes an inherited descriptor close on exec and not block; false when it is no listening stream
// socket.
[[nodiscard]] bool take_listening(int socket);
[[nodiscard]] std::string bound_address(int socket);
[[nodiscard]] bool is_loopback(const std::string& address);  // of a configuration; unix sockets are

// "203.0.113.7:50123", "[::1]:5", or "unix:" with the peer's pid and uid: "unix:pid=7,uid=0".
[[nodiscard]] std::string peer_address(int socket);
[[nodiscard]] bool is_unix(int socket);

// TCP_NODELAY, and keep-alive such that a peer that is gone is noticed within three intervals.
void tune(int socket, std::chrono::nanoseconds keepalive);

}  // namespace weir::loop
