// A PgBouncer configuration as its author wrote it: sections of keys and values with their places,
// and the users of its auth_file. Knows the form of the files, not what a key means. Messages name
// a place, never the text there, which may be a password.
// Source: man 5 pgbouncer, "pgbouncer.ini", "Include directive", "Authentication file format".
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace weir::cli {

struct PgBouncerSetting {
    std::string key, value;
    std::string place;  // "pgbouncer.ini:12"
};

struct PgBouncerLogin {
    std::string name, secret;  // plain, "md5…" or "SCRAM-SHA-256$…", as stored; may be empty
};

struct PgBouncerFile {
    std::vector<PgBouncerSetting> general, databases, users;
    std::vector<PgBouncerLogin> logins;  // a name once, the last entry's secret

    // Of [pgbouncer]: the last that the file sets, as PgBouncer takes it; nullptr when unset.
    [[nodiscard]] const PgBouncerSetting* find(std::string_view key) const;
    [[nodiscard]] const PgBouncerLogin* login(std::string_view name) const;
};

// Gives a file's text, or why it can't be read.
using FileReader = std::function<base::Result<std::string>(const std::string& path)>;

[[nodiscard]] base::Result<std::string> read_whole_file(const std::string& path);

// Reads `path`, all that it includes, and its auth_file. The first mistake ends it.
[[nodiscard]] base::Result<PgBouncerFile> read_pgbouncer_file(const std::string& path,
                                                              const FileReader& read);

// The key=value pairs of a line in [databases] or [users]; a value may stand in '…', '' is a quote.
using Pairs = std::vector<std::pair<std::string, std::string>>;
[[nodiscard]] base::Result<Pairs> parse_pairs(std::string_view text);

}  // namespace weir::cli
