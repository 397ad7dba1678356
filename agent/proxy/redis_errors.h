// What Redis clients are told: the reasons of refusals.h as RESP errors, and the small replies that
// Weir gives itself. A message never breaks its line. Pure; any thread.
// Source: Redis documentation, "Redis serialization protocol specification".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "proxy/refusals.h"

namespace weir::proxy {

constexpr std::string_view redis_ok = "+OK\r\n";
constexpr std::string_view redis_noproto = "-NOPROTO unsupported protocol version\r\n";
constexpr std::string_view redis_nobody = "default";  // the account of who names none

// `text` begins with the error's code: "ERR …".
[[nodiscard]] std::string redis_error(std::string_view text);
[[nodiscard]] std::string redis_error(const Answer& why);
// As answer(), an acquire that failed.
[[nodiscard]] std::string redis_error(const pool::Refusal& refusal, const Answer& why);

[[nodiscard]] std::string redis_bulk(std::string_view text);
[[nodiscard]] std::string redis_integer(std::int64_t value);
// The answer to HELLO.
[[nodiscard]] std::string redis_greeting(std::int64_t client_id, bool resp3);
// A command's name, cut and without what is no letter, for messages.
[[nodiscard]] std::string shown_command(std::string_view name);

}  // namespace weir::proxy
