#include "loop/socket.h"

#include <gtest/gtest.h>
#include <netinet/tcp.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "harness.h"

namespace weir::loop {
namespace {

using testing::connect_to;
using testing::Pair;
using testing::tcp_pair;
using testing::unix_pair;

// A folder of its own for socket files.
struct SocketTest : ::testing::Test {
    SocketTest() {
        std::string name = (std::filesystem::temp_directory_path() / "weir-XXXXXX").string();
        folder = ::mkdtemp(name.data());
        address = "unix:" + (folder / "socket").string();
    }
    ~SocketTest() override { std::filesystem::remove_all(folder); }

    std::filesystem::path folder;
    std::string address;
};

int option(int socket, int level, int name) {
    int value = -1;
    socklen_t size = sizeof value;
    EXPECT_EQ(::getsockopt(socket, level, name, &value, &size), 0);
    return value;
}

TEST_F(SocketTest, port_0_takes_a_free_one_and_bound_address_tells_it) {
    const auto socket = listen_on("127.0.0.1:0");
    ASSERT_TRUE(socket.has_value());
    const std::string bound = bound_address(socket->get());
    EXPECT_TRUE(bound.starts_with("127.0.0.1:"));
    EXPECT_NE(bound, "127.0.0.1:0");
    EXPECT_FALSE(is_unix(socket->get()));
    EXPECT_NE(::fcntl(socket->get(), F_GETFL) & O_NONBLOCK, 0);
    EXPECT_EQ(option(socket->get(), SOL_SOCKET, SO_REUSEADDR), 1);
}

TEST_F(SocketTest, names_and_wildcards_are_understood) {
    EXPECT_TRUE(listen_on("localhost:0").has_value());
    EXPECT_TRUE(listen_on("*:0").has_value());
}

TEST_F(SocketTest, address_in_use_is_an_error_that_names_it) {
    const auto first = listen_on("127.0.0.1:0");
    const std::string taken = bound_address(first->get());
    const auto second = listen_on(taken);
    ASSERT_FALSE(second.has_value());
    EXPECT_NE(second.error().message.find(taken), std::string::npos);
}

TEST_F(SocketTest, what_is_no_address_is_an_error) {
    for (const char* each : {"", "6432", "127.0.0.1", "127.0.0.1:", "::1:6432",
                             "127.0.0.1:postgres", "no.such.host.invalid:1", "unix:"}) {
        EXPECT_FALSE(listen_on(each).has_value()) << each;
    }
    EXPECT_FALSE(listen_on("unix:/" + std::string(200, 'x')).has_value());
}

TEST_F(SocketTest, stale_socket_file_is_replaced_and_a_live_one_is_not) {
    {
        const auto gone = listen_on(address);
        ASSERT_TRUE(gone.has_value());
    }
    const auto live = listen_on(address);
    ASSERT_TRUE(live.has_value()) << live.error().message;
    EXPECT_EQ(bound_address(live->get()), address);
    EXPECT_FALSE(listen_on(address).has_value());
    EXPECT_TRUE(static_cast<bool>(connect_to(live->get())));
}

TEST_F(SocketTest, file_that_is_no_socket_is_never_removed) {
    const std::filesystem::path path = folder / "socket";
    std::ofstream(path) << "precious";
    EXPECT_FALSE(listen_on(address).has_value());
    EXPECT_EQ(std::filesystem::file_size(path), 8U);
}

TEST_F(SocketTest, loopback_is_known_from_the_address_alone) {
    for (const char* each : {"127.0.0.1:1", "127.8.9.10:1", "[::1]:1", "localhost:1", "unix:/run/x",
                             "[::ffff:127.0.0.1]:1"}) {
        EXPECT_TRUE(is_loopback(each)) << each;
    }
    for (const char* each : {"0.0.0.0:1", "*:1", ":1", "[::]:1", "10.0.0.1:1", "db.example:1", "1",
                             "127.example.org:1"}) {
        EXPECT_FALSE(is_loopback(each)) << each;
    }
}

TEST_F(SocketTest, peer_is_named_by_address_or_by_process) {
    const Pair tcp = tcp_pair();
    EXPECT_EQ(peer_address(tcp.ours.get()), bound_address(tcp.peer.get()));
    const Pair local = unix_pair();
    EXPECT_EQ(peer_address(local.ours.get()),
              "unix:pid=" + std::to_string(::getpid()) + ",uid=" + std::to_string(::getuid()));
    EXPECT_TRUE(is_unix(local.ours.get()));
}

TEST_F(SocketTest, tuned_socket_notices_a_silent_peer_within_three_intervals) {
    const Pair pair = tcp_pair();
    tune(pair.ours.get(), std::chrono::seconds(30));
    EXPECT_EQ(option(pair.ours.get(), IPPROTO_TCP, TCP_NODELAY), 1);
    EXPECT_EQ(option(pair.ours.get(), SOL_SOCKET, SO_KEEPALIVE), 1);
    const int idle = option(pair.ours.get(), IPPROTO_TCP, TCP_KEEPIDLE);
    const int interval = option(pair.ours.get(), IPPROTO_TCP, TCP_KEEPINTVL);
    const int count = option(pair.ours.get(), IPPROTO_TCP, TCP_KEEPCNT);
    EXPECT_EQ(idle + count * interval, 90);
}

TEST_F(SocketTest, keepalive_of_zero_leaves_it_off) {
    const Pair pair = tcp_pair();
    tune(pair.ours.get(), std::chrono::seconds(0));
    EXPECT_EQ(option(pair.ours.get(), IPPROTO_TCP, TCP_NODELAY), 1);
    EXPECT_EQ(option(pair.ours.get(), SOL_SOCKET, SO_KEEPALIVE), 0);
}

}  // namespace
}  // namespace weir::loop
