// From a weir.toml to Settings: read with toml++, then the environment's overrides, then validate.
// Every error is found and reported at once, each with file:line:column, key, what was expected and
// the nearest known key. Start-up and reload only; any thread.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "settings/settings.h"

namespace weir::settings {

struct Problem {
    std::string where;    // "weir.toml:12:5", or "environment WEIR_ADMIN_LISTEN"
    std::string key;      // "pool.tenants.max_size"
    std::string message;  // "expected a whole number from 1 to 100000, got \"many\""
    [[nodiscard]] std::string text() const;  // one line of all three
};

struct Loaded {
    Settings settings;
    // Legal, but hardly meant: a pool that no database reaches. Serving goes on.
    std::vector<Problem> warnings;
    // Keys that are set but whose feature is not in effect yet: told by `weir check` and at start.
    std::vector<Problem> notices;
    // The subset of notices that would make the service less safe than the file asks for (TLS that
    // is required): `weir serve` refuses to start with one.
    std::vector<Problem> unsafe;
};

using Environment = std::map<std::string, std::string>;
[[nodiscard]] Environment process_environment();

// The file's text as read from `file` (used in messages only).
[[nodiscard]] base::Result<Loaded, std::vector<Problem>> load_text(std::string_view text,
                                                                   const std::string& file,
                                                                   const Environment&);
[[nodiscard]] base::Result<Loaded, std::vector<Problem>> load_file(const std::string& file,
                                                                   const Environment&);

// The settings behind `weir serve URL…`: for each URL a listener on its engine's usual Weir port,
// an upstream, one pool that matches every database, and the URL's user. The environment applies
// too.
[[nodiscard]] base::Result<Loaded, std::vector<Problem>> load_urls(
    const std::vector<std::string>& urls, const Environment&);

// Every key with its present value as TOML-like JSON text, secrets as "***": GET /api/v1/config.
[[nodiscard]] std::string masked_json(const Settings&);

}  // namespace weir::settings
