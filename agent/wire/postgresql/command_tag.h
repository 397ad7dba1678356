// What the tag of a CommandComplete proves about its session.
// Source: "Message Formats", CommandComplete; PostgreSQL's cmdtaglist.h.
#pragma once

#include <optional>
#include <string_view>

#include "wire/postgresql/effect.h"

namespace weir::wire::postgresql {

// "SET" and "RESET" → setting, "LISTEN" → listen, "PREPARE" → prepared, "LOAD" → other. SET LOCAL
// and SET TRANSACTION have the tag "SET" too: where the text was scanned, the scan knows better.
// Temporary tables, cursors and locks have tags that prove nothing. A final NUL is passed over.
[[nodiscard]] std::optional<Effect> effect_of_tag(std::string_view tag);
// "DISCARD ALL": nothing that an Effect names is left.
[[nodiscard]] bool clears_session(std::string_view tag);
// "DISCARD ALL" and "DEALLOCATE ALL": no prepared statement is left.
[[nodiscard]] bool clears_statements(std::string_view tag);

}  // namespace weir::wire::postgresql
