// What each command was asked to do: plain structs that arguments.h fills and the commands read.
#pragma once

#include <optional>
#include <string>
#include <variant>

#include "cli/serve.h"

namespace weir::cli {

inline constexpr const char* default_admin_url = "http://127.0.0.1:9630";
inline constexpr const char* default_token_file = "/run/weir/token";

// Where the running agent is and how to act on it.
struct AdminOptions {
    std::string url = default_admin_url;
    std::string
        token_file;  // empty: WEIR_ADMIN_TOKEN, else the default file where that can be read
};

struct CheckOptions {
    std::string config{};
    bool connect = false;
};

struct ImportOptions {
    std::string file{};  // pgbouncer.ini
};

struct StatusOptions {
    std::string pool{}, tenant{};  // empty: all
    bool detailed = false;         // each server connection, too
    bool json = false;
    std::optional<double> watch{};  // seconds between two looks
};

struct HealthOptions {
    bool json = false;
};

struct TenantsOptions {
    std::string pool{}, tenant{};
    std::string sort = "used";  // wait, used, rejected, leaks, name
    unsigned limit = 50;        // 0: all
    unsigned offset = 0;        // rows left out before
    bool json = false;
};

struct LeaksOptions {
    std::string pool{}, tenant{};
    bool json = false;
};

// An application before it runs: all connections that it may open at the same time.
struct Plan {
    unsigned processes = 0, threads = 1;  // web: threads of each process
    unsigned jobs = 0;                    // concurrency of a job runner
    unsigned databases = 1;               // each database or Redis number anew
};

struct AdviseOptions {
    std::string pool{};     // empty: all
    unsigned seconds = 10;  // measured for so long
    Plan plan{};            // where it names processes or jobs nothing is measured
    bool json = false;
};

struct TestOptions {
    std::string pool{}, tenant{};
    unsigned clients = 8;
    unsigned seconds = 5;
    std::string dsn{};     // libpq's connection string or URL; empty: from the configuration
    std::string config{};  // names the listener, the pool and an account
    bool json = false;
};

// clear, pause, resume, disable, enable, resize.
struct PoolActionOptions {
    std::string action{};
    std::string pool{}, tenant{};  // empty: all
    std::optional<unsigned> max_size{};
    bool json = false;
};

struct KillOptions {
    std::string connection{};
    bool json = false;
};

struct DrainOptions {
    bool json = false;
};

struct RestartOptions {
    bool json = false;
};

struct ReloadOptions {
    bool json = false;
};

using CommandOptions =
    std::variant<ServeOptions, CheckOptions, ImportOptions, StatusOptions, HealthOptions,
                 TenantsOptions, LeaksOptions, AdviseOptions, TestOptions, PoolActionOptions,
                 KillOptions, DrainOptions, ReloadOptions, RestartOptions>;

struct Invocation {
    AdminOptions admin;
    CommandOptions command;
};

}  // namespace weir::cli
