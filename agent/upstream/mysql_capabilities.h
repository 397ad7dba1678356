// The capabilities that a MySQL handshake fixes for the life of a connection and that clients
// differ in: a connection serves those clients only that asked for the same. Besides, the library
// always asks for MULTI_RESULTS, PS_MULTI_RESULTS (as do drivers that can be given more than one
// result) and SESSION_TRACK.
// Source: MySQL documentation, "Capabilities Flags".
#pragma once

#include <cstdint>

namespace weir::upstream {

struct MysqlCapability {
    static constexpr std::uint32_t found_rows = 1U << 1U, local_files = 1U << 7U,
                                   ignore_space = 1U << 8U, tls = 1U << 11U,
                                   multi_statements = 1U << 16U, session_track = 1U << 23U,
                                   deprecate_eof = 1U << 24U;
    // Those of a key; what else stands in a request is disregarded.
    static constexpr std::uint32_t of_the_key =
        found_rows | local_files | ignore_space | multi_statements | deprecate_eof;
};

}  // namespace weir::upstream
