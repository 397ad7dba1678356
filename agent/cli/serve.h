// `weir serve`: the daemon, from its configuration to its end.
#pragma once

#include <string>
#include <vector>

namespace weir::cli {

struct ServeOptions {
    std::string config;  // the file's path; used when `urls` is empty
    std::vector<std::string>
        urls;  // servers, each with a listener on its usual port instead of a file
};

// Returns when the agent has stopped; the exit code of the process.
// `command` is how this process was started: what a restart starts again.
[[nodiscard]] int serve(const ServeOptions& options, const std::vector<std::string>& command);

}  // namespace weir::cli
