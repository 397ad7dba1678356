// DEALLOCATE as a whole text: drivers end with it the statements that they prepared by messages.
// Pure. Source: PostgreSQL documentation, "DEALLOCATE" and "Lexical Structure".
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace weir::wire::postgresql {

// The statement that `DEALLOCATE [PREPARE] name [;]` names, folded as the server would fold it;
// nothing for any other text, DEALLOCATE ALL and texts with comments among them.
[[nodiscard]] std::optional<std::string> deallocated_statement(std::string_view text);

}  // namespace weir::wire::postgresql
