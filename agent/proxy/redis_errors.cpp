#include "proxy/redis_errors.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

namespace weir::proxy {

std::string redis_error(std::string_view text) {
    std::string error = fmt::format("-{}\r\n", text);
    std::replace_if(
        error.begin() + 1, error.end() - 2, [](char c) { return c == '\r' || c == '\n'; }, ' ');
    return error;
}

std::string redis_error(const Answer& why) {
    std::string_view code = "ERR";
    if (why.sqlstate == "28P01") code = "WRONGPASS";
    if (why.sqlstate == "28000") code = "NOPERM";
    if (why.sqlstate == "57P01") code = "ERR shutting down:";
    const bool explains = !why.hint.empty();
    return redis_error(fmt::format("{} {}{}{}", code, why.message, explains ? ". " : "", why.hint));
}

std::string redis_error(const pool::Refusal& refusal, const Answer& why) {
    Answer told = why;
    if (refusal.outcome == pool::AcquireOutcome::timeout) {
        told.message.insert(0, "pool timeout: ");
    } else if (refusal.outcome == pool::AcquireOutcome::error) {
        // The server's words about the pool's account, not about the client's.
        told.sqlstate = "08006";
        told.message.insert(0, "upstream refused the pool's connection: ");
    }
    return redis_error(told);
}

std::string redis_bulk(std::string_view text) {
    return fmt::format("${}\r\n{}\r\n", text.size(), text);
}

std::string redis_integer(std::int64_t value) { return fmt::format(":{}\r\n", value); }

std::string redis_greeting(std::int64_t client_id, bool resp3) {
    return (resp3 ? "%7\r\n" : "*14\r\n") + redis_bulk("server") + redis_bulk("redis") +
           redis_bulk("version") + redis_bulk("7.0.0") + redis_bulk("proto") +
           redis_integer(resp3 ? 3 : 2) + redis_bulk("id") + redis_integer(client_id) +
           redis_bulk("mode") + redis_bulk("standalone") + redis_bulk("role") +
           redis_bulk("master") + redis_bulk("modules") + "*0\r\n";
}

std::string shown_command(std::string_view name) {
    constexpr std::size_t longest = 32;
    std::string text(name.substr(0, longest));
    std::erase_if(text, [](unsigned char c) { return std::isgraph(c) == 0; });
    return text;
}

}  // namespace weir::proxy
