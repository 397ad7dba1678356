#include "cli/reach.h"

#include <fmt/format.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>
#include <memory>

#include "base/fd.h"
#include "upstream/address.h"

namespace weir::cli {
namespace {

using std::chrono::milliseconds;

// 0, or the errno value that says why not.
int connect_within(const sockaddr* where, socklen_t size, milliseconds limit) {
    const base::Fd socket(
        ::socket(where->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!socket) return errno;
    if (::connect(socket.get(), where, size) == 0) return 0;
    if (errno != EINPROGRESS) return errno;
    pollfd waited{socket.get(), POLLOUT, 0};
    const int ready = ::poll(&waited, 1, static_cast<int>(limit.count()));
    if (ready == 0) return ETIMEDOUT;
    if (ready < 0) return errno;
    int error = 0;
    socklen_t length = sizeof error;
    ::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &error, &length);
    return error;
}

int reach_socket_file(const upstream::Endpoint& endpoint, milliseconds limit) {
    const auto path = endpoint.host + "/.s.PGSQL." + endpoint.port;
    sockaddr_un where{};
    where.sun_family = AF_UNIX;
    if (path.size() >= sizeof where.sun_path) return ENAMETOOLONG;
    path.copy(where.sun_path, path.size());
    return connect_within(reinterpret_cast<const sockaddr*>(&where), sizeof where, limit);
}

base::Result<void> reach_host(const upstream::Endpoint& endpoint, milliseconds limit) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_NUMERICSERV;
    addrinfo* found = nullptr;
    const int failure = ::getaddrinfo(endpoint.host.c_str(), endpoint.port.c_str(), &hints, &found);
    if (failure != 0) {
        return base::error(fmt::format("{}: {}", endpoint.host, ::gai_strerror(failure)));
    }
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> list(found, &::freeaddrinfo);
    int error = 0;
    for (const auto* one = list.get(); one != nullptr; one = one->ai_next) {
        error = connect_within(one->ai_addr, one->ai_addrlen, limit);
        if (error == 0) return {};
    }
    return base::error(
        fmt::format("{}:{}: {}", endpoint.host, endpoint.port, std::strerror(error)));
}

}  // namespace

base::Result<void> reach(const std::string& address, std::chrono::nanoseconds limit) {
    const auto endpoints = upstream::parse_address(address, "5432");
    if (!endpoints) return tl::make_unexpected(endpoints.error());
    const auto each = std::chrono::ceil<milliseconds>(limit);
    base::Result<void> last;
    for (const auto& endpoint : *endpoints) {
        if (endpoint.unix_socket()) {
            const int error = reach_socket_file(endpoint, each);
            last = error == 0 ? base::Result<void>{}
                              : base::error(endpoint.host + ": " + std::strerror(error));
        } else {
            last = reach_host(endpoint, each);
        }
        if (last) break;
    }
    return last;
}

}  // namespace weir::cli
