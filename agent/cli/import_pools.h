// From PgBouncer's [databases] to pools and the upstreams behind them: one upstream for each
// server, and the entry for every database last, because Weir takes the first pool that matches.
#pragma once

#include <string>
#include <vector>

#include "cli/import_source.h"

namespace weir::cli {

struct ImportedPool {
    std::string name, match, upstream, mode;
    std::string database;        // on the server; empty: as asked for
    std::string user, password;  // empty: the client's own
    unsigned max_size = 1, min_idle = 0;
};

struct ImportedUpstream {
    std::string name, address;
    unsigned wanted = 0;  // the sum of its pools' max_size
};

struct ImportedDatabases {
    std::vector<ImportedPool> pools;
    std::vector<ImportedUpstream> upstreams;
};

[[nodiscard]] ImportedDatabases import_databases(ImportSource& source);

}  // namespace weir::cli
