// Session variables of MySQL clients as statements that set them. Pure.
// Source: MariaDB documentation, "SET", "Session Tracking" ("session_track_system_variables").
#pragma once

#include <string>
#include <string_view>

#include "proxy/session_settings.h"

namespace weir::proxy {

// Makes a server say what a statement has changed; COM_RESET_CONNECTION forgets it.
inline constexpr std::string_view mysql_trackers =
    "SET SESSION session_track_system_variables='*', session_track_schema=ON, "
    "session_track_state_change=ON, session_track_transaction_info='CHARACTERISTICS'";

// Setting the character set sets the collation, too: to that character set's own.
inline constexpr std::string_view connection_charset = "character_set_connection";
inline constexpr std::string_view connection_collation = "collation_connection";

// The SET that makes a connection with `applied` one with `wanted`; empty: nothing to do. `base`:
// what is known of the values that a connection has by itself.
[[nodiscard]] std::string mysql_replay(const ParameterSet& wanted, const ParameterSet& applied,
                                       const ParameterSet& base);

// Whether a variable's value, as the server has told it, can be given to another connection.
[[nodiscard]] bool mysql_carried(std::string_view name);

}  // namespace weir::proxy
