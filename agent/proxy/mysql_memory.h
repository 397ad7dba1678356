// What a client may still ask about its previous statements: LAST_INSERT_ID(), SHOW WARNINGS and
// FOUND_ROWS(). Each is here, or still with the connection that the statement ran on, which gives
// it before it serves somebody else. On the tenant's home loop.
// Source: MariaDB documentation, "LAST_INSERT_ID", "SHOW WARNINGS", "FOUND_ROWS".
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

namespace weir::proxy {

class MysqlServer;
class MysqlSession;

// In the order in which they are asked for: no question may spoil the answer to a later one.
enum class Memory : std::uint8_t { found_rows, warnings, insert_id };
inline constexpr std::size_t memory_count = 3;

[[nodiscard]] constexpr std::size_t index_of(Memory memory) {
    return static_cast<std::size_t>(memory);
}

// Which statement's count of rows, rows found, insert id and warnings a connection would tell, and
// which one's a client means. 0: none.
struct MysqlTells {
    std::uint64_t row_count = 0, found_rows = 0, insert_id = 0, warnings = 0;
};

// No client's statement has this mark.
inline constexpr std::uint64_t somebodys_statement = 1;

// Of one client.
struct MysqlMemory {
    MysqlTells means;
    std::uint64_t statements = 0;  // so many, to tell them apart
    std::uint64_t insert_id = 0;
    std::uint64_t found_rows = 0;
    std::int64_t row_count = 0;
    // The server's whole answer to SHOW WARNINGS; empty: there were none.
    std::string warnings;
    // Where it has to be asked for; nullptr: it is here.
    std::array<MysqlServer*, memory_count> at{};
};

}  // namespace weir::proxy
