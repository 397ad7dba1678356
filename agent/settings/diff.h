// What a new configuration changes in the one that runs: named entities are compared by name, key
// by key of the tables in keys_*.cpp, so that no key can be forgotten. Pure; any thread.
#pragma once

#include <string>
#include <vector>

#include "settings/load.h"

namespace weir::settings {

struct Diff {
    // In words, in the order of the file: "pool.tenants.max_size: 20 -> 40", "listen.tls: added".
    // Of a secret only that it changed.
    std::vector<std::string> changes;
    // What can't change while the agent runs, by key.
    std::vector<Problem> fixed;
};

[[nodiscard]] Diff compare(const Settings& before, const Settings& after);

}  // namespace weir::settings
