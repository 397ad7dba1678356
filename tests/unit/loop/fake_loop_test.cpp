#include "loop/fake_loop.h"

#include <gtest/gtest.h>

#include "harness.h"

namespace weir::loop {
namespace fake_loop_test {

using testing::pattern;
using testing::Recorder;

TEST(FakeLoopTest, injected_bytes_are_told_in_a_later_turn_and_writes_leave_at_its_end) {
    FakeLoop loop;
    Recorder user;
    FakeStream& stream = loop.connect(user);
    user.on_received = [&](const Slice& bytes) {
        stream.write(bytes);
        stream.write("!");
    };
    stream.inject("echo");
    EXPECT_EQ(user.receives, 0);
    ASSERT_TRUE(loop.settle());
    EXPECT_EQ(stream.take_sent(), "echo!");
    EXPECT_EQ(stream.sends(), 1U);
}

TEST(FakeLoopTest, rough_weather_keeps_the_order_of_every_stream) {
    for (unsigned seed = 1; seed <= 50; ++seed) {
        FakeLoop loop(Weather::rough(), seed);
        Recorder users[3];
        const std::string text = pattern(500);
        for (Recorder& user : users) {
            FakeStream& stream = loop.connect(user);
            user.on_received = [&](const Slice& bytes) {
                stream.write(bytes);
                stream.pause_receive();
                loop.post([&] { stream.resume_receive(); });
            };
            stream.inject(text.substr(0, 100));
            stream.inject(text.substr(100));
            stream.inject_end();
        }
        ASSERT_TRUE(loop.settle());
        for (std::size_t i = 0; i < 3; ++i) {
            EXPECT_EQ(loop.stream(i).sent(), text);
            EXPECT_TRUE(users[i].ended);
            EXPECT_GT(users[i].receives, 50);
        }
    }
}

TEST(FakeLoopTest, late_pause_tells_one_more_piece) {
    Weather weather;
    weather.late_pause = true;
    weather.longest_piece = 1;
    FakeLoop loop(weather);
    Recorder user;
    FakeStream& stream = loop.connect(user);
    stream.pause_receive();
    stream.inject("abc");
    loop.turns(5);
    EXPECT_EQ(user.text, "a");
    stream.resume_receive();
    loop.settle();
    EXPECT_EQ(user.text, "abc");
}

TEST(FakeLoopTest, stalled_peer_builds_up_unsent_bytes_and_drained_tells_when_they_fell) {
    FakeLoop loop;
    Recorder user;
    FakeStream& stream = loop.connect(user);
    stream.take_at_most(0);
    stream.write(pattern(Stream::pause_mark + 1));
    ASSERT_TRUE(loop.settle());
    EXPECT_EQ(stream.unsent(), Stream::pause_mark + 1);
    stream.take_at_most(10'000);
    loop.turns(4);
    EXPECT_EQ(user.drains, 0);
    loop.turn();
    EXPECT_EQ(user.drains, 1);
}

TEST(FakeLoopTest, close_after_flush_waits_for_the_peer_but_not_for_ever) {
    FakeLoop loop;
    Recorder user;
    bool first_gone = false;
    bool second_gone = false;
    FakeStream& first = loop.connect(user, &first_gone);
    FakeStream& second = loop.connect(user, &second_gone);
    for (FakeStream* stream : {&first, &second}) {
        stream->write("error");
        stream->close_after_flush();
    }
    loop.turn();
    EXPECT_EQ(first.sent(), "error");
    EXPECT_TRUE(first.fin_sent());
    first.inject("unheard");
    first.inject_end();
    loop.turn();
    EXPECT_TRUE(first_gone);
    loop.advance(Loop::linger_limit - std::chrono::milliseconds(200));
    EXPECT_FALSE(second_gone);
    loop.advance(std::chrono::milliseconds(300));
    EXPECT_TRUE(second_gone);
    EXPECT_EQ(user.receives, 0);
}

TEST(FakeLoopTest, detach_yields_what_was_not_told_and_not_taken) {
    struct Keep final : DetachDone {
        explicit Keep(Detached& r) : result(r) {}
        void detached(Detached detached) override { result = std::move(detached); }
        Detached& result;
    };
    FakeLoop loop;
    Recorder user;
    Detached result;
    FakeStream& stream = loop.connect(user);
    stream.take_at_most(2);
    stream.write("unsent");
    stream.inject("unread");
    stream.detach(std::make_unique<Keep>(result));
    loop.turn();
    EXPECT_TRUE(stream.given_away());
    EXPECT_EQ(result.unread, "unread");
    EXPECT_EQ(result.unsent, "sent");
    loop.open(std::move(result), user);
    loop.settle();
    EXPECT_EQ(user.text, "unread");
    EXPECT_EQ(loop.last().sent(), "sent");
}

TEST(FakeLoopTest, time_goes_by_in_ticks) {
    struct Count final : Ticker {
        void tick(base::Instant) override { ++ticks; }
        int ticks = 0;
    };
    FakeLoop loop;
    Count count;
    loop.add(count);
    const base::Instant begin = loop.now();
    loop.advance(std::chrono::milliseconds(950));
    EXPECT_EQ(count.ticks, 9);
    EXPECT_EQ(loop.now() - begin, std::chrono::milliseconds(950));
    loop.advance(std::chrono::milliseconds(50));
    EXPECT_EQ(count.ticks, 10);
}

}  // namespace fake_loop_test
}  // namespace weir::loop
