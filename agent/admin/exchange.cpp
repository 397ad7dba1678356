#include "admin/exchange.h"

#include <civetweb.h>
#include <fmt/format.h>

#include <array>

namespace weir::admin {
namespace {

std::string text(const char* value) { return value == nullptr ? std::string() : value; }

tl::unexpected<Response> unfit(int status, std::string_view code, std::string_view message) {
    return tl::make_unexpected(refusal(status, code, message));
}

// False when a header that decides about access stands twice.
bool take_headers(const mg_request_info& info, Request& request) {
    bool authorized = false;
    for (int i = 0; i < info.num_headers; ++i) {
        const mg_header& header = info.http_headers[i];
        const std::string value = text(header.value);
        if (mg_strcasecmp(header.name, "Host") == 0) {
            if (request.host) return false;
            request.host = value;
        } else if (mg_strcasecmp(header.name, "Origin") == 0) {
            if (request.origin) return false;
            request.origin = value;
        } else if (mg_strcasecmp(header.name, "Authorization") == 0) {
            if (authorized) return false;
            authorized = true;
            request.authorization = value;
        } else if (mg_strcasecmp(header.name, "Content-Type") == 0) {
            request.content_type = value;
        }
    }
    return true;
}

// False when the client went away before the body's end.
bool take_body(mg_connection* connection, const mg_request_info& info, Request& request) {
    request.oversized = info.content_length > static_cast<long long>(max_body);
    std::array<char, 4096> chunk{};
    while (!request.oversized) {
        const int got = mg_read(connection, chunk.data(), chunk.size());
        if (got < 0) return false;
        if (got == 0) break;
        request.body.append(chunk.data(), static_cast<std::size_t>(got));
        request.oversized = request.body.size() > max_body;
    }
    if (request.oversized) {
        mg_disable_connection_keep_alive(connection);
        request.body.clear();
        return true;
    }
    return info.content_length < 0 ||
           request.body.size() == static_cast<std::size_t>(info.content_length);
}

base::Result<Request, Response> take(mg_connection* connection) {
    const mg_request_info& info = *mg_get_request_info(connection);
    Request request;
    request.method = text(info.request_method);
    request.path = text(info.local_uri_raw);
    request.query = text(info.query_string);
    request.peer = fmt::format("{}:{}", info.remote_addr, info.remote_port);
    if (info.num_headers >= MG_MAX_HEADERS) {  // CivetWeb drops the rest unsaid
        return unfit(431, "too_many_headers", "the request has too many headers");
    }
    if (!take_headers(info, request)) {
        return unfit(400, "bad_request", "Host, Origin or Authorization stands twice");
    }
    if (!request.host && text(info.http_version) != "1.0") {
        return unfit(400, "bad_request", "the Host header is missing");
    }
    if (!take_body(connection, info, request)) {
        return unfit(400, "bad_request", "the body ended too early");
    }
    return request;
}

}  // namespace

base::Result<Request, Response> take_request(mg_connection* connection) {
    auto request = take(connection);
    if (!request) mg_disable_connection_keep_alive(connection);
    return request;
}

void send_answer(mg_connection* connection, const Response& response, bool with_body) {
    mg_response_header_start(connection, response.status);
    const std::string length = std::to_string(response.body.size());
    mg_response_header_add(connection, "Content-Type", response.type.c_str(), -1);
    mg_response_header_add(connection, "Content-Length", length.c_str(), -1);
    mg_response_header_add(connection, "Cache-Control", "no-store", -1);
    mg_response_header_add(connection, "X-Content-Type-Options", "nosniff", -1);
    for (const auto& [name, value] : response.headers) {
        mg_response_header_add(connection, name.c_str(), value.c_str(), -1);
    }
    mg_response_header_send(connection);
    if (with_body && !response.body.empty()) {
        mg_write(connection, response.body.data(), response.body.size());
    }
}

}  // namespace weir::admin
