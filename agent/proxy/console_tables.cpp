#include "proxy/console_tables.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <set>

#include "settings/address.h"
#include "settings/pattern.h"

namespace weir::proxy {
namespace {

using wire::postgresql::Row;
using Rows = std::vector<Row>;

constexpr std::uint64_t nanoseconds_a_microsecond = 1000;

template <class Number>
std::string number(Number value) {
    return fmt::to_string(value);
}

// An int4 column holds no more.
std::string bounded(std::uint64_t value) {
    constexpr std::uint64_t most = std::numeric_limits<std::int32_t>::max();
    return number(std::min(value, most));
}

const settings::Pool* find_pool(const settings::Settings& settings, const std::string& name) {
    for (const auto& pool : settings.pool) {
        if (pool.name == name) return &pool;
    }
    return nullptr;
}

const settings::Upstream* find_upstream(const settings::Settings& settings,
                                        const std::string& name) {
    for (const auto& upstream : settings.upstream) {
        if (upstream.name == name) return &upstream;
    }
    return nullptr;
}

// Whose account a pool's connections have; "*" where each client's own serves it.
std::string account_of(const settings::Pool* pool, const settings::Match& match) {
    return pool == nullptr || pool->user.empty() ? "*" : settings::fill(pool->user, match);
}

struct Endpoint {
    std::string host, port = "0";
};

// The first of an upstream's addresses, a listener's, or a client's.
Endpoint endpoint(const std::string& text, const std::string& usual_port) {
    const auto address = settings::parse_address(text.substr(0, text.find(',')));
    if (!address) return {text, usual_port};
    if (!address->path.empty()) return {address->path, usual_port};
    return {address->host, number(address->port)};
}

Endpoint client_endpoint(const std::string& text) {
    return text.starts_with("unix:") ? Endpoint{"unix"} : endpoint(text, "0");
}

std::string moment(const ConsoleFacts& facts, double seconds_ago) {
    const auto then = facts.now - std::chrono::duration_cast<std::chrono::system_clock::duration>(
                                      std::chrono::duration<double>(seconds_ago));
    return fmt::format("{:%Y-%m-%d %H:%M:%S} UTC",
                       fmt::gmtime(std::chrono::system_clock::to_time_t(then)));
}

unsigned connections(const pool::PoolCounts& counts) {
    return counts.idle + counts.checking + counts.used + counts.pinned + counts.resetting +
           counts.cancelling;
}

Rows pool_rows(const ConsoleFacts& facts) {
    Rows rows;
    for (const auto& pool : facts.snapshot.pools) {
        const auto& counts = pool.counts;
        const auto waited = std::chrono::duration_cast<std::chrono::microseconds>(
                                counts.waiting > 0 ? counts.oldest_wait : base::Duration())
                                .count();
        constexpr std::int64_t second = 1'000'000;
        rows.push_back({database_name(*facts.settings, pool.pool, pool.tenant, pool.app),
                        account_of(find_pool(*facts.settings, pool.pool), {pool.tenant, pool.app}),
                        number(pool.clients - std::min(pool.clients, counts.waiting)),
                        number(counts.waiting), "0", "0", number(counts.used + counts.pinned), "0",
                        number(counts.cancelling), number(counts.idle), "0",
                        number(counts.checking + counts.resetting), number(counts.connecting),
                        number(waited / second), number(waited % second), pool.mode});
    }
    return rows;
}

// A second's, but for the times: those are of one transaction and one query, as in PgBouncer.
DatabaseTotals averages_of(const AveragePeriod& period, const std::string& database) {
    const auto to = period.to.find(database);
    if (period.seconds <= 0 || to == period.to.end()) return {};
    const auto known = period.from.find(database);
    const DatabaseTotals from = known == period.from.end() ? DatabaseTotals{} : known->second;
    // A pool that was forgotten and came back begins again below what it had.
    const auto grown = [&](std::uint64_t DatabaseTotals::*total) {
        return to->second.*total - std::min(from.*total, to->second.*total);
    };
    const auto a_second = [&](std::uint64_t DatabaseTotals::*total) {
        return static_cast<std::uint64_t>(static_cast<double>(grown(total)) / period.seconds);
    };
    const auto of_one = [&](std::uint64_t DatabaseTotals::*time,
                            std::uint64_t DatabaseTotals::*count) {
        return grown(count) == 0 ? 0 : grown(time) / grown(count);
    };
    using T = DatabaseTotals;
    return {a_second(&T::transactions),
            a_second(&T::queries),
            a_second(&T::received),
            a_second(&T::sent),
            of_one(&T::transaction_time, &T::transactions),
            of_one(&T::query_time, &T::queries),
            a_second(&T::wait_time)};
}

void append(Row& row, const DatabaseTotals& totals) {
    for (const auto value : {totals.transactions, totals.queries, totals.received, totals.sent,
                             totals.transaction_time, totals.query_time, totals.wait_time}) {
        row.emplace_back(number(value));
    }
}

Rows stats_rows(ConsoleSubject subject, const ConsoleFacts& facts) {
    Rows rows;
    for (const auto& [database, totals] : totals_of(*facts.settings, facts.snapshot)) {
        Row row{database};
        if (subject != ConsoleSubject::stats_averages) append(row, totals);
        if (subject != ConsoleSubject::stats_totals) {
            append(row, averages_of(facts.averages, database));
        }
        if (subject == ConsoleSubject::stats) row.emplace_back(number(totals.queries));
        rows.push_back(std::move(row));
    }
    return rows;
}

Row database_row(const ConsoleFacts& facts, const settings::Pool& pool, const PoolStatus* status) {
    const settings::Match match = status == nullptr ? settings::Match{pool.match, {}}
                                                    : settings::Match{status->tenant, status->app};
    const std::string name = database_name(*facts.settings, pool.name, match.tenant, match.app);
    const auto* upstream = find_upstream(*facts.settings, pool.upstream);
    const Endpoint server = endpoint(upstream == nullptr ? "" : upstream->address, "5432");
    const pool::PoolCounts counts = status == nullptr ? pool::PoolCounts{} : status->counts;
    const unsigned size = status == nullptr ? pool.max_size : counts.max;
    const std::string on_server =
        pool.database.empty() ? name : settings::fill(pool.database, match);
    return {name,
            server.host,
            server.port,
            on_server,
            pool.user.empty() ? std::nullopt : std::optional(settings::fill(pool.user, match)),
            number(size),
            number(pool.min_idle),
            "0",
            std::string(base::word(pool.mode)),
            number(size),
            number(connections(counts)),
            counts.paused ? "1" : "0",
            counts.disabled ? "1" : "0"};
}

// Those that are served now, and those that the configuration names though nobody has come yet.
Rows database_rows(const ConsoleFacts& facts) {
    Rows rows;
    std::set<std::string> served;
    for (const auto& status : facts.snapshot.pools) {
        const auto* pool = find_pool(*facts.settings, status.pool);
        if (pool == nullptr) continue;
        served.insert(pool->name);
        rows.push_back(database_row(facts, *pool, &status));
    }
    for (const auto& pool : facts.settings->pool) {
        const bool named =
            !pool.match.empty() && pool.match.find_first_of("*{") == std::string::npos;
        const auto* upstream = find_upstream(*facts.settings, pool.upstream);
        const bool ours = upstream != nullptr && upstream->engine == settings::Engine::postgresql;
        if (named && ours && !served.contains(pool.name)) {
            rows.push_back(database_row(facts, pool, nullptr));
        }
    }
    return rows;
}

Rows client_rows(const ConsoleFacts& facts) {
    Rows rows;
    for (const auto& client : facts.clients) {
        const Endpoint peer = client_endpoint(client.address);
        Endpoint local;
        for (const auto& listen : facts.settings->listen) {
            if (listen.name == client.listener) local = endpoint(listen.address, "0");
        }
        const bool waits = client.state == base::word(telemetry::ClientState::waiting);
        const auto waited =
            waits ? static_cast<std::uint64_t>(client.state_seconds * 1e6) : std::uint64_t{0};
        constexpr std::uint64_t second = 1'000'000;
        rows.push_back({"C", client.user, client.database, waits ? "waiting" : "active", peer.host,
                        peer.port, local.host, local.port, moment(facts, client.connected_seconds),
                        moment(facts, client.state_seconds), bounded(waited / second),
                        number(waited % second), "0", client.id, client.server, "0", "",
                        client.application_name});
    }
    return rows;
}

// PgBouncer's word for what a server connection does.
std::string_view server_word(const std::string& state) {
    using telemetry::ServerState;
    switch (base::from_word<ServerState>(state).value_or(ServerState::closing)) {
        case ServerState::connecting:
            return "new";
        case ServerState::idle:
            return "idle";
        case ServerState::checking:
        case ServerState::resetting:
            return "tested";
        case ServerState::used:
        case ServerState::pinned:
            return "active";
        case ServerState::cancelling:
            return "being_canceled";
        case ServerState::closing:
            return "closing";
    }
    return "";
}

Rows server_rows(const ConsoleFacts& facts) {
    Rows rows;
    for (const auto& server : facts.servers) {
        const auto* upstream = find_upstream(*facts.settings, server.upstream);
        const Endpoint peer = endpoint(upstream == nullptr ? "" : upstream->address, "5432");
        rows.push_back(
            {"S", account_of(find_pool(*facts.settings, server.pool), {server.tenant, server.app}),
             database_name(*facts.settings, server.pool, server.tenant, server.app),
             std::string(server_word(server.state)), peer.host, peer.port, "", "0",
             moment(facts, server.age_seconds), moment(facts, server.state_seconds), "0", "0",
             server.condemned ? "1" : "0", server.id, server.client, number(server.backend_pid), "",
             server.application_name});
    }
    return rows;
}

Rows list_rows(const ConsoleFacts& facts) {
    const auto count = [](std::size_t items) { return bounded(items); };
    return {{"databases", count(database_rows(facts).size())},
            {"users", count(facts.settings->user.size())},
            {"pools", count(facts.snapshot.pools.size())},
            {"free_clients", "0"},
            {"used_clients", count(facts.clients.size())},
            {"login_clients", count(facts.logging_in)},
            {"free_servers", "0"},
            {"used_servers", count(facts.servers.size())},
            {"dns_names", "0"},
            {"dns_zones", "0"},
            {"dns_queries", "0"},
            {"dns_pending", "0"}};
}

Rows user_rows(const ConsoleFacts& facts) {
    Rows rows;
    for (const auto& user : facts.settings->user) rows.push_back({user.name, std::nullopt});
    return rows;
}

// Weir keeps no slabs: the process' pages are what there is to tell.
Rows memory_rows(const ConsoleFacts& facts) {
    constexpr std::uint64_t page = 4096;
    return {{"resident", number(page), bounded(facts.resident_bytes / page), "0",
             bounded(facts.resident_bytes)}};
}

}  // namespace

std::string database_name(const settings::Settings& settings, const std::string& pool,
                          const std::string& tenant, const std::string& app) {
    const auto* found = find_pool(settings, pool);
    if (found == nullptr || found->match == "*") return tenant;
    return settings::fill(found->match, {tenant, app});
}

Totals totals_of(const settings::Settings& settings, const Snapshot& snapshot) {
    Totals totals;
    for (const auto& pool : snapshot.pools) {
        totals[database_name(settings, pool.pool, pool.tenant, pool.app)] = {
            pool.transactions,
            pool.queries,
            pool.bytes_in,
            pool.bytes_out,
            pool.transaction_nanoseconds / nanoseconds_a_microsecond,
            pool.query_nanoseconds / nanoseconds_a_microsecond,
            pool.wait_nanoseconds / nanoseconds_a_microsecond};
    }
    return totals;
}

ConsoleTable console_table(ConsoleSubject subject, const ConsoleFacts& facts) {
    const auto rows = [&]() -> Rows {
        switch (subject) {
            case ConsoleSubject::help:
                return {};
            case ConsoleSubject::pools:
                return pool_rows(facts);
            case ConsoleSubject::stats:
            case ConsoleSubject::stats_totals:
            case ConsoleSubject::stats_averages:
                return stats_rows(subject, facts);
            case ConsoleSubject::databases:
                return database_rows(facts);
            case ConsoleSubject::clients:
                return client_rows(facts);
            case ConsoleSubject::servers:
                return server_rows(facts);
            case ConsoleSubject::lists:
                return list_rows(facts);
            case ConsoleSubject::config:
                return config_rows(*facts.settings);
            case ConsoleSubject::version:
                return {{"PgBouncer 1.18.0 (as the console of Weir shows it)"}};
            case ConsoleSubject::users:
                return user_rows(facts);
            case ConsoleSubject::mem:
                return memory_rows(facts);
        }
        return {};
    };
    return {columns_of(subject), rows()};
}

}  // namespace weir::proxy
