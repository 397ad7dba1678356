#include "loop/channel.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>

namespace weir::loop {
namespace {

class ChannelTest : public testing::Test {
  public:
    std::pair<Channel, Channel> ends = *Channel::pair();
    Channel& here = ends.first;
    Channel& there = ends.second;
};

TEST_F(ChannelTest, packets_keep_their_borders_and_their_order) {
    ASSERT_TRUE(here.send("one"));
    ASSERT_TRUE(here.send(std::string("t\0o", 3)));
    EXPECT_EQ(there.receive()->bytes, "one");
    EXPECT_EQ(there.receive()->bytes, std::string("t\0o", 3));
    EXPECT_FALSE(there.receive());
    EXPECT_FALSE(there.closed());
}

TEST_F(ChannelTest, a_descriptor_goes_with_its_packet_and_closes_on_exec) {
    std::array<int, 2> pipe{};
    ASSERT_EQ(::pipe(pipe.data()), 0);
    const base::Fd reading(pipe[0]), writing(pipe[1]);
    ASSERT_TRUE(here.send("without"));
    ASSERT_TRUE(here.send("with", writing.get()));
    EXPECT_FALSE(there.receive()->descriptor);
    const auto packet = there.receive();
    ASSERT_TRUE(packet->descriptor);
    EXPECT_NE(::fcntl(packet->descriptor.get(), F_GETFD) & FD_CLOEXEC, 0);
    ASSERT_EQ(::write(packet->descriptor.get(), "x", 1), 1);
    char byte = 0;
    EXPECT_EQ(::read(reading.get(), &byte, 1), 1);
}

TEST_F(ChannelTest, what_was_sent_before_the_end_still_arrives) {
    ASSERT_TRUE(here.send("last"));
    { const Channel gone = std::move(here); }
    EXPECT_EQ(there.receive()->bytes, "last");
    EXPECT_FALSE(there.receive());
    EXPECT_TRUE(there.closed());
    EXPECT_FALSE(there.send("nobody hears"));
}

TEST_F(ChannelTest, a_full_channel_and_too_long_a_packet_are_refused_at_once) {
    EXPECT_FALSE(here.send(std::string(Channel::longest + 1, 'x')));
    EXPECT_FALSE(here.send(""));
    const std::string packet(Channel::longest, 'x');
    int sent = 0;
    while (here.send(packet)) ASSERT_LT(++sent, 1000);
    EXPECT_EQ(there.receive()->bytes, packet);
    EXPECT_TRUE(here.send(packet)) << "there is room again";
}

TEST_F(ChannelTest, only_the_end_of_a_channel_is_adopted) {
    std::array<int, 2> pipe{};
    ASSERT_EQ(::pipe(pipe.data()), 0);
    const base::Fd reading(pipe[0]), writing(pipe[1]);
    EXPECT_FALSE(Channel::adopt(reading.get()));
    EXPECT_FALSE(Channel::adopt(-1));
    auto adopted = Channel::adopt(::dup(there.fd()));
    ASSERT_TRUE(adopted);
    EXPECT_NE(::fcntl(adopted->fd(), F_GETFD) & FD_CLOEXEC, 0);
    ASSERT_TRUE(here.send("hello"));
    EXPECT_EQ(adopted->receive()->bytes, "hello");
}

}  // namespace
}  // namespace weir::loop
