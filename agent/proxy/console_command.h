// What an admin can say to the console: PgBouncer's words, and what they mean. Pure.
// Source: man 1 pgbouncer, "Admin console".
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/words.h"
#include "proxy/refusals.h"

namespace weir::proxy {

enum class ConsoleVerb : std::uint8_t {
    show,
    pause,
    resume,
    disable,
    enable,
    reconnect,
    kill,
    wait_close,
    reload,
    shutdown
};
enum class ConsoleSubject : std::uint8_t {
    help,
    pools,
    stats,
    stats_totals,
    stats_averages,
    databases,
    clients,
    servers,
    lists,
    config,
    version,
    users,
    mem
};

struct ConsoleCommand {
    ConsoleVerb verb = ConsoleVerb::show;
    ConsoleSubject subject = ConsoleSubject::help;  // of show
    std::string database;                           // as clients ask for it; empty: all
};

// The databases that no pool can match: whoever asks for one wants the console.
[[nodiscard]] bool is_console_database(std::string_view name);

// One command, its ; included. Says what is wrong with it otherwise.
[[nodiscard]] base::Result<ConsoleCommand, Answer> parse_console_command(std::string_view text);

[[nodiscard]] bool is_blank(std::string_view text);  // no command at all

// What SHOW HELP says.
extern const std::string_view console_help;

}  // namespace weir::proxy

namespace weir::base {
template <>
struct Words<proxy::ConsoleVerb> {
    static constexpr std::array<std::string_view, 10> all{
        "SHOW",      "PAUSE", "RESUME",     "DISABLE", "ENABLE",
        "RECONNECT", "KILL",  "WAIT_CLOSE", "RELOAD",  "SHUTDOWN"};
};
template <>
struct Words<proxy::ConsoleSubject> {
    static constexpr std::array<std::string_view, 13> all{
        "HELP",    "POOLS", "STATS",  "STATS_TOTALS", "STATS_AVERAGES", "DATABASES", "CLIENTS",
        "SERVERS", "LISTS", "CONFIG", "VERSION",      "USERS",          "MEM"};
};
}  // namespace weir::base
