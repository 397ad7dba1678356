// What a statement may leave behind in its session, or asks of it: the vocabulary of
// statement_scan. MariaDB 10.11's session trackers tell nothing of advisory locks, HANDLER,
// PREPARE, FLUSH … WITH READ LOCK, nor of user variables that SELECT or DO assigns: for these there
// is the text alone, and an advisory lock that a stored function takes stays unseen.
#pragma once

#include <cstdint>
#include <initializer_list>

namespace weir::wire::mysql {

// The first word of a statement, as far as it matters.
enum class Verb : std::uint8_t {
    none,    // nothing but space and comments
    select,  // also VALUES, TABLE, WITH and what stands in parentheses
    insert,
    update,
    remove,  // DELETE
    replace,
    set,
    use,
    begin,  // also START TRANSACTION
    commit,
    rollback,   // not to a savepoint
    savepoint,  // also ROLLBACK TO and RELEASE SAVEPOINT
    call,
    execute,  // dynamic SQL: EXECUTE, EXECUTE IMMEDIATE
    show,
    kill,
    definition,  // CREATE, ALTER, DROP, TRUNCATE, RENAME, GRANT, REVOKE: commits what is open
    other
};

enum class Trait : std::uint8_t {
    // Leaves behind:
    user_variable_set,  // @x := , SET @x, INTO @x, and where it can't be told (CALL, LOAD DATA)
    temporary_table_created,
    temporary_table_dropped,
    advisory_lock_taken,      // GET_LOCK
    advisory_lock_released,   // RELEASE_LOCK
    advisory_locks_released,  // RELEASE_ALL_LOCKS
    tables_locked,            // LOCK TABLES, FLUSH TABLES … FOR EXPORT, BACKUP
    tables_unlocked,          // UNLOCK TABLES
    read_locked,              // FLUSH … WITH READ LOCK
    prepared,                 // PREPARE; also EXECUTE, which may do anything
    deallocated,              // DEALLOCATE or DROP PREPARE
    handler_opened,           // HANDLER … OPEN, READ
    handler_closed,
    found_rows_counted,  // SQL_CALC_FOUND_ROWS
    last_insert_id_set,  // LAST_INSERT_ID(expression), SET last_insert_id, identity
    distributed,         // XA
    role_set,            // SET ROLE
    transaction_once,    // SET TRANSACTION: for the next one only
    password_set,        // SET PASSWORD
    global_set,          // SET GLOBAL, PERSIST: the server's, not the session's
    statement_set,       // SET STATEMENT … FOR: for what follows only
    setting,             // SET of the session's variables; settings() names them
    settings_unknown,    // and of more than settings() tells
    one_shot,            // SET insert_id, timestamp, rand_seed1, pseudo_thread_id, …
    sequence_taken,      // NEXTVAL, NEXT VALUE FOR: LASTVAL changes
    unknown,             // something that may be state, and is none of these
    // Asks:
    user_variable_read,
    asks_found_rows,      // FOUND_ROWS()
    asks_row_count,       // ROW_COUNT()
    asks_last_insert_id,  // LAST_INSERT_ID(), @@last_insert_id, @@identity
    asks_diagnostics,     // SHOW WARNINGS and ERRORS, @@warning_count, GET DIAGNOSTICS
    asks_connection_id,   // CONNECTION_ID(); connection_ids() tells where
    asks_last_value,      // LASTVAL, PREVIOUS VALUE FOR
    // Does:
    begins,
    commits,
    rolls_back,
    chains,       // … AND CHAIN: the next transaction has begun
    disconnects,  // … RELEASE: the server closes the connection
    uses_database,
    kills,
    calls,        // CALL, and compound statements: what they do can't be seen here
    loads_local,  // LOAD DATA LOCAL: the server asks for a file
    count
};

using Traits = std::uint64_t;
[[nodiscard]] constexpr Traits trait_bit(Trait trait) {
    return Traits{1} << static_cast<unsigned>(trait);
}
[[nodiscard]] constexpr Traits trait_bits(std::initializer_list<Trait> traits) {
    Traits bits = 0;
    for (const Trait trait : traits) bits |= trait_bit(trait);
    return bits;
}
static_assert(static_cast<unsigned>(Trait::count) <= 64);

}  // namespace weir::wire::mysql
