// Pausing, resuming and full send buffers: nothing may be lost, pile up or spin.
#include <gtest/gtest.h>

#include "harness.h"
#include "loop/epoll_stream.h"

namespace weir::loop {
namespace {

using testing::Pair;
using testing::pattern;
using testing::read_from;
using testing::Recorder;
using testing::reset;
using testing::send_to;
using testing::tcp_pair;
using testing::turn_until;
using testing::unix_pair;

struct EpollBackPressureTest : ::testing::Test {
    Stream& open(Pair& pair, StreamEvents& events) {
        return loop.open(own(std::move(pair.ours)), events);
    }
    EpollLoop loop;
    Recorder user;
};

TEST_F(EpollBackPressureTest, turn_receives_at_most_64_kib_of_a_stream) {
    Pair pair = tcp_pair();
    const int size = 4 << 20;
    ::setsockopt(pair.ours.get(), SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
    ::fcntl(pair.peer.get(), F_SETFL, O_NONBLOCK);
    open(pair, user);
    const std::string text = pattern(200'000);
    std::size_t sent = 0;
    std::size_t told = 0;
    const base::Instant end = loop.now() + std::chrono::minutes(1);
    while (user.text.size() < text.size() && loop.now() < end) {
        const ssize_t n = ::send(pair.peer.get(), text.data() + sent, text.size() - sent, 0);
        if (n > 0) sent += static_cast<std::size_t>(n);
        loop.turn(nullptr);
        EXPECT_LE(user.text.size() - told, EpollStream::turn_limit);
        told = user.text.size();
    }
    EXPECT_EQ(user.text, text);
}

TEST_F(EpollBackPressureTest, paused_stream_is_told_nothing_until_it_resumes) {
    Pair pair = tcp_pair();
    Stream& stream = open(pair, user);
    stream.pause_receive();
    send_to(pair.peer.get(), "patience");
    ::shutdown(pair.peer.get(), SHUT_WR);
    EXPECT_EQ(loop.turn(nullptr), 1);  // finds out that nobody wants it
    EXPECT_EQ(loop.turn(nullptr), 0);  // and is not told again
    EXPECT_EQ(user.text, "");
    stream.resume_receive();
    ASSERT_TRUE(turn_until(loop, [&] { return user.ended; }));
    EXPECT_EQ(user.text, "patience");
}

TEST_F(EpollBackPressureTest, hang_up_while_paused_keeps_the_bytes_and_does_not_spin) {
    Pair pair = unix_pair();
    Stream& stream = open(pair, user);
    stream.pause_receive();
    send_to(pair.peer.get(), "remains");
    pair.peer.reset();
    loop.turn(nullptr);
    EXPECT_EQ(loop.turn(nullptr), 0);
    EXPECT_FALSE(user.error);
    stream.resume_receive();
    ASSERT_TRUE(turn_until(loop, [&] { return user.error.has_value(); }));
    EXPECT_EQ(user.text, "remains");
    EXPECT_TRUE(user.ended);
}

TEST_F(EpollBackPressureTest, hang_up_while_paused_with_nothing_unread_is_told_at_once) {
    Pair pair = tcp_pair();
    Stream& stream = open(pair, user);
    stream.pause_receive();
    reset(pair.peer);
    ASSERT_TRUE(turn_until(loop, [&] { return user.error.has_value(); }));
    EXPECT_EQ(user.error, ECONNRESET);
}

TEST_F(EpollBackPressureTest, rest_of_a_partial_send_frees_the_chunks_and_drained_is_told_once) {
    Pair pair = tcp_pair();
    Stream& stream = open(pair, user);
    const std::string text = pattern(20 << 20);
    stream.write(text);
    EXPECT_GT(loop.context().chunks.shown(), 300U);
    loop.turn(nullptr);
    EXPECT_EQ(loop.context().chunks.shown(), 0U);
    EXPECT_LE(loop.context().chunks.spare(), Chunks::most_spare);
    EXPECT_GT(stream.unsent(), Stream::pause_mark);
    stream.write("the end");
    EXPECT_EQ(user.drains, 0);

    ::fcntl(pair.peer.get(), F_SETFL, O_NONBLOCK);
    std::string arrived;
    ASSERT_TRUE(turn_until(loop, [&] {
        arrived += read_from(pair.peer.get());
        return arrived.size() == text.size() + 7;
    }));
    EXPECT_TRUE(arrived == text + "the end");
    EXPECT_EQ(stream.unsent(), 0U);
    EXPECT_EQ(user.drains, 1);
}

TEST_F(EpollBackPressureTest, drained_is_told_when_one_flush_sends_it_all) {
    Pair pair = tcp_pair();
    const int size = 4 << 20;
    ::setsockopt(pair.ours.get(), SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    Stream& stream = open(pair, user);
    stream.write(pattern(Stream::pause_mark + 1));
    loop.turn(nullptr);
    EXPECT_EQ(stream.unsent(), 0U);
    EXPECT_EQ(user.drains, 1);
    stream.write(pattern(Stream::pause_mark));
    loop.turn(nullptr);
    EXPECT_EQ(user.drains, 1);
}

TEST_F(EpollBackPressureTest, relay_with_back_pressure_loses_nothing_and_buffers_little) {
    Pair from = tcp_pair();
    Pair to = tcp_pair();
    Recorder sink;
    Stream& source = open(from, user);
    Stream& target = open(to, sink);
    std::size_t most_unsent = 0;
    user.on_received = [&](Slice bytes) {
        user.text.clear();
        target.write(std::move(bytes));
        most_unsent = std::max(most_unsent, target.unsent());
        if (target.unsent() > Stream::pause_mark) source.pause_receive();
    };
    user.on_end = [&] { target.shutdown_write(); };
    sink.on_drained = [&] { source.resume_receive(); };

    const std::string text = pattern(12 << 20);
    ::fcntl(from.peer.get(), F_SETFL, O_NONBLOCK);
    ::fcntl(to.peer.get(), F_SETFL, O_NONBLOCK);
    std::string arrived;
    std::size_t sent = 0;
    ASSERT_TRUE(turn_until(loop, [&] {
        loop.post([] {});  // the peers act between turns: none may wait for an event
        if (sent < text.size()) {
            const ssize_t n = ::send(from.peer.get(), text.data() + sent, text.size() - sent, 0);
            if (n > 0) sent += static_cast<std::size_t>(n);
            if (sent == text.size()) ::shutdown(from.peer.get(), SHUT_WR);
        }
        // The reader begins late, so that every buffer on the way fills up.
        if (target.unsent() > Stream::pause_mark || !arrived.empty()) {
            arrived += read_from(to.peer.get(), 300'000);
        }
        return arrived.size() == text.size();
    }));
    EXPECT_TRUE(arrived == text);
    EXPECT_LE(most_unsent, Stream::pause_mark + EpollStream::turn_limit);
    EXPECT_TRUE(turn_until(loop, [&] {
        char byte = 0;
        return ::recv(to.peer.get(), &byte, 1, 0) == 0;
    }));
}

}  // namespace
}  // namespace weir::loop
