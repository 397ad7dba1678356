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
[[nodiscard]] int serve(const ServeOptions& options);

}  // namespace weir::cli
