// The messages that carry a client's settings to another connection, and ask what became of one.
// Pure. Names must be names of settings: letters, digits, _ and $, parts joined by dots.
// Source: PostgreSQL documentation, "System Administration Functions", "Configuration Settings".
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir::wire::postgresql {

// Whole messages and their types, in order.
struct Batch {
    std::string bytes;
    std::string types;
};

// Whether a setting can have this name; no other must be given to the functions below.
[[nodiscard]] bool is_setting_name(std::string_view name);

// Resets, then sets, values bound and never part of a text; client_encoding before all others, for
// their bytes are read by it.
[[nodiscard]] Batch replay(const std::vector<std::pair<std::string, std::string>>& to_set,
                           const std::vector<std::string>& to_reset);

// Sets them to the transaction's end, none to their defaults, by a statement and portal `name`. No
// Sync: for the middle of a batch.
[[nodiscard]] Batch set_locally(
    const std::vector<std::pair<std::string, std::optional<std::string>>>& settings,
    const std::string& name);

// Asks for their values, which come in one row, in order, null where there is no such setting;
// behind them for each of `sources`, which is dear, whether the session has set it (t) or it is the
// server's own (f), null where the server does not say.
[[nodiscard]] Batch ask_settings(const std::vector<std::string>& names,
                                 const std::vector<std::string>& sources);

// The values of a DataRow's body; nothing when it is malformed.
[[nodiscard]] std::optional<std::vector<std::optional<std::string>>> read_data_row(
    std::string_view body);

}  // namespace weir::wire::postgresql
