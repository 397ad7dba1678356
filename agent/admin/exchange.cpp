#include "admin/exchange.h"

#include <civetweb.h>
#include <fmt/chrono.h>
#include <fmt/format.h>

#include <array>
#include <ctime>
#include <iterator>

namespace weir::admin {
namespace {

std::string text(const char* value) { return value == nullptr ? std::string() : value; }

tl::unexpected<Response> unfit(int status, std::string_view code, std::string_view message) {
    return tl::make_unexpected(refusal(status, code, message));
}

// A header that stands several times is one list (RFC 9110, 5.3).
void add_to_list(std::string& list, const std::string& value) {
    if (!list.empty()) list += ',';
    list += value;
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
        } else if (mg_strcasecmp(header.name, "Accept") == 0) {
            add_to_list(request.accept, value);
        } else if (mg_strcasecmp(header.name, "Accept-Encoding") == 0) {
            add_to_list(request.accept_encoding, value);
        } else if (mg_strcasecmp(header.name, "If-None-Match") == 0) {
            request.if_none_match = value;
        } else if (mg_strcasecmp(header.name, "Connection") == 0) {
            request.last = request.last || mg_strcasecmp(value.c_str(), "keep-alive") != 0;
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
        request.last = true;
        request.body.clear();
        return true;
    }
    return info.content_length < 0 ||
           request.body.size() == static_cast<std::size_t>(info.content_length);
}

}  // namespace

base::Result<Request, Response> take_request(mg_connection* connection) {
    const mg_request_info& info = *mg_get_request_info(connection);
    Request request;
    request.method = text(info.request_method);
    request.path = text(info.local_uri_raw);
    request.query = text(info.query_string);
    request.last = text(info.http_version) == "1.0";
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

// Written by ourselves: CivetWeb's own functions for headers ask gmtime() for the Date, whose
// result its threads share.
void send_answer(mg_connection* connection, const Response& response, Sending sending) {
    if (sending.last) mg_disable_connection_keep_alive(connection);
    std::string bytes = fmt::format(
        "HTTP/1.1 {} {}\r\n"
        "Date: {:%a, %d %b %Y %H:%M:%S} GMT\r\n"
        "Connection: {}\r\n"
        "Cache-Control: {}\r\n"
        "X-Content-Type-Options: nosniff\r\n",
        response.status, mg_get_response_code_text(connection, response.status),
        fmt::gmtime(std::time(nullptr)), sending.last ? "close" : "keep-alive", response.caching);
    if (response.status != 304) {  // which has no body, and tells nothing of the one it stands for
        fmt::format_to(std::back_inserter(bytes), "Content-Type: {}\r\nContent-Length: {}\r\n",
                       response.type, response.body.size());
    }
    for (const auto& [name, value] : response.headers) {
        fmt::format_to(std::back_inserter(bytes), "{}: {}\r\n", name, value);
    }
    bytes += "\r\n";
    if (sending.body) bytes += response.body;
    // A client that has gone is noticed by CivetWeb at the next read.
    mg_write(connection, bytes.data(), bytes.size());
}

}  // namespace weir::admin
