// Where `weir test` connects to and as whom, from the agent's own configuration: the first
// listener, pool and account that fit. Pure.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "settings/settings.h"

namespace weir::cli {

struct TestTarget {
    // libpq's keywords and values; one of them may be a password.
    std::vector<std::pair<std::string, std::string>> parameters;
    std::string pool;  // the template it goes through; empty: not known
};

// `pool` and `tenant` may be empty. Fails with what is missing in the configuration or the command.
[[nodiscard]] base::Result<TestTarget> test_target(const settings::Settings& settings,
                                                   const std::string& pool,
                                                   const std::string& tenant);

}  // namespace weir::cli
