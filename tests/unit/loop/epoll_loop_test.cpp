#include "loop/epoll_loop.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <thread>

#include "harness.h"

namespace weir::loop {
namespace {

using std::chrono::milliseconds;
using testing::Pair;
using testing::read_from;
using testing::Recorder;
using testing::send_to;
using testing::tcp_pair;
using testing::turn_until;
using testing::unix_pair;

struct Work final : Deferred {
    explicit Work(std::function<void()> f) : body(std::move(f)) {}
    void run() override {
        ++runs;
        if (body) body();
    }
    std::function<void()> body;
    int runs = 0;
};

struct Ticks final : Ticker {
    void tick(base::Instant now) override { times.push_back(now); }
    std::vector<base::Instant> times;
};

struct Watch final : LoopObserver {
    void turn_ended(base::Duration busy) override {
        ++turns;
        longest = std::max(longest, busy);
    }
    void ticked(base::Instant, base::Duration lag) override { lags.push_back(lag); }
    int turns = 0;
    base::Duration longest{};
    std::vector<base::Duration> lags;
};

TEST(EpollLoopTest, posted_tasks_run_in_order_and_what_they_post_in_a_later_turn) {
    EpollLoop loop;
    std::string order;
    loop.post([&] {
        order += 'a';
        loop.post([&] { order += 'c'; });
    });
    loop.post([&] { order += 'b'; });
    loop.turn(nullptr);
    EXPECT_EQ(order, "ab");
    loop.turn(nullptr);
    EXPECT_EQ(order, "abc");
}

TEST(EpollLoopTest, tasks_of_several_threads_all_run_each_thread_s_in_order) {
    EpollLoop loop;
    constexpr int threads = 4;
    constexpr int tasks = 2000;
    std::vector<std::vector<int>> seen(threads);
    std::vector<std::thread> posters;
    for (int t = 0; t < threads; ++t) {
        posters.emplace_back([&loop, &seen, t] {
            for (int i = 0; i < tasks; ++i) {
                loop.post([&seen, t, i] { seen[static_cast<std::size_t>(t)].push_back(i); });
            }
        });
    }
    const auto all = [&] {
        return std::all_of(seen.begin(), seen.end(),
                           [](const auto& each) { return each.size() == tasks; });
    };
    EXPECT_TRUE(turn_until(loop, all));
    for (std::thread& poster : posters) poster.join();
    for (const auto& each : seen) EXPECT_TRUE(std::is_sorted(each.begin(), each.end()));
}

TEST(EpollLoopTest, stop_from_another_thread_runs_what_was_posted_before_and_drops_the_rest) {
    const std::unique_ptr<Loop> loop = make_epoll_loop();
    EXPECT_STREQ(loop->backend(), "epoll");
    Pair pair = tcp_pair();
    Recorder user;
    bool before = false;
    bool after = false;
    std::thread runner([&] { loop->run(nullptr); });
    loop->post([&] { loop->open(own(std::move(pair.ours)), user).write("bye"); });
    loop->post([&] { before = true; });
    loop->stop();
    runner.join();
    EXPECT_TRUE(before);
    EXPECT_EQ(read_from(pair.peer.get()), "bye");
    EXPECT_FALSE(user.ended || user.error);
    loop->post([&] { after = true; });
    EXPECT_FALSE(after);
}

TEST(EpollLoopTest, deferred_work_runs_once_a_turn_after_the_events_and_before_the_flush) {
    EpollLoop loop;
    Pair pair = unix_pair(SOCK_SEQPACKET);
    Recorder user;
    Stream& stream = loop.open(own(std::move(pair.ours)), user);
    Work work([&] { stream.write("deferred"); });
    user.on_received = [&](const Slice&) {
        loop.defer(work);
        loop.defer(work);
        stream.write("event ");
    };
    send_to(pair.peer.get(), "x");
    loop.turn(nullptr);
    EXPECT_EQ(work.runs, 1);
    char message[64];
    const ssize_t size = ::recv(pair.peer.get(), message, sizeof message, 0);
    EXPECT_EQ(std::string(message, static_cast<std::size_t>(size)), "event deferred");
}

TEST(EpollLoopTest, cancelled_work_does_not_run_and_work_may_cancel_other_work) {
    EpollLoop loop;
    Work second(nullptr);
    Work third(nullptr);
    Work first([&] {
        loop.cancel(second);
        loop.cancel(second);
    });
    loop.defer(first);
    loop.defer(second);
    loop.defer(third);
    loop.cancel(third);
    loop.turn(nullptr);
    EXPECT_EQ(first.runs, 1);
    EXPECT_EQ(second.runs, 0);
    EXPECT_EQ(third.runs, 0);
}

TEST(EpollLoopTest, work_that_defers_itself_does_not_hold_up_the_loop) {
    EpollLoop loop;
    Ticks ticks;
    loop.add(ticks);
    Work work(nullptr);
    work.body = [&] { loop.defer(work); };
    loop.defer(work);
    EXPECT_TRUE(turn_until(loop, [&] { return ticks.times.size() == 2; }));
    loop.cancel(work);
    EXPECT_GT(work.runs, 2);
}

TEST(EpollLoopTest, loop_at_rest_ticks_every_interval_and_tells_its_observer) {
    EpollLoop loop;
    Ticks ticks;
    Watch watch;
    loop.add(ticks);
    const base::Instant begin = loop.now();
    for (int i = 0; i < 50 && ticks.times.size() < 4; ++i) loop.turn(&watch);
    ASSERT_EQ(ticks.times.size(), 4U);
    EXPECT_EQ(watch.lags.size(), 4U);
    EXPECT_GE(watch.turns, 4);
    // Never early by more than what patience() rounds away; how late is the machine's business.
    EXPECT_GE(ticks.times[3] - begin, 4 * Loop::tick_interval - milliseconds(1));
}

TEST(EpollLoopTest, tick_keeps_going_under_load) {
    EpollLoop loop;
    Ticks ticks;
    loop.add(ticks);
    std::vector<Pair> pairs;
    std::vector<Recorder> users(8);
    for (Recorder& user : users) {
        pairs.push_back(unix_pair());
        Stream& stream = loop.open(own(std::move(pairs.back().ours)), user);
        // The peer's own loop keeps a message bouncing: there always is an event.
        Stream& echo = loop.open(own(std::move(pairs.back().peer)), user);
        user.on_received = [&user, &stream, &echo](const Slice& bytes) {
            user.text.clear();
            (user.receives % 2 == 0 ? stream : echo).write(bytes);
        };
        stream.write("ball");
    }
    EXPECT_TRUE(turn_until(loop, [&] { return ticks.times.size() >= 3; }));
    EXPECT_GT(users[0].receives, 10);
}

TEST(EpollLoopTest, late_tick_reports_its_lag_and_missed_ones_are_skipped) {
    EpollLoop loop;
    Ticks ticks;
    Watch watch;
    loop.add(ticks);
    Work work([&] {
        const base::Instant end = base::Clock::now() + milliseconds(350);
        while (base::Clock::now() < end) {
        }
    });
    loop.defer(work);
    loop.turn(&watch);
    EXPECT_GE(watch.longest, milliseconds(350));
    ticks.times.clear();
    watch.lags.clear();
    for (int i = 0; i < 5 && ticks.times.empty(); ++i) loop.turn(&watch);
    ASSERT_EQ(watch.lags.size(), 1U);
    EXPECT_GE(watch.lags[0], milliseconds(249));
    loop.turn(&watch);
    ASSERT_EQ(ticks.times.size(), 2U);
    EXPECT_GE(ticks.times[1] - ticks.times[0], milliseconds(98));
}

TEST(EpollLoopTest, turn_handles_at_most_256_events_and_nobody_starves) {
    EpollLoop loop;
    constexpr std::size_t streams = 300;
    std::vector<Pair> pairs;
    std::vector<Recorder> users(streams);
    for (Recorder& user : users) {
        pairs.push_back(unix_pair());
        loop.open(own(std::move(pairs.back().ours)), user);
        send_to(pairs.back().peer.get(), "x");
    }
    const auto told = [&] {
        return std::count_if(users.begin(), users.end(),
                             [](const Recorder& user) { return user.receives > 0; });
    };
    EXPECT_EQ(loop.turn(nullptr), EpollLoop::most_events);
    EXPECT_EQ(told(), EpollLoop::most_events);
    // Those that were told have more to say; the others still get their turn.
    for (Pair& pair : pairs) send_to(pair.peer.get(), "y");
    loop.turn(nullptr);
    EXPECT_EQ(told(), static_cast<std::ptrdiff_t>(streams));
}

TEST(EpollLoopTest, streams_of_a_turn_share_a_chunk_and_it_goes_back) {
    EpollLoop loop;
    std::vector<Pair> pairs;
    std::vector<Recorder> users(50);
    std::size_t most_shown = 0;
    for (Recorder& user : users) {
        pairs.push_back(unix_pair());
        Stream& stream = loop.open(own(std::move(pairs.back().ours)), user);
        user.on_received = [&](Slice bytes) {
            stream.write(std::move(bytes));
            most_shown = std::max(most_shown, loop.context().chunks.shown());
        };
        send_to(pairs.back().peer.get(), std::string(100, 'q'));
    }
    loop.turn(nullptr);
    EXPECT_EQ(most_shown, 1U);
    EXPECT_EQ(loop.context().chunks.shown(), 0U);
    for (Pair& pair : pairs) EXPECT_EQ(read_from(pair.peer.get(), 100).size(), 100U);
}

TEST(EpollLoopTest, stream_may_be_closed_by_the_death_of_another_one_s_descriptor) {
    struct Chain final : FdOwner {
        Chain(base::Fd f, std::function<void()> g) : fd_(std::move(f)), on_death(std::move(g)) {}
        ~Chain() override { on_death(); }
        Chain(const Chain&) = delete;
        Chain& operator=(const Chain&) = delete;
        [[nodiscard]] int fd() const override { return fd_.get(); }
        base::Fd fd_;
        std::function<void()> on_death;
    };
    EpollLoop loop;
    Pair first = tcp_pair();
    Pair second = tcp_pair();
    Recorder user;
    Stream& other = loop.open(own(std::move(second.ours)), user);
    Stream& stream =
        loop.open(std::make_unique<Chain>(std::move(first.ours), [&] { other.close(); }), user);
    stream.close();
    loop.turn(nullptr);
    EXPECT_TRUE(loop.context().all.empty());
}

}  // namespace
}  // namespace weir::loop
