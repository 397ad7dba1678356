#include "loop/epoll_stream.h"

#include <gtest/gtest.h>

#include "harness.h"

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
using testing::WatchedFd;

static_assert(sizeof(EpollStream) <= 512, "ten thousand idle ones must stay cheap");

struct EpollStreamTest : ::testing::Test {
    Stream& open(Pair& pair, StreamEvents& events) {
        return loop.open(own(std::move(pair.ours)), events);
    }
    EpollLoop loop;
    Recorder user;
};

TEST_F(EpollStreamTest, received_bytes_are_told_and_written_ones_arrive) {
    Pair pair = tcp_pair();
    Stream& stream = open(pair, user);
    send_to(pair.peer.get(), "question");
    ASSERT_TRUE(turn_until(loop, [&] { return user.text == "question"; }));
    stream.write("answer");
    EXPECT_EQ(stream.unsent(), 6U);
    loop.turn(nullptr);
    EXPECT_EQ(stream.unsent(), 0U);
    EXPECT_EQ(read_from(pair.peer.get(), 6), "answer");
}

TEST_F(EpollStreamTest, many_writes_of_a_turn_are_one_message) {
    Pair pair = unix_pair(SOCK_SEQPACKET);
    Stream& stream = open(pair, user);
    send_to(pair.peer.get(), "0123456789");
    std::string expected;
    user.on_received = [&](const Slice& bytes) {
        for (int i = 0; i < 20; ++i) {
            stream.write(bytes.part(5, 2));
            stream.write("text ");
            expected += "56text ";
        }
    };
    ASSERT_TRUE(turn_until(loop, [&] { return user.receives == 1; }));
    char message[1024];
    const ssize_t size = ::recv(pair.peer.get(), message, sizeof message, 0);
    EXPECT_EQ(std::string(message, static_cast<std::size_t>(size)), expected);
}

TEST_F(EpollStreamTest, end_of_input_leaves_the_other_direction_working) {
    Pair pair = tcp_pair();
    Stream& stream = open(pair, user);
    send_to(pair.peer.get(), "last words");
    ::shutdown(pair.peer.get(), SHUT_WR);
    ASSERT_TRUE(turn_until(loop, [&] { return user.ended; }));
    EXPECT_EQ(user.text, "last words");
    for (int i = 0; i < 3; ++i) {
        stream.write("more ");
        loop.turn(nullptr);
    }
    EXPECT_EQ(read_from(pair.peer.get(), 15), "more more more ");
    EXPECT_FALSE(user.error);
}

TEST_F(EpollStreamTest, shutdown_write_sends_what_is_unsent_and_goes_on_receiving) {
    Pair pair = tcp_pair();
    Stream& stream = open(pair, user);
    stream.write("goodbye");
    stream.shutdown_write();
    stream.write("too late");
    loop.turn(nullptr);
    EXPECT_EQ(read_from(pair.peer.get()), "goodbye");
    send_to(pair.peer.get(), "answer");
    pair.peer.reset();
    ASSERT_TRUE(turn_until(loop, [&] { return user.ended; }));
    EXPECT_EQ(user.text, "answer");
}

TEST_F(EpollStreamTest, reset_is_told_as_closed_with_its_error) {
    Pair pair = tcp_pair();
    open(pair, user);
    reset(pair.peer);
    ASSERT_TRUE(turn_until(loop, [&] { return user.error.has_value(); }));
    EXPECT_EQ(user.error, ECONNRESET);
    EXPECT_FALSE(user.ended);
    EXPECT_TRUE(turn_until(loop, [&] { return loop.context().all.empty(); }));
}

TEST_F(EpollStreamTest, last_words_of_a_peer_that_is_gone_come_before_closed) {
    Pair pair = unix_pair();
    Stream& stream = open(pair, user);
    send_to(pair.peer.get(), "fatal: shutting down");
    pair.peer.reset();
    stream.write("query");
    ASSERT_TRUE(turn_until(loop, [&] { return user.error.has_value(); }));
    EXPECT_EQ(user.text, "fatal: shutting down");
    EXPECT_EQ(user.error, EPIPE);
}

TEST_F(EpollStreamTest, closed_in_a_callback_dies_at_the_end_of_the_turn) {
    Pair pair = tcp_pair();
    bool gone = false;
    Stream& stream = loop.open(std::make_unique<WatchedFd>(std::move(pair.ours), gone), user);
    const std::string text = pattern(300'000);
    user.on_received = [&](const Slice&) {
        stream.write("never sent");
        stream.close();
        stream.write("neither");
        stream.resume_receive();
        EXPECT_FALSE(gone);
    };
    send_to(pair.peer.get(), text.substr(0, 1000));
    ASSERT_TRUE(turn_until(loop, [&] { return gone; }));
    EXPECT_EQ(user.receives, 1);
    EXPECT_EQ(read_from(pair.peer.get()), "");
    EXPECT_FALSE(user.error);
}

TEST_F(EpollStreamTest, event_of_a_stream_closed_earlier_in_the_turn_is_not_told) {
    Pair first = unix_pair();
    Pair second = unix_pair();
    Recorder other;
    Stream& a = open(first, user);
    Stream& b = open(second, other);
    user.on_received = [&](const Slice&) { b.close(); };
    other.on_received = [&](const Slice&) { a.close(); };
    send_to(first.peer.get(), "x");
    send_to(second.peer.get(), "y");
    loop.turn(nullptr);
    EXPECT_EQ(user.receives + other.receives, 1);
    EXPECT_EQ(loop.context().all.size(), 1U);
}

TEST_F(EpollStreamTest, close_after_flush_saves_the_last_message_from_a_reset) {
    Pair pair = tcp_pair();
    bool gone = false;
    Stream& stream = loop.open(std::make_unique<WatchedFd>(std::move(pair.ours), gone), user);
    send_to(pair.peer.get(), "unread and never to be");
    stream.write("you are not welcome");
    stream.close_after_flush();
    loop.turn(nullptr);
    loop.turn(nullptr);
    EXPECT_FALSE(gone);
    EXPECT_EQ(read_from(pair.peer.get()), "you are not welcome");
    send_to(pair.peer.get(), "still talking");
    loop.turn(nullptr);
    EXPECT_FALSE(gone);
    pair.peer.reset();
    ASSERT_TRUE(turn_until(loop, [&] { return gone; }));
    EXPECT_EQ(user.receives, 0);
    EXPECT_FALSE(user.ended || user.error);
}

TEST_F(EpollStreamTest, close_after_flush_gives_up_on_a_peer_that_stays) {
    Pair pair = tcp_pair();
    bool gone = false;
    Stream& stream = loop.open(std::make_unique<WatchedFd>(std::move(pair.ours), gone), user);
    stream.pause_receive();
    stream.close_after_flush();
    const base::Instant begin = loop.now();
    ASSERT_TRUE(turn_until(loop, [&] { return gone; }));
    EXPECT_GE(loop.now() - begin, Loop::linger_limit);
}

TEST_F(EpollStreamTest, acknowledged_bytes_are_known_for_tcp_only) {
    Pair tcp = tcp_pair();
    Pair local = unix_pair();
    Stream& stream = open(tcp, user);
    const auto before = stream.acknowledged_bytes();
    ASSERT_TRUE(before.has_value());
    stream.write("12345");
    loop.turn(nullptr);
    read_from(tcp.peer.get(), 5);
    EXPECT_TRUE(turn_until(loop, [&] { return stream.acknowledged_bytes() == *before + 5; }));
    EXPECT_FALSE(open(local, user).acknowledged_bytes().has_value());
}

TEST_F(EpollStreamTest, descriptor_that_cannot_be_watched_is_told_as_closed_in_a_later_turn) {
    Stream& stream = loop.open(own(base::Fd()), user);
    stream.write("into the void");
    EXPECT_FALSE(user.error);
    loop.turn(nullptr);
    EXPECT_EQ(user.error, EBADF);
}

}  // namespace
}  // namespace weir::loop
