// Giving a connection away: nothing of it may get lost, come twice or come out of order.
#include <gtest/gtest.h>

#include "harness.h"
#include "loop/epoll_stream.h"

namespace weir::loop {
namespace {

using testing::Pair;
using testing::pattern;
using testing::read_from;
using testing::Recorder;
using testing::send_to;
using testing::tcp_pair;
using testing::turn_until;

class Keep final : public DetachDone {
  public:
    explicit Keep(std::optional<Detached>& result) : result_(result) {}
    void detached(Detached detached) override { result_ = std::move(detached); }

  private:
    std::optional<Detached>& result_;
};

struct EpollDetachTest : ::testing::Test {
    std::unique_ptr<DetachDone> keep() { return std::make_unique<Keep>(result); }

    EpollLoop loop;
    EpollLoop next;
    Recorder user;
    Recorder heir;
    std::optional<Detached> result;
};

TEST_F(EpollDetachTest, detach_is_told_at_the_end_of_the_turn_and_nothing_else_is) {
    Pair pair = tcp_pair();
    const int fd = pair.ours.get();
    Stream& stream = loop.open(own(std::move(pair.ours)), user);
    send_to(pair.peer.get(), "for the heir");
    stream.write("greeting");
    stream.detach(keep());
    EXPECT_FALSE(result);
    ASSERT_TRUE(turn_until(loop, [&] { return result.has_value(); }));
    EXPECT_EQ(result->owner->fd(), fd);
    EXPECT_EQ(result->unsent, "");
    EXPECT_EQ(user.receives, 0);
    EXPECT_EQ(read_from(pair.peer.get(), 8), "greeting");
    EXPECT_TRUE(loop.context().all.empty());

    next.open(*std::move(result), heir);
    ASSERT_TRUE(turn_until(next, [&] { return heir.text == "for the heir"; }));
}

TEST_F(EpollDetachTest, unsent_bytes_go_with_the_connection_in_their_order) {
    Pair pair = tcp_pair();
    Stream& stream = loop.open(own(std::move(pair.ours)), user);
    const std::string text = pattern(16 << 20);
    stream.write(text);
    loop.turn(nullptr);
    stream.write("and the end");
    stream.detach(keep());
    loop.turn(nullptr);
    ASSERT_TRUE(result);
    EXPECT_GT(result->unsent.size(), 11U);

    next.open(*std::move(result), heir);
    ::fcntl(pair.peer.get(), F_SETFL, O_NONBLOCK);
    std::string arrived;
    ASSERT_TRUE(turn_until(next, [&] {
        arrived += read_from(pair.peer.get());
        return arrived.size() == text.size() + 11;
    }));
    EXPECT_TRUE(arrived == text + "and the end");
}

TEST_F(EpollDetachTest, unread_bytes_are_told_in_a_later_turn_and_before_newer_ones) {
    Pair pair = tcp_pair();
    Detached connection;
    connection.owner = own(std::move(pair.ours));
    connection.unread = "first ";
    Stream& stream = loop.open(std::move(connection), user);
    EXPECT_EQ(user.receives, 0);
    send_to(pair.peer.get(), "second");
    stream.pause_receive();
    loop.turn(nullptr);
    EXPECT_EQ(user.receives, 0);
    stream.resume_receive();
    ASSERT_TRUE(turn_until(loop, [&] { return user.text.size() == 12; }));
    EXPECT_EQ(user.text, "first second");
}

TEST_F(EpollDetachTest, unread_bytes_not_yet_told_go_on_to_the_next_loop) {
    Pair pair = tcp_pair();
    Detached connection;
    connection.owner = own(std::move(pair.ours));
    connection.unread = pattern(Chunks::chunk_size) + "tail";
    Stream& stream = loop.open(std::move(connection), user);
    user.on_received = [&](const Slice&) { stream.detach(keep()); };
    loop.turn(nullptr);
    ASSERT_TRUE(result);
    EXPECT_EQ(user.receives, 1);
    EXPECT_EQ(user.text + result->unread, pattern(Chunks::chunk_size) + "tail");
}

TEST_F(EpollDetachTest, paused_stream_detaches_and_its_end_of_input_is_told_again) {
    Pair pair = tcp_pair();
    Stream& stream = loop.open(own(std::move(pair.ours)), user);
    ::shutdown(pair.peer.get(), SHUT_WR);
    ASSERT_TRUE(turn_until(loop, [&] { return user.ended; }));
    stream.pause_receive();
    stream.detach(keep());
    loop.turn(nullptr);
    ASSERT_TRUE(result);
    EXPECT_TRUE(result->input_ended);
    next.open(*std::move(result), heir);
    EXPECT_TRUE(turn_until(next, [&] { return heir.ended; }));
}

TEST_F(EpollDetachTest, detach_told_may_open_on_the_same_loop) {
    struct Reopen final : DetachDone {
        Reopen(EpollLoop& l, StreamEvents& e) : loop(l), events(e) {}
        void detached(Detached connection) override { loop.open(std::move(connection), events); }
        EpollLoop& loop;
        StreamEvents& events;
    };
    Pair pair = tcp_pair();
    Stream& stream = loop.open(own(std::move(pair.ours)), user);
    stream.detach(std::make_unique<Reopen>(loop, heir));
    send_to(pair.peer.get(), "hello");
    ASSERT_TRUE(turn_until(loop, [&] { return heir.text == "hello"; }));
    EXPECT_EQ(user.receives, 0);
}

TEST_F(EpollDetachTest, loop_that_dies_first_drops_the_connection_untold) {
    Pair pair = tcp_pair();
    {
        EpollLoop shortlived;
        shortlived.open(own(std::move(pair.ours)), user).detach(keep());
    }
    EXPECT_FALSE(result);
    EXPECT_EQ(read_from(pair.peer.get()), "");
}

}  // namespace
}  // namespace weir::loop
