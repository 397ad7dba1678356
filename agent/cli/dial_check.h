// `weir check --connect`: which connections to try for a configuration, and trying them. Each
// upstream is dialed once for each pool whose account is known; the others are only reached for.
// Where clients' accounts are asked of the servers, that is tried too.
#pragma once

#include <ostream>
#include <string>
#include <vector>

#include "settings/settings.h"
#include "upstream/dialer.h"

namespace weir::cli {

struct PlannedDial {
    std::string pool;
    upstream::DialRequest request;
    // False where clients name the database: then the server's word that there is none of the name
    // tried is as good as a connection, because it comes after the account was accepted.
    bool database_known = true;
};

// Pure. The dials for `upstream`, a PostgreSQL one; empty when no account is known from the start.
[[nodiscard]] std::vector<PlannedDial> plan_dials(const settings::Settings& settings,
                                                  const settings::Upstream& upstream);

// Whether some listener asks the servers for accounts.
[[nodiscard]] bool asks_server(const settings::Settings& settings);

// Dials each upstream and tells each result in one line: successes to `out`, failures to `err`.
// Takes at most about the sum of the connect_timeouts. False when one failed.
[[nodiscard]] bool dial_upstreams(const settings::Settings& settings, std::ostream& out,
                                  std::ostream& err);

}  // namespace weir::cli
