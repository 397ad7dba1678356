// Why a MySQL connect failed, from the error number, the SQLSTATE and the text that the server or
// the library gave. Pure; any thread.
#pragma once

#include <string_view>

#include "upstream/dialer.h"

namespace weir::upstream {

// `text` on one line. Numbers from 2000 to 2999 are the library's own.
[[nodiscard]] DialFailure classify_mysql_failure(unsigned number, std::string_view sqlstate,
                                                 std::string_view text);

// Whether no connection came about at all, so that the next address is worth a try.
[[nodiscard]] bool not_connected(unsigned number);

}  // namespace weir::upstream
