// What SHOW answers: PgBouncer's tables, filled from what the agent says of itself. A `database` of
// PgBouncer is one tenant's pool of a template here, under the name that clients ask for. Pure.
// Columns and their types are those of PgBouncer 1.18; STATS has total_requests besides.
#pragma once

#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "proxy/console_command.h"
#include "proxy/inspection.h"
#include "settings/settings.h"
#include "wire/postgresql/result_messages.h"

namespace weir::proxy {

struct ConsoleTable {
    std::vector<wire::postgresql::Column> columns;
    std::vector<wire::postgresql::Row> rows;
};

// Counted since a database's pool began; times in microseconds.
struct DatabaseTotals {
    std::uint64_t transactions = 0, queries = 0, received = 0, sent = 0, transaction_time = 0,
                  query_time = 0, wait_time = 0;
};
using Totals = std::map<std::string, DatabaseTotals>;  // by database

// What the averages are made of: two moments, `seconds` apart.
struct AveragePeriod {
    Totals from, to;
    double seconds = 0;  // 0: no period is over yet
};

struct ConsoleFacts {
    settings::Snapshot settings;
    Snapshot snapshot;
    std::vector<ClientStatus> clients;
    std::vector<ServerStatus> servers;
    AveragePeriod averages;
    unsigned logging_in = 0;           // clients of the lobby
    std::uint64_t resident_bytes = 0;  // memory of the process
    std::chrono::system_clock::time_point now;
};

[[nodiscard]] const std::vector<wire::postgresql::Column>& columns_of(ConsoleSubject subject);
[[nodiscard]] ConsoleTable console_table(ConsoleSubject subject, const ConsoleFacts& facts);

[[nodiscard]] Totals totals_of(const settings::Settings& settings, const Snapshot& snapshot);
// The name that clients ask for, of the pool of a tenant.
[[nodiscard]] std::string database_name(const settings::Settings& settings, const std::string& pool,
                                        const std::string& tenant, const std::string& app);
// console_config.cpp: every key of the configuration, with its default.
[[nodiscard]] std::vector<wire::postgresql::Row> config_rows(const settings::Settings& settings);

}  // namespace weir::proxy
