// What the number of a collation in a MySQL handshake means for a session's variables. Pure; any
// thread. Source: MariaDB documentation, "Connecting", "Handshake Response Packet".
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace weir::upstream {

// The variables that a client which greets with this collation has set, by the client library's
// list; none: it is in no list, and the server goes by its own. Where servers differ in what they
// know, the character set alone.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> settings_of_collation(
    std::uint16_t collation);

}  // namespace weir::upstream
