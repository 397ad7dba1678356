#include "loop/channel.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace weir::loop {
namespace {

// Aligned as its header must be.
struct alignas(cmsghdr) Attachment {
    std::array<char, CMSG_SPACE(sizeof(int))> bytes{};
};

void attach(msghdr& message, Attachment& room, int descriptor) {
    message.msg_control = room.bytes.data();
    message.msg_controllen = room.bytes.size();
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof descriptor);
    std::memcpy(CMSG_DATA(header), &descriptor, sizeof descriptor);
}

base::Fd attached(const msghdr& message) {
    const cmsghdr* header = CMSG_FIRSTHDR(&message);
    if (header == nullptr || header->cmsg_type != SCM_RIGHTS) return {};
    int descriptor = -1;
    std::memcpy(&descriptor, CMSG_DATA(header), sizeof descriptor);
    return base::Fd(descriptor);
}

}  // namespace

base::Result<std::pair<Channel, Channel>> Channel::pair() {
    std::array<int, 2> ends{};
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0) {
        return base::error(std::string("can't make a pair of sockets: ") + std::strerror(errno));
    }
    return std::pair(Channel(base::Fd(ends[0])), Channel(base::Fd(ends[1])));
}

std::optional<Channel> Channel::adopt(int descriptor) {
    int type = 0;
    socklen_t size = sizeof type;
    if (::getsockopt(descriptor, SOL_SOCKET, SO_TYPE, &type, &size) != 0) return std::nullopt;
    if (type != SOCK_SEQPACKET) return std::nullopt;
    ::fcntl(descriptor, F_SETFD, FD_CLOEXEC);
    return Channel(base::Fd(descriptor));
}

bool Channel::send(std::string_view bytes, int descriptor) const {
    if (bytes.empty() || bytes.size() > longest) return false;  // nothing would mean the end
    iovec piece{const_cast<char*>(bytes.data()), bytes.size()};
    msghdr message{};
    message.msg_iov = &piece;
    message.msg_iovlen = 1;
    Attachment room;
    if (descriptor >= 0) attach(message, room, descriptor);
    const ssize_t sent = ::sendmsg(socket_.get(), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    return sent == static_cast<ssize_t>(bytes.size());
}

std::optional<Channel::Packet> Channel::receive() {
    std::string bytes(longest, '\0');
    iovec piece{bytes.data(), bytes.size()};
    msghdr message{};
    message.msg_iov = &piece;
    message.msg_iovlen = 1;
    Attachment room;
    message.msg_control = room.bytes.data();
    message.msg_controllen = room.bytes.size();
    const ssize_t size = ::recvmsg(socket_.get(), &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (size <= 0) {
        closed_ = closed_ || size == 0 || (errno != EAGAIN && errno != EINTR);
        return std::nullopt;
    }
    bytes.resize(static_cast<std::size_t>(size));
    return Packet{std::move(bytes), attached(message)};
}

void Channel::wait(base::Instant deadline) const {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - base::Clock::now()).count();
    pollfd waited{socket_.get(), POLLIN, 0};
    // Whatever ended the wait, the caller looks again.
    (void)::poll(&waited, 1, static_cast<int>(std::clamp<long>(left, 0, 60'000)));
}

}  // namespace weir::loop
