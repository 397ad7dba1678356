// What the tests of the loop share: socket pairs, a user of a stream that writes down what it is
// told, and turning a loop until something has come true.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "loop/epoll_loop.h"
#include "loop/socket.h"

namespace weir::loop::testing {

struct Pair {
    base::Fd ours;  // non-blocking: the loop's
    base::Fd peer;  // blocking with a time-out: the test's
};

inline void bound_patience(int socket) {
    const timeval patience{5, 0};
    ::setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    ::setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
}

inline Pair unix_pair(int type = SOCK_STREAM) {
    int fds[2] = {-1, -1};
    EXPECT_EQ(::socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, fds), 0);
    ::fcntl(fds[0], F_SETFL, O_NONBLOCK);
    bound_patience(fds[1]);
    return {base::Fd(fds[0]), base::Fd(fds[1])};
}

inline base::Fd connect_to(int listener) {
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    ::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size);
    base::Fd socket(::socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    bound_patience(socket.get());
    EXPECT_EQ(::connect(socket.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
    return socket;
}

inline Pair tcp_pair() {
    auto listener = listen_on("127.0.0.1:0");
    EXPECT_TRUE(listener.has_value());
    base::Fd peer = connect_to(listener->get());
    base::Fd ours(::accept4(listener->get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    EXPECT_TRUE(static_cast<bool>(ours));
    return {std::move(ours), std::move(peer)};
}

// Everything up to the end of file, or `size` bytes, whichever comes first.
inline std::string read_from(int socket, std::size_t size = std::string::npos) {
    std::string result;
    char bytes[65536];
    while (result.size() < size) {
        const std::size_t want = std::min(sizeof bytes, size - result.size());
        const ssize_t n = ::recv(socket, bytes, want, 0);
        if (n <= 0) break;
        result.append(bytes, static_cast<std::size_t>(n));
    }
    return result;
}

inline void send_to(int socket, std::string_view text) {
    ASSERT_EQ(::send(socket, text.data(), text.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(text.size()));
}

// A close that the peer sees as a reset.
inline void reset(base::Fd& socket) {
    const linger now{1, 0};
    ::setsockopt(socket.get(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
    socket.reset();
}

inline std::string pattern(std::size_t size) {
    std::string result(size, '\0');
    for (std::size_t i = 0; i < size; ++i) result[i] = static_cast<char>((i * 31 + i / 251) & 0xff);
    return result;
}

// Turns until `done` or for a minute of the loop's time; false then.
inline bool turn_until(EpollLoop& loop, const std::function<bool()>& done) {
    const base::Instant end = loop.now() + std::chrono::minutes(1);
    while (!done() && loop.now() < end) loop.turn(nullptr);
    return done();
}

// An owner that tells when the loop let go of it.
class WatchedFd final : public FdOwner {
  public:
    WatchedFd(base::Fd fd, bool& gone) : fd_(std::move(fd)), gone_(gone) {}
    ~WatchedFd() override { gone_ = true; }
    WatchedFd(const WatchedFd&) = delete;
    WatchedFd& operator=(const WatchedFd&) = delete;
    [[nodiscard]] int fd() const override { return fd_.get(); }

  private:
    base::Fd fd_;
    bool& gone_;
};

// Writes down what it is told and does what the test wants on top.
class Recorder : public StreamEvents {
  public:
    void received(Slice bytes) override {
        EXPECT_FALSE(bytes.empty());
        EXPECT_FALSE(ended || error);
        ++receives;
        text.append(bytes.bytes());
        if (on_received) on_received(std::move(bytes));
    }
    void end_of_input() override {
        EXPECT_FALSE(ended || error);
        ended = true;
        if (on_end) on_end();
    }
    void drained() override {
        ++drains;
        if (on_drained) on_drained();
    }
    void closed(int reason) override {
        EXPECT_FALSE(error);
        error = reason;
        if (on_closed) on_closed();
    }

    std::string text;
    int receives = 0;
    int drains = 0;
    bool ended = false;
    std::optional<int> error;
    std::function<void(Slice)> on_received;
    std::function<void()> on_end, on_drained, on_closed;
};

}  // namespace weir::loop::testing
