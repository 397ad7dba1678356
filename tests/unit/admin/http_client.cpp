#include "admin/http_client.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <array>
#include <cstdlib>

namespace weir::admin {

std::string Answer::header(std::string_view name) const {
    const std::string start = fmt::format("\r\n{}: ", name);
    const std::size_t at = head.find(start);
    if (at == std::string::npos) return {};
    const std::size_t begin = at + start.size();
    return head.substr(begin, head.find("\r\n", begin) - begin);
}

HttpClient::HttpClient(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    const timeval limit{10, 0};
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) !=
        0) {
        socket_.reset();
    }
}

void HttpClient::send(std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t sent = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent <= 0) return;  // the server has closed: receive() tells
        bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
}

bool HttpClient::fill() {
    std::array<char, 8192> chunk{};
    const ssize_t got = ::recv(socket_.get(), chunk.data(), chunk.size(), 0);
    if (got <= 0) return false;
    unread_.append(chunk.data(), static_cast<std::size_t>(got));
    return true;
}

Answer HttpClient::receive(bool head) {
    std::size_t end = std::string::npos;
    while ((end = unread_.find("\r\n\r\n")) == std::string::npos) {
        if (!fill()) return {};
    }
    Answer answer;
    answer.head = unread_.substr(0, end + 2);
    unread_.erase(0, end + 4);
    answer.status = std::atoi(answer.head.substr(answer.head.find(' ')).c_str());
    const auto length =
        head ? 0 : static_cast<std::size_t>(std::atol(answer.header("Content-Length").c_str()));
    while (unread_.size() < length) {
        if (!fill()) return {};
    }
    answer.body = unread_.substr(0, length);
    unread_.erase(0, length);
    return answer;
}

bool HttpClient::closed_by_server() {
    std::array<char, 1> byte{};
    return unread_.empty() && ::recv(socket_.get(), byte.data(), byte.size(), 0) == 0;
}

Answer ask(std::uint16_t port, std::string_view method, std::string_view path,
           std::string_view headers, std::string_view body) {
    HttpClient client(port);
    std::string request =
        fmt::format("{} {} HTTP/1.1\r\nHost: localhost:{}\r\n{}", method, path, port, headers);
    if (!body.empty()) {
        request += fmt::format("Content-Length: {}\r\n", body.size());
    }
    client.send(request + "\r\n" + std::string(body));
    return client.receive(method == "HEAD");
}

}  // namespace weir::admin
