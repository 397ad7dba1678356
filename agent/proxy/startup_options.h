// The "options" start-up parameter: command-line switches for the server's process.
// Source: PostgreSQL documentation, "libpq: Connection Parameter Key Words", options.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace weir::proxy {

// "-c name=value", "-cname=value" and "--name=value", separated by white space that a backslash
// escapes. Other switches are refused.
[[nodiscard]] base::Result<std::vector<std::pair<std::string, std::string>>> parse_startup_options(
    std::string_view text);

// Takes the parameters that are Weir's own, named "weir.…", out of a client's; true when
// weir.dedicated is on. Fails for an unknown one and for a value that is no Boolean.
[[nodiscard]] base::Result<bool> take_dedicated(
    std::vector<std::pair<std::string, std::string>>& options);

}  // namespace weir::proxy
