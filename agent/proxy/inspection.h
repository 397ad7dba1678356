// The running agent as operators see it: snapshots to read and actions to take. The agent
// implements it; admin/ serves it over HTTP. Every call is made from an admin thread and blocks
// until the loops have answered, at most `Inspection::patience`; a loop that does not answer in
// time is left out and said so in `stale`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "pool/pool.h"
#include "settings/load.h"
#include "settings/settings.h"
#include "telemetry/vocabulary.h"

namespace weir::proxy {

struct PoolStatus {  // one tenant's pool
    std::string pool, tenant, app, engine, upstream, mode, database;
    unsigned loop = 0;
    pool::PoolCounts counts;
    unsigned clients = 0;
    std::uint64_t acquires = 0, timeouts = 0, rejections = 0, queries = 0, wait_nanoseconds = 0,
                  waits = 0;
    std::uint64_t leaks_suspected = 0, bytes_in = 0, bytes_out = 0;
    std::uint64_t transactions = 0, transaction_nanoseconds = 0, query_nanoseconds = 0;
};

struct TemplateStatus {  // one [[pool]], summed over its tenants' pools
    std::string pool, engine, upstream, mode;
    unsigned tenants = 0, clients = 0;
    pool::PoolCounts counts;  // max: of one tenant
    double hit_rate = 0;      // acquires served by an existing connection, 0 to 1
    double wait_p50_seconds = 0, wait_p99_seconds = 0;  // since start, from the histogram
    double acquire_timeout_seconds = 0, warn_at = 0.8;
    std::uint64_t acquires = 0, timeouts = 0, rejections = 0;
    unsigned fullest_used = 0;       // the most used of its tenants' pools …
    std::string fullest_tenant;      // … and whose it is
    std::string breaker;             // word of BreakerState
    std::string last_connect_error;  // empty when the last connect worked
};

struct ClientStatus {
    std::string id, listener, pool, tenant, app, user, database, address, application_name, state;
    double connected_seconds = 0, state_seconds = 0;
    std::string server;  // id of the server connection it holds
};

struct ServerStatus {
    std::string id, pool, tenant, app, upstream, state, pin_reason;
    int backend_pid = 0;
    double age_seconds = 0, state_seconds = 0;
    std::string client, client_address, application_name;  // of its holder
    std::string last_statement;                            // literals removed, at most 200 bytes
    bool leak_suspected = false;
    bool condemned = false;  // closed as soon as nobody holds it
};

struct LeakStatus {
    std::string server, pool, tenant, app, user, client, client_address, application_name;
    std::string state;  // "idle in transaction", "idle in failed transaction", "pinned"
    std::string pin_reason, last_statement, action;
    std::string trace_id;  // of the checkout that holds it; empty: no tracing
    int backend_pid = 0;
    double held_seconds = 0, quiet_seconds = 0;
};

struct UpstreamStatus {
    std::string name, engine, address, breaker, last_error;
    bool up = false, ever_dialed = false;
    unsigned budget = 0, used = 0;
    // As the server says itself, where it is observed; 0: nothing is known of it.
    std::uint64_t server_slots = 0;  // for everybody: those reserved are not among them
    std::uint64_t server_slots_used = 0;
};

struct Snapshot {
    std::vector<TemplateStatus> templates;
    std::vector<PoolStatus> pools;
    std::vector<UpstreamStatus> upstreams;
    std::vector<unsigned> stale;  // loops that did not answer in time
    std::string reload_failure;   // of the last reload; empty: it worked, or there was none
};

// Which pools an action means; empty fields mean all.
struct Selection {
    std::string pool;
    std::optional<std::string> tenant;
};

// Why an action can't be done: becomes the HTTP status.
struct Refused {
    enum class Kind { not_found, invalid, busy } kind = Kind::not_found;
    std::string message;
};
template <class T>
using Outcome = base::Result<T, Refused>;

struct Readiness {
    bool started = false, listening = false, draining = false, upstreams_serve = true, warm = false;
};

struct SuccessionStatus {
    int process = 0;        // this one
    int predecessor = 0;    // one that finishes what it has; 0: none
    bool starting = false;  // a successor
    std::string error{};    // why the last one could not take over
};

// Why the configuration stays as it was.
struct ReloadRefused {
    bool busy = false;  // nothing is wrong with it: try again
    std::vector<settings::Problem> problems;
};
using Reloaded = base::Result<std::vector<std::string>, ReloadRefused>;  // the changes, in words
[[nodiscard]] std::string text_of(const ReloadRefused&);                 // one line a problem
[[nodiscard]] std::string result_of(const Reloaded&);                    // for the audit line

class Inspection {
  public:
    static constexpr base::Duration patience = std::chrono::seconds(2);
    virtual ~Inspection() = default;

    [[nodiscard]] virtual settings::Snapshot settings() const = 0;
    [[nodiscard]] virtual Readiness readiness() const = 0;  // never waits for a loop
    [[nodiscard]] virtual bool loops_alive() const = 0;     // every heartbeat younger than 5 s
    [[nodiscard]] virtual Snapshot snapshot() = 0;
    [[nodiscard]] virtual std::vector<ClientStatus> clients() = 0;
    [[nodiscard]] virtual std::vector<ServerStatus> servers() = 0;
    [[nodiscard]] virtual std::vector<LeakStatus> leaks() = 0;
    [[nodiscard]] virtual SuccessionStatus succession() const = 0;

    // Each answers how many pools (or connections) it acted on.
    virtual Outcome<unsigned> clear(const Selection&) = 0;
    virtual Outcome<unsigned> pause(
        const Selection&) = 0;  // returns once held ones are back or patience is over
    virtual Outcome<unsigned> resume(const Selection&) = 0;
    virtual Outcome<unsigned> disable(const Selection&, bool disabled) = 0;
    virtual Outcome<unsigned> resize(const Selection&, unsigned max_size) = 0;
    virtual Outcome<unsigned> kill(const std::string& server_id) = 0;
    // Reads the configuration again and puts it into effect: all of it or nothing.
    virtual Reloaded reload() = 0;
    virtual void drain() = 0;             // begins; returns at once
    virtual Outcome<void> restart() = 0;  // begins; succession() tells how it goes
};

}  // namespace weir::proxy
