// One admin HTTP request and its answer, free of the web server's types so that routes can be
// tested without a socket. Built by server.cpp on an admin thread, used by that thread alone.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir::admin {

// A POST body never needs more; a longer one is not read at all.
inline constexpr std::size_t max_body = 16 * 1024;

struct Request {
    std::string method;
    std::string path;   // as sent, still percent-encoded, without the query
    std::string query;  // as sent, without the '?'
    std::string peer;   // address of the client, for the audit line
    std::optional<std::string> host, origin;
    std::string authorization, content_type, accept, accept_encoding, if_none_match;
    std::string body;
    bool oversized = false;  // the body is longer than max_body (and was left unread)
    bool last = false;       // no request follows on this connection
};

struct Response {
    int status = 200;
    std::string type = "application/json";
    std::string body;
    std::string_view caching = "no-store";
    std::vector<std::pair<std::string, std::string>> headers;  // besides these
};

[[nodiscard]] Response json_answer(std::string body);
[[nodiscard]] Response text_answer(int status, std::string body);
// {"error":{"code":…,"message":…}}; `code` is a stable word for programs, `message` is for people.
[[nodiscard]] Response refusal(int status, std::string_view code, std::string_view message);

}  // namespace weir::admin
