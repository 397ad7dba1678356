#include "loop/socket.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <optional>

namespace weir::loop {
namespace {

constexpr int backlog = 4096;
constexpr std::string_view unix_prefix = "unix:";

bool starts_with_unix(const std::string& address) { return address.starts_with(unix_prefix); }

tl::unexpected<base::Error> failed(const std::string& address, int error) {
    return base::error("cannot listen on " + address + ": " + std::strerror(error));
}

struct HostPort {
    std::string host;
    std::string port;
};

std::optional<HostPort> split(const std::string& address) {
    const std::size_t colon = address.rfind(':');
    if (colon == std::string::npos || colon + 1 == address.size()) return std::nullopt;
    std::string host = address.substr(0, colon);
    if (host.size() >= 2 && host.front() == '[' && host.back() == ']') {
        host = host.substr(1, host.size() - 2);
    } else if (host.find(':') != std::string::npos) {
        return std::nullopt;  // an IPv6 address without brackets: where its port begins is a guess
    }
    return HostPort{std::move(host), address.substr(colon + 1)};
}

// Binds and listens; errno tells when nothing comes back.
base::Fd listen_at(int family, const sockaddr* address, socklen_t size) {
    base::Fd socket(::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!socket) return {};
    const int on = 1;
    if (family != AF_UNIX) ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    // Else [::]:6432 would claim 0.0.0.0:6432, too, and the two could not both be configured.
    if (family == AF_INET6) ::setsockopt(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    const bool listens =
        ::bind(socket.get(), address, size) == 0 && ::listen(socket.get(), backlog) == 0;
    return listens ? std::move(socket) : base::Fd();
}

// A socket file that nobody listens on any more.
bool stale(const sockaddr_un& address) {
    struct stat status {};
    if (::lstat(address.sun_path, &status) != 0 || !S_ISSOCK(status.st_mode)) return false;
    const base::Fd probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    const auto* generic = reinterpret_cast<const sockaddr*>(&address);
    return probe && ::connect(probe.get(), generic, sizeof address) != 0 && errno == ECONNREFUSED;
}

base::Result<base::Fd> listen_on_path(const std::string& address) {
    const std::string path = address.substr(unix_prefix.size());
    sockaddr_un where{};
    where.sun_family = AF_UNIX;
    if (path.empty() || path.size() >= sizeof where.sun_path) {
        return base::error("cannot listen on " + address + ": a socket's path has 1 to " +
                           std::to_string(sizeof where.sun_path - 1) + " bytes");
    }
    path.copy(where.sun_path, path.size());
    if (stale(where)) ::unlink(where.sun_path);
    base::Fd socket = listen_at(AF_UNIX, reinterpret_cast<const sockaddr*>(&where), sizeof where);
    if (!socket) return failed(address, errno);
    // As at a server's own socket, whoever may log in decides, not the file's mode.
    if (::chmod(where.sun_path, 0777) != 0) return failed(address, errno);
    return socket;
}

std::string host_and_port(const sockaddr_storage& address) {
    std::array<char, INET6_ADDRSTRLEN> host{};
    std::array<char, 8> port{};
    const int result =
        ::getnameinfo(reinterpret_cast<const sockaddr*>(&address), sizeof address, host.data(),
                      host.size(), port.data(), port.size(), NI_NUMERICHOST | NI_NUMERICSERV);
    if (result != 0) return {};
    const std::string name(host.data());
    return (address.ss_family == AF_INET6 ? "[" + name + "]" : name) + ":" + port.data();
}

int option_of(int socket, int option) {
    int value = 0;
    socklen_t size = sizeof value;
    ::getsockopt(socket, SOL_SOCKET, option, &value, &size);
    return value;
}

void set_tcp(int socket, int option, int value) {
    ::setsockopt(socket, IPPROTO_TCP, option, &value, sizeof value);
}

}  // namespace

base::Result<base::Fd> listen_on(const std::string& address) {
    if (starts_with_unix(address)) return listen_on_path(address);
    const auto where = split(address);
    if (!where) {
        return base::error("cannot listen on " + address +
                           ": expected host:port, [IPv6]:port or unix:/path");
    }
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
    addrinfo* found = nullptr;
    const bool any = where->host.empty() || where->host == "*";
    const int result =
        ::getaddrinfo(any ? nullptr : where->host.c_str(), where->port.c_str(), &hints, &found);
    if (result != 0) {
        return base::error("cannot listen on " + address + ": " + ::gai_strerror(result));
    }
    const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owned(found, ::freeaddrinfo);
    int error = EADDRNOTAVAIL;
    for (const addrinfo* each = found; each != nullptr; each = each->ai_next) {
        base::Fd socket = listen_at(each->ai_family, each->ai_addr, each->ai_addrlen);
        if (socket) return socket;
        error = errno;
    }
    return failed(address, error);
}

bool take_listening(int socket) {
    return option_of(socket, SO_ACCEPTCONN) == 1 && option_of(socket, SO_TYPE) == SOCK_STREAM &&
           ::fcntl(socket, F_SETFD, FD_CLOEXEC) == 0 && ::fcntl(socket, F_SETFL, O_NONBLOCK) == 0;
}

std::string bound_address(int socket) {
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    if (::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) != 0) return {};
    if (address.ss_family != AF_UNIX) return host_and_port(address);
    sockaddr_un path{};
    std::memcpy(&path, &address, sizeof path);
    return std::string(unix_prefix) +
           std::string(path.sun_path, ::strnlen(path.sun_path, sizeof path.sun_path));
}

bool is_loopback(const std::string& address) {
    if (starts_with_unix(address)) return true;
    const auto where = split(address);
    if (!where) return false;
    in_addr v4{};
    if (::inet_pton(AF_INET, where->host.c_str(), &v4) == 1) return ntohl(v4.s_addr) >> 24U == 127;
    in6_addr v6{};
    if (::inet_pton(AF_INET6, where->host.c_str(), &v6) == 1) {
        const bool mapped = IN6_IS_ADDR_V4MAPPED(&v6) && v6.s6_addr[12] == 127;
        return IN6_IS_ADDR_LOOPBACK(&v6) || mapped;
    }
    return where->host == "localhost";
}

std::string peer_address(int socket) {
    if (is_unix(socket)) {
        ucred peer{};
        socklen_t size = sizeof peer;
        if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return "unix:";
        return "unix:pid=" + std::to_string(peer.pid) + ",uid=" + std::to_string(peer.uid);
    }
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    if (::getpeername(socket, reinterpret_cast<sockaddr*>(&address), &size) != 0) return {};
    return host_and_port(address);
}

bool is_unix(int socket) { return option_of(socket, SO_DOMAIN) == AF_UNIX; }

void tune(int socket, std::chrono::nanoseconds keepalive) {
    if (is_unix(socket)) return;
    set_tcp(socket, TCP_NODELAY, 1);
    if (keepalive <= std::chrono::nanoseconds::zero()) return;
    // The first probe after one interval and two in all: a silent peer is gone after the third.
    constexpr long most = 32767;  // what the kernel takes, seconds
    const long asked = std::chrono::ceil<std::chrono::seconds>(keepalive).count();
    const int interval = static_cast<int>(std::min(asked, most));
    const int on = 1;
    ::setsockopt(socket, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    set_tcp(socket, TCP_KEEPIDLE, interval);
    set_tcp(socket, TCP_KEEPINTVL, interval);
    set_tcp(socket, TCP_KEEPCNT, 2);
}

}  // namespace weir::loop
