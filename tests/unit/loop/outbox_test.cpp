#include "loop/outbox.h"

#include <gtest/gtest.h>

#include "harness.h"

namespace weir::loop {
namespace {

using testing::Pair;
using testing::pattern;
using testing::read_from;
using testing::unix_pair;

std::string message_from(int socket) {
    char bytes[4096];
    const ssize_t size = ::recv(socket, bytes, sizeof bytes, MSG_DONTWAIT);
    return size < 0 ? "" : std::string(bytes, static_cast<std::size_t>(size));
}

struct OutboxTest : ::testing::Test {
    Chunks chunks;
    Outbox outbox;
};

TEST_F(OutboxTest, neighbours_in_a_buffer_become_one_piece) {
    Slice whole = chunks.copy("abcdef");
    Slice first = whole.part(0, 3);
    EXPECT_TRUE(first.join(whole.part(3)));
    EXPECT_EQ(first.bytes(), "abcdef");
    EXPECT_FALSE(first.join(whole.part(3)));
    EXPECT_FALSE(Slice().join(whole));
}

TEST_F(OutboxTest, pieces_beyond_one_call_take_more_calls_and_keep_their_order) {
    Pair pair = unix_pair(SOCK_SEQPACKET);
    const Slice text = chunks.copy("0123456789");
    for (std::size_t i = 0; i < 100; ++i) outbox.push(text.part(i % 5 * 2, 1));
    EXPECT_EQ(outbox.size(), 100U);
    EXPECT_EQ(outbox.send(pair.ours.get()), Outbox::Outcome::sent);
    EXPECT_EQ(message_from(pair.peer.get()).size(), 64U);
    EXPECT_EQ(message_from(pair.peer.get()).size(), 36U);
    EXPECT_EQ(message_from(pair.peer.get()), "");
}

TEST_F(OutboxTest, take_yields_what_was_left_of_a_partial_send_and_what_came_after) {
    Pair pair = unix_pair();
    const std::string text = pattern(4 << 20);
    outbox.push(text, chunks);
    EXPECT_EQ(outbox.send(pair.ours.get()), Outbox::Outcome::blocked);
    EXPECT_EQ(chunks.shown(), 0U);
    outbox.push("after", chunks);
    outbox.push(chunks.copy("wards"));
    EXPECT_EQ(chunks.shown(), 0U);
    const std::size_t left = outbox.size();
    const std::string rest = outbox.take();
    EXPECT_EQ(rest.size(), left);
    EXPECT_EQ(outbox.size(), 0U);
    const std::string arrived = read_from(pair.peer.get(), text.size() + 10 - left);
    EXPECT_TRUE(arrived + rest == text + "afterwards");
}

TEST_F(OutboxTest, dead_peer_is_a_failure_without_a_signal) {
    Pair pair = unix_pair();
    pair.peer.reset();
    outbox.push("x", chunks);
    EXPECT_EQ(outbox.send(pair.ours.get()), Outbox::Outcome::failed);
    EXPECT_EQ(errno, EPIPE);
}

}  // namespace
}  // namespace weir::loop
