// Where `weir test` connects to and as whom, from the agent's own configuration: the first
// listener, pool and account that fit. Pure.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "settings/settings.h"

namespace weir::cli {

struct TestTarget {
    // By libpq's keywords, whatever the engine: host (or a unix socket's path), port, user,
    // password, dbname.
    std::vector<std::pair<std::string, std::string>> parameters;
    std::string pool;  // the template it goes through; empty: not known
    settings::Engine engine = settings::Engine::postgresql;

    [[nodiscard]] std::string value(std::string_view keyword) const;  // empty: not given
};

// `pool` and `tenant` may be empty. Fails with what is missing in the configuration or the command.
[[nodiscard]] base::Result<TestTarget> test_target(const settings::Settings& settings,
                                                   const std::string& pool,
                                                   const std::string& tenant);

// Of a dsn: mysql://… and redis://…; anything else is libpq's own to read.
[[nodiscard]] base::Result<TestTarget> target_of_dsn(const std::string& dsn,
                                                     const std::string& pool);

}  // namespace weir::cli
