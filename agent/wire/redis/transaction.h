// A MULTI that has come together with its EXEC: sent whole it needs no connection of its own, since
// nobody's command can get in between. Pure; any thread.
// Source: Redis documentation, "Transactions".
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace weir::wire::redis {

struct WholeTransaction {
    std::size_t size = 0;   // of its bytes behind MULTI, EXEC or DISCARD included
    unsigned commands = 0;  // as many replies: each is queued, and EXEC's or DISCARD's
};

// `behind_multi` is what has come behind a MULTI. Nothing: its end has not come, more than `most`
// commands are in it, or one that does something else than to be queued.
[[nodiscard]] std::optional<WholeTransaction> whole_transaction(std::string_view behind_multi,
                                                                unsigned most);

}  // namespace weir::wire::redis
