// The configuration as plain structs, with the defaults of config/weir.toml. A loaded Settings is
// immutable and shared between threads as shared_ptr<const Settings>; a reload makes a new one.
// Durations of zero switch a limit off unless a field says otherwise.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/words.h"
#include "settings/secret.h"
#include "settings/trace_export.h"

namespace weir::settings {

using std::chrono::nanoseconds;
using namespace std::chrono_literals;

enum class Engine : std::uint8_t { postgresql, mysql, redis };
enum class AuthMode : std::uint8_t { users, query, trust };
enum class ReadyPolicy : std::uint8_t { any, all, never };
enum class ClientTls : std::uint8_t { disable, allow, require, verify };
enum class ServerTls : std::uint8_t { disable, prefer, require, verify_ca, verify_full };
enum class Target : std::uint8_t { any, read_write, read_only, prefer_standby };
enum class PoolMode : std::uint8_t { transaction, session, statement, direct, multiplex };
enum class LeakAction : std::uint8_t { report, cancel, close };
enum class SessionState : std::uint8_t { pin, reset, reject };
enum class UnnamedStatements : std::uint8_t { forward, cache };
enum class TraceStatements : std::uint8_t { off, summary, text };

struct Agent {
    std::string name;    // empty: the host's name
    unsigned loops = 0;  // 0: one per core
    nanoseconds drain_grace = 5s;
    nanoseconds drain_timeout = 60s;
};

struct Log {
    base::log::Level level = base::log::Level::info;
    base::log::Format format = base::log::Format::logfmt;
    nanoseconds stats_every = 60s;
};

struct AdminTls {
    std::string cert, key;
};

struct Admin {
    std::string listen = "127.0.0.1:9630";
    Secret token;  // empty: a random one is written to token_file
    std::string token_file = "/run/weir/token";
    Secret read_token;
    AdminTls tls;
    ReadyPolicy ready_policy = ReadyPolicy::any;
};

struct Auth {
    AuthMode mode = AuthMode::users;
    std::string query =
        "SELECT rolname, CASE WHEN rolvaliduntil < now() THEN NULL ELSE rolpassword END FROM "
        "pg_catalog.pg_authid WHERE rolname = $1 AND rolcanlogin";
    std::string query_user;
    Secret query_password;
    std::string query_database = "postgres";
    std::vector<std::string> query_pools;
    std::vector<std::string> query_tenants{"{user}"};
};

struct ListenTls {
    ClientTls mode = ClientTls::disable;
    std::string cert, key, ca;
};

struct Listen {
    std::string name;  // metric label; filled with the engine's word when the file gives none
    Engine engine = Engine::postgresql;
    std::string address;  // host:port or unix:/path; filled with the engine's usual port
    unsigned max_clients = 10000;
    nanoseconds login_timeout = 15s;
    nanoseconds client_idle_timeout = 0s;
    nanoseconds keepalive = 60s;
    bool proxy_protocol = false;
    AuthMode auth = AuthMode::users;  // auth.mode unless the listener says otherwise
    ListenTls tls;
};

struct UpstreamTls {
    ServerTls mode = ServerTls::prefer;
    std::string ca, cert, key;
};

struct BreakerLimits {
    unsigned failures = 5;
    nanoseconds open_for = 1s;
    nanoseconds max_open_for = 5s;
};

struct Observe {
    nanoseconds every = 15s;
    std::string database, user;
    Secret password;
};

struct Upstream {
    std::string name;
    Engine engine = Engine::postgresql;
    std::string address;  // comma-separated hosts, or a unix socket's path
    Target target = Target::any;
    unsigned max_connections = 90;
    nanoseconds connect_timeout = 5s;
    UpstreamTls tls;
    BreakerLimits breaker;
    Observe observe;
};

struct Pool {
    std::string name;
    std::string upstream;
    std::string match;        // literal, "*", or a pattern with {tenant} and {app}
    std::string database;     // on the server, may hold {tenant} and {app}; empty: as asked for
    std::string search_path;  // may hold {tenant}
    std::string user;         // may hold {tenant}; empty: the client's own
    Secret password;          // a file's path may hold {tenant}
    PoolMode mode = PoolMode::transaction;  // multiplex is the default of redis upstreams
    unsigned max_size = 20;
    unsigned min_idle = 0;
    unsigned max_waiting = 1000;
    unsigned max_clients = 0;
    unsigned max_tenants = 10000;
    nanoseconds acquire_timeout = 10s;
    nanoseconds idle_timeout = 60s;
    nanoseconds max_lifetime = 1h;
    nanoseconds validate_after = 30s;
    nanoseconds pool_idle_timeout = 30min;
    nanoseconds query_timeout = 0s;
    nanoseconds transaction_timeout = 0s;
    nanoseconds idle_in_transaction_timeout = 0s;
    nanoseconds leak_after = 60s;
    bool leak_after_set = false;  // session and direct pools watch for leaks only when set
    LeakAction leak_action = LeakAction::report;
    SessionState session_state = SessionState::pin;
    unsigned prepared_statements = 200;
    bool admin_commands = false;
    std::vector<std::string> disabled_tenants;
    UnnamedStatements unnamed_statements = UnnamedStatements::forward;
    unsigned reserved = 0;
    unsigned weight = 1;
    double warn_at = 0.8;
};

struct User {
    std::string name;
    Secret password;
    Secret scram;  // a stored SCRAM-SHA-256 verifier instead of the password
    std::vector<std::string> pools{"*"};
    std::vector<std::string> tenants{"*"};
    bool admin = false;
    unsigned max_clients = 0;
};

struct Metrics {
    unsigned tenants_top = 50;
    std::vector<std::string> tenants_always;
    unsigned tenants_max = 100;
    unsigned pools_max = 256;
};

struct Traces {
    std::string endpoint;
    TraceProtocol protocol = TraceProtocol::http_json;
    double sample_ratio = 0.01;
    nanoseconds slow = 250ms;
    unsigned slow_per_second = 10;
    TraceStatements statements = TraceStatements::off;
};

struct Settings {
    Agent agent;
    Log log;
    Admin admin;
    Auth auth;
    std::vector<Listen> listen;
    std::vector<Upstream> upstream;
    std::vector<Pool> pool;
    std::vector<User> user;
    Metrics metrics;
    Traces traces;
    std::optional<TraceExport> trace_export;  // nothing: no tracing
};

using Snapshot = std::shared_ptr<const Settings>;

}  // namespace weir::settings

namespace weir::base {
template <>
struct Words<settings::Engine> {
    static constexpr std::array<std::string_view, 3> all{"postgresql", "mysql", "redis"};
};
template <>
struct Words<settings::AuthMode> {
    static constexpr std::array<std::string_view, 3> all{"users", "query", "trust"};
};
template <>
struct Words<settings::ReadyPolicy> {
    static constexpr std::array<std::string_view, 3> all{"any", "all", "never"};
};
template <>
struct Words<settings::ClientTls> {
    static constexpr std::array<std::string_view, 4> all{"disable", "allow", "require", "verify"};
};
template <>
struct Words<settings::ServerTls> {
    static constexpr std::array<std::string_view, 5> all{"disable", "prefer", "require",
                                                         "verify-ca", "verify-full"};
};
template <>
struct Words<settings::Target> {
    static constexpr std::array<std::string_view, 4> all{"any", "read-write", "read-only",
                                                         "prefer-standby"};
};
template <>
struct Words<settings::PoolMode> {
    static constexpr std::array<std::string_view, 5> all{"transaction", "session", "statement",
                                                         "direct", "multiplex"};
};
template <>
struct Words<settings::LeakAction> {
    static constexpr std::array<std::string_view, 3> all{"report", "cancel", "close"};
};
template <>
struct Words<settings::SessionState> {
    static constexpr std::array<std::string_view, 3> all{"pin", "reset", "reject"};
};
template <>
struct Words<settings::UnnamedStatements> {
    static constexpr std::array<std::string_view, 2> all{"forward", "cache"};
};
template <>
struct Words<settings::TraceStatements> {
    static constexpr std::array<std::string_view, 3> all{"off", "summary", "text"};
};
}  // namespace weir::base
