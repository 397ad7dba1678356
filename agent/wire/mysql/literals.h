// Statements as they may be shown to people and written to logs: without what they say about
// anybody.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace weir::wire::mysql {

// `sql` with every literal (strings in either quotes, numbers) as ?, comments removed, white space
// folded, cut at `limit` bytes on a character boundary. For status, leaks and logs. Takes any bytes
// and gives valid UTF-8. When in doubt it is a literal: from a quote without its end on, and from a
// string that a backslash before its quote may or may not end, nothing is shown.
[[nodiscard]] std::string without_literals(std::string_view sql, std::size_t limit = 200);

}  // namespace weir::wire::mysql
