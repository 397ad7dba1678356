#include "loop/epoll_listener.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <tuple>

#include "base/log.h"
#include "harness.h"

namespace weir::loop {
namespace epoll_listener_test {

using testing::connect_to;
using testing::turn_until;

struct Keep final : Acceptor {
    void accepted(base::Fd socket) override {
        sockets.push_back(std::move(socket));
        if (on_accepted) on_accepted();
    }
    std::vector<base::Fd> sockets;
    std::function<void()> on_accepted;
};

struct EpollListenerTest : ::testing::Test {
    EpollLoop loop;
    Keep keep;
    base::Fd socket = *listen_on("127.0.0.1:0");
    std::unique_ptr<Listening> listening = loop.listen(socket.get(), keep);
};

TEST_F(EpollListenerTest, accepted_sockets_are_non_blocking_and_close_on_exec) {
    const base::Fd client = connect_to(socket.get());
    ASSERT_TRUE(turn_until(loop, [&] { return keep.sockets.size() == 1; }));
    const int accepted = keep.sockets[0].get();
    EXPECT_NE(::fcntl(accepted, F_GETFL) & O_NONBLOCK, 0);
    EXPECT_NE(::fcntl(accepted, F_GETFD) & FD_CLOEXEC, 0);
    EXPECT_EQ(peer_address(accepted), bound_address(client.get()));
}

TEST_F(EpollListenerTest, turn_accepts_a_bounded_batch) {
    std::vector<base::Fd> clients;
    for (int i = 0; i < EpollListener::batch + 10; ++i) clients.push_back(connect_to(socket.get()));
    loop.turn(nullptr);
    EXPECT_EQ(keep.sockets.size(), static_cast<std::size_t>(EpollListener::batch));
    EXPECT_TRUE(turn_until(loop, [&] { return keep.sockets.size() == clients.size(); }));
}

TEST_F(EpollListenerTest, destroyed_in_its_own_callback_accepts_no_more) {
    keep.on_accepted = [&] { listening.reset(); };
    const base::Fd first = connect_to(socket.get());
    const base::Fd second = connect_to(socket.get());
    loop.turn(nullptr);
    EXPECT_EQ(keep.sockets.size(), 1U);
    EXPECT_EQ(loop.turn(nullptr), 0);
    // The descriptor is still the owner's, and whoever waits there can be accepted by another.
    keep.on_accepted = nullptr;
    listening = loop.listen(socket.get(), keep);
    EXPECT_TRUE(turn_until(loop, [&] { return keep.sockets.size() == 2; }));
}

TEST_F(EpollListenerTest, lack_of_descriptors_makes_it_rest_instead_of_spin) {
    const base::Fd client = connect_to(socket.get());
    // The undefined-behaviour sanitizer opens a pipe to look at a type for the first time, which
    // fails below: let it see the types of a log line now.
    std::ignore =
        base::log::line(base::log::Level::error, "first", {{"error", "none"}, {"socket", 1}});
    rlimit before{};
    ::getrlimit(RLIMIT_NOFILE, &before);
    const int lowest_free = ::dup(socket.get());
    ::close(lowest_free);
    const rlimit full{static_cast<rlim_t>(lowest_free), before.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &full), 0);
    int events = 0;
    for (int i = 0; i < 5; ++i) events += loop.turn(nullptr);  // nothing but ticks after the first
    ::setrlimit(RLIMIT_NOFILE, &before);
    EXPECT_LE(events, 4);
    EXPECT_TRUE(keep.sockets.empty());
    EXPECT_TRUE(turn_until(loop, [&] { return keep.sockets.size() == 1; }));
}

}  // namespace epoll_listener_test
}  // namespace weir::loop
