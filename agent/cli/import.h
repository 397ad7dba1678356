// `weir import`: a PgBouncer configuration becomes a weir.toml that serves the same databases to
// the same users. What Weir has no counterpart for is said, key by key. A password stands only in
// the toml, where it belongs.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/pgbouncer_file.h"

namespace weir::cli {

struct Imported {
    std::string toml;
    std::vector<std::string> notes;  // one line each, also at the end of toml as comments
};

// Fails only where PgBouncer would refuse a value, too.
[[nodiscard]] base::Result<Imported> import_pgbouncer(const PgBouncerFile& file);

// Why a key of [pgbouncer] has no counterpart and what to do instead; empty for one that is taken
// over or that PgBouncer does not know (`known` tells which).
[[nodiscard]] std::string no_counterpart(std::string_view key, bool& known);

// The toml goes to `output.out`, each note to `output.err`. Exit code 0, or 1 when the
// configuration can't be read.
[[nodiscard]] int import(const ImportOptions& options, const Output& output);

}  // namespace weir::cli
