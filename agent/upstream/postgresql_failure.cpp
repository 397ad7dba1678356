#include "upstream/postgresql_failure.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

namespace weir::upstream {
namespace {

using telemetry::CreateFailure;

constexpr std::size_t sqlstate_length = 5;

// PostgreSQL documentation, appendix "PostgreSQL Error Codes". What the server says of itself
// counts against the upstream; what it says of an account, a database or a setting belongs to the
// pool.
CreateFailure reason_of(std::string_view sqlstate) {
    if (sqlstate == "53300") return CreateFailure::too_many;
    if (sqlstate == "57P03" || sqlstate == "57P01" || sqlstate == "57P02") {
        return CreateFailure::refused;  // starting up, shutting down, recovering from a crash
    }
    if (sqlstate == "57P04") return CreateFailure::database;  // dropped meanwhile
    const std::string_view family = sqlstate.substr(0, 2);
    if (family == "28") return CreateFailure::auth;
    if (family == "53" || family == "58") return CreateFailure::refused;  // out of memory, disk
    constexpr std::array<std::string_view, 8> of_the_pool{"3D", "3F", "42", "22",
                                                          "55", "0L", "0P", "2F"};
    if (std::find(of_the_pool.begin(), of_the_pool.end(), family) != of_the_pool.end()) {
        return CreateFailure::database;
    }
    return CreateFailure::protocol;
}

// The agent never calls setlocale(), so libpq's and the C library's own texts are English.
CreateFailure reason_of_text(std::string_view text) {
    constexpr std::array<std::pair<std::string_view, CreateFailure>, 16> clues{{
        {"could not translate host name", CreateFailure::dns},
        {"Connection timed out", CreateFailure::timeout},
        {"timeout expired", CreateFailure::timeout},
        {"no password supplied", CreateFailure::auth},
        {"invalid response", CreateFailure::protocol},  // to a request for TLS, too
        {"SSL ", CreateFailure::tls},
        {"certificate", CreateFailure::tls},
        {"private key", CreateFailure::tls},
        {"password", CreateFailure::auth},
        {"authentication method", CreateFailure::auth},
        {"SASL", CreateFailure::auth},
        {"SCRAM", CreateFailure::auth},
        {"expected authentication request", CreateFailure::protocol},
        {"protocol", CreateFailure::protocol},
        {"unexpected message", CreateFailure::protocol},
        {"lost synchronization", CreateFailure::protocol},
    }};
    for (const auto& [clue, reason] : clues) {
        if (text.find(clue) != std::string_view::npos) return reason;
    }
    return CreateFailure::refused;  // refused, unreachable, hung up, or no such socket
}

std::string_view first_line(std::string_view text) { return text.substr(0, text.find('\n')); }

bool is_sqlstate(std::string_view text) {
    return text.size() == sqlstate_length && std::all_of(text.begin(), text.end(), [](char c) {
               return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z');
           });
}

// Where "SEVERITY:  SQLSTATE: message" has its SQLSTATE; npos when the line has none.
std::size_t find_sqlstate(std::string_view line) {
    constexpr std::string_view before = ":  ";
    for (std::size_t at = line.find(before); at != std::string_view::npos;
         at = line.find(before, at + 1)) {
        const std::size_t state = at + before.size();
        const std::size_t end = state + sqlstate_length;
        if (end + 1 < line.size() && is_sqlstate(line.substr(state, sqlstate_length)) &&
            line.substr(end, 2) == ": ") {
            return state;
        }
    }
    return std::string_view::npos;
}

}  // namespace

DialFailure classify_postgresql_failure(std::string_view verbose_text) {
    // One attempt a host: "connection to server at …" begins each; the last one is the reason.
    std::string_view text = verbose_text;
    const std::size_t last = text.rfind("connection to server ");
    if (last != std::string_view::npos) text.remove_prefix(last);
    const std::string_view line = first_line(text);

    const std::size_t state = find_sqlstate(line);
    if (state != std::string_view::npos) {
        const std::string_view sqlstate = line.substr(state, sqlstate_length);
        return {reason_of(sqlstate), std::string(sqlstate),
                std::string(line.substr(state + sqlstate_length + 2))};
    }
    return {reason_of_text(line), {}, std::string(line.empty() ? "connection failed" : line)};
}

}  // namespace weir::upstream
