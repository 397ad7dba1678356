// Why a PostgreSQL connect failed, from libpq's verbose error text: libpq offers no SQLSTATE field
// for a failed connect, but with PQERRORS_VERBOSE its text carries it ("FATAL:  28P01: …"), in
// every language. Pure; any thread.
#pragma once

#include <string_view>

#include "upstream/dialer.h"

namespace weir::upstream {

// The server's own SQLSTATE and message when it answered; else libpq's words for the last host it
// tried, on one line.
[[nodiscard]] DialFailure classify_postgresql_failure(std::string_view verbose_text);

}  // namespace weir::upstream
