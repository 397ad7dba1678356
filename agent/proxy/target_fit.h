// Whether a server is still what its upstream's `target` asks for, by what it says of itself: a
// dial finds a server that fits, but servers are promoted and made read-only while connections to
// them stay. Pure; any thread.
#pragma once

#include "proxy/session_settings.h"
#include "settings/settings.h"

namespace weir::proxy {

// `applied` holds what clients have set there, `base` what the server said when it was dialed.
// `write_refused`: a write met SQLSTATE 25006 there. A server that reports in_hot_standby
// (PostgreSQL 14 and later) tells the truth in time, and only a client's own READ ONLY transaction
// is refused without it; of an older server the refusal is all there is.
[[nodiscard]] bool fits_target(settings::Target target, const ParameterSet& reported,
                               const ParameterSet& applied, const ParameterSet& base,
                               bool write_refused);

}  // namespace weir::proxy
