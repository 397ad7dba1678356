// Whether anything accepts connections at an upstream's address: a bare connect, nothing is said.
// For a command on its own thread: it blocks.
#pragma once

#include <chrono>
#include <string>

#include "base/result.h"

namespace weir::cli {

// Tries the hosts of `address` in order; succeeds with the first that accepts within `limit`.
// Fails with what the last one said.
[[nodiscard]] base::Result<void> reach(const std::string& address, std::chrono::nanoseconds limit);

}  // namespace weir::cli
