#include "proxy/handover.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <nlohmann/json.hpp>

namespace weir::proxy {
namespace {

using Kind = HandoverMessage::Kind;

TEST(Handover, messages_arrive_as_they_were_sent) {
    auto [here, there] = *Handover::pair();
    HandoverMessage cancel;
    cancel.kind = Kind::cancel;
    cancel.number = 0x7fffffff;
    cancel.text = std::string("\0\xff\x80 not text", 12);
    ASSERT_TRUE(here.send(cancel));
    HandoverMessage kept;
    kept.kind = Kind::kept;
    kept.kept = {{"main", 7}, {"other", 0}};
    ASSERT_TRUE(here.send(kept));

    const auto first = there.receive();
    ASSERT_TRUE(first);
    EXPECT_EQ(first->kind, Kind::cancel);
    EXPECT_EQ(first->number, cancel.number);
    EXPECT_EQ(first->text, cancel.text);
    EXPECT_FALSE(first->descriptor);
    const auto second = there.receive();
    ASSERT_TRUE(second);
    EXPECT_EQ(second->kept, kept.kept);
    EXPECT_FALSE(there.receive());
    EXPECT_FALSE(there.closed());
}

TEST(Handover, a_socket_arrives_with_its_message) {
    auto [here, there] = *Handover::pair();
    HandoverMessage socket;
    socket.text = "127.0.0.1:6432";
    socket.owns_file = true;
    socket.descriptor = base::Fd(::dup(0));
    ASSERT_TRUE(here.send(socket));
    const auto message = there.receive();
    ASSERT_TRUE(message);
    EXPECT_EQ(message->text, "127.0.0.1:6432");
    EXPECT_TRUE(message->owns_file);
    EXPECT_TRUE(message->descriptor);
    EXPECT_NE(message->descriptor.get(), socket.descriptor.get());
}

// The two ends may be of different versions.
TEST(Handover, what_a_newer_version_adds_is_passed_over) {
    std::array<int, 2> ends{};
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends.data()), 0);
    const base::Fd raw(ends[0]);
    auto there = Handover::adopt(ends[1]);
    ASSERT_TRUE(there);
    const auto send = [&](const nlohmann::json& document) {
        const auto bytes = nlohmann::json::to_cbor(document);
        ASSERT_EQ(::send(raw.get(), bytes.data(), bytes.size(), 0),
                  static_cast<ssize_t>(bytes.size()));
    };
    ASSERT_EQ(::send(raw.get(), "garbage", 7, 0), 7);
    send({{"kind", "sing"}});
    send({{"kind", "kept"}, {"kept", "seven"}});
    send({{"kind", "ready"}, {"mood", "good"}});
    const auto message = there->receive();
    ASSERT_TRUE(message);
    EXPECT_EQ(message->kind, Kind::ready);
}

TEST(Handover, waiting_ends_when_the_other_side_has_gone) {
    auto ends = *Handover::pair();
    { const Handover gone = std::move(ends.first); }
    EXPECT_FALSE(ends.second.await(base::Clock::now() + std::chrono::hours(1)));
    EXPECT_TRUE(ends.second.closed());
}

}  // namespace
}  // namespace weir::proxy
