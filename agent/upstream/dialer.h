// Dials one upstream: one thread of its own, started at the first dial, drives the client library's
// non-blocking connects under our own deadline, at most 8 in flight; more wait in order. Names are
// resolved on a thread apart and given as addresses. Results are told on the dial thread, which
// must only post.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "loop/stream.h"
#include "settings/settings.h"
#include "telemetry/vocabulary.h"

namespace weir::upstream {

struct DialRequest {
    std::string database, user;
    settings::Secret password;  // a per-tenant file is read on the dial thread
    std::string tenant;         // fills {tenant} of the password's file
    std::string search_path;    // postgresql: set at start-up when not empty
    // postgresql: settings of the agent's own that must hold from the start. Never a client's,
    // whose connections are shared: these are brought up to date when it is served.
    std::vector<std::pair<std::string, std::string>> options;
    std::string application_name;
    bool resp3 = false;  // redis: asked for by HELLO 3
    // mysql: of the capabilities that a handshake fixes, those that clients of this key asked for
    // (mysql_capabilities.h). What the server does not know is left out, see MysqlFacts.
    std::uint32_t capabilities = 0;
};

// What a MySQL or MariaDB server said of itself and of the connection, up to the end of the login.
struct MysqlFacts {
    std::uint32_t thread_id = 0;  // the server's own, as KILL takes it
    std::string version;          // "10.11.6-MariaDB", "8.0.36"
    bool is_mariadb = false;
    std::uint32_t capabilities = 0;  // those that both sides have; never MariaDB's extended ones
    std::uint16_t status = 0;        // the flags of its last OK
    std::uint16_t collation = 0;     // the id that the handshake asked for
    std::string character_set;       // of that collation
    // Every tracker is on: system variables "*", schema, state change, and of transactions their
    // characteristics.
    bool tracked = false;
};

// Cancels what runs on one server connection. Thread-safe copies may outlive the connection.
class CancelHandle {
  public:
    virtual ~CancelHandle() = default;
    // Blocks until the server has taken the request (closed the cancel connection); true on
    // success.
    virtual bool cancel() = 0;
    // Ends the connection itself, on the server; blocks and answers likewise. False as well when
    // the engine knows no such thing.
    virtual bool kill() { return false; }
};

// When a dial began and was through with each of its steps; Instant(): it was not, or did without.
struct DialSteps {
    base::Instant begun{}, resolved{}, connected{}, encrypted{}, authenticated{};

    void note(base::Instant DialSteps::*step, base::Instant now) {
        if (this->*step == base::Instant()) this->*step = now;
    }
    // Another address is tried.
    void begin_anew() { connected = encrypted = authenticated = base::Instant(); }
};

struct Established {
    std::unique_ptr<loop::FdOwner>
        connection;                        // the library's handle; its descriptor is non-blocking
    std::unique_ptr<loop::Tls> tls;        // what the library's TLS is gone on with; nullptr: plain
    std::shared_ptr<CancelHandle> cancel;  // nullptr: the engine knows no cancel
    std::vector<std::pair<std::string, std::string>> parameters;  // ParameterStatus, as reported
    int backend_pid = 0;                                          // mysql: the thread id
    bool resp3 = false;   // redis: it was asked for, and the server speaks it
    MysqlFacts mysql;     // of that engine only
    std::string address;  // which of the upstream's answered, as the configuration writes it
    base::Duration took{};
    DialSteps steps{};
};

struct DialFailure {
    telemetry::CreateFailure reason = telemetry::CreateFailure::refused;
    std::string sqlstate;  // the server's own, when it answered
    std::string message;   // for people, one line, no secret
    DialSteps steps{};
};

using DialResult = base::Result<Established, DialFailure>;

// A failure of Weir's own finding, without a server's code.
[[nodiscard]] inline DialResult failed(telemetry::CreateFailure reason, std::string message) {
    return tl::make_unexpected(DialFailure{reason, {}, std::move(message)});
}

class Dialer {
  public:
    virtual ~Dialer() = default;  // abandons what is in flight: its callbacks are not called
    // `done` is called exactly once, on the dial thread, unless the dialer dies first.
    virtual void dial(DialRequest request, std::function<void(DialResult)> done) = 0;
};

// The one of the upstream's engine.
[[nodiscard]] std::unique_ptr<Dialer> make_dialer(const settings::Upstream& upstream);
[[nodiscard]] std::unique_ptr<Dialer> make_postgresql_dialer(const settings::Upstream& upstream);
// What is handed over has no cancel handle. `database` is a number.
[[nodiscard]] std::unique_ptr<Dialer> make_redis_dialer(const settings::Upstream& upstream);
[[nodiscard]] std::unique_ptr<Dialer> make_mysql_dialer(const settings::Upstream& upstream);

}  // namespace weir::upstream
