// A loop without sockets, threads or a clock for unit tests of whatever runs on one. The test turns
// it, moves its time and plays every stream's peer (fake_stream.h). Delivers late, in pieces and
// out of step when its weather says so, from a seed. post() and stop() may be called from other
// threads.
//
//     FakeLoop loop;                       FakeStream& client = loop.connect(events);
//     client.inject("bytes");              loop.settle();
//     EXPECT_EQ(client.take_sent(), "…");  loop.advance(std::chrono::seconds(5));
#pragma once

#include <algorithm>
#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <utility>
#include <vector>

#include "loop/fake_stream.h"
#include "loop/loop.h"

namespace weir::loop {

class FakeLoop final : public Loop {
  public:
    explicit FakeLoop(Weather at_first = {}, unsigned seed = 1)
        : weather(at_first), random_(seed) {}
    ~FakeLoop() override {
        while (deferred_.pop_front() != nullptr) {
        }
    }
    FakeLoop(const FakeLoop&) = delete;
    FakeLoop& operator=(const FakeLoop&) = delete;

    // ---- the test's side
    Weather weather;  // may be changed at any time

    // Opens a stream on a made-up descriptor.
    FakeStream& connect(StreamEvents& events, bool* gone = nullptr) {
        open(std::make_unique<FakeFd>(next_fd_++, gone), events);
        return *streams_.back();
    }
    // The fake behind a stream that the code under test opened, oldest first; dead ones included.
    [[nodiscard]] FakeStream& stream(std::size_t index) { return *streams_.at(index); }
    [[nodiscard]] std::size_t streams() const { return streams_.size(); }
    [[nodiscard]] FakeStream& last() { return *streams_.back(); }
    [[nodiscard]] FakeStream& stream_of(int fd) {
        const auto found = std::find_if(streams_.rbegin(), streams_.rend(),
                                        [fd](const auto& each) { return each->fd() == fd; });
        assert(found != streams_.rend());
        return **found;
    }
    // Tells the acceptor of a listening socket; false when nobody listens there.
    bool accept(int listening_socket, base::Fd connection) {
        const auto found = acceptors_.find(listening_socket);
        if (found == acceptors_.end()) return false;
        found->second->accepted(std::move(connection));
        return true;
    }

    void turn() {
        ++turn_;
        run_posted();
        std::vector<FakeStream*> order;
        for (const auto& each : streams_) order.push_back(each.get());
        if (weather.shuffle) std::shuffle(order.begin(), order.end(), random_);
        for (FakeStream* each : order) each->tell();
        for (int round = 0; round < 8; ++round) {
            run_deferred();
            // By index: drained() may open streams.
            for (std::size_t i = 0; i < streams_.size(); ++i) streams_[i]->flush();
            if (deferred_.empty()) break;
        }
        for (std::size_t i = 0; i < streams_.size(); ++i) streams_[i]->end_turn();
    }
    void turns(unsigned count) {
        for (unsigned i = 0; i < count; ++i) turn();
    }
    // Turns until nothing is left to do without the test; false when that never comes.
    bool settle(unsigned most_turns = 10'000) {
        turn();
        while (!quiet() && most_turns-- > 0) turn();
        return quiet();
    }
    // Lets time go by, with a turn and the tickers' calls every tick_interval.
    void advance(base::Duration time) {
        const base::Instant end = now_ + time;
        while (next_tick_ <= end) {
            now_ = next_tick_;
            next_tick_ += tick_interval;
            for (std::size_t i = 0; i < tickers_.size(); ++i) tickers_[i]->tick(now_);
            turn();
        }
        now_ = end;
    }

    // ---- Loop
    void run(LoopObserver* observer) override {
        while (!stopping_) {
            turn();
            if (observer != nullptr) observer->turn_ended({});
        }
        turn();
        for (const auto& each : streams_) each->die();
        for (const auto& each : streams_) each->end_turn();
    }
    void stop() override { stopping_ = true; }
    void post(base::Task task) override {
        const std::lock_guard lock(mutex_);
        posted_.push_back(std::move(task));
    }
    [[nodiscard]] base::Instant now() const override { return now_; }
    Stream& open(std::unique_ptr<FdOwner> owner, StreamEvents& events) override {
        Detached fresh;
        fresh.owner = std::move(owner);
        return open(std::move(fresh), events);
    }
    Stream& open(Detached connection, StreamEvents& events) override {
        streams_.push_back(std::make_unique<FakeStream>(std::move(connection), events, weather,
                                                        random_, now_, turn_));
        return *streams_.back();
    }
    [[nodiscard]] std::unique_ptr<Listening> listen(int socket, Acceptor& acceptor) override {
        acceptors_[socket] = &acceptor;
        return std::make_unique<Registration>(acceptors_, socket);
    }
    void defer(Deferred& work) override {
        if (!work.linked()) deferred_.push_back(work);
    }
    void cancel(Deferred& work) override {
        if (work.linked()) deferred_.erase(work);
    }
    void add(Ticker& ticker) override { tickers_.push_back(&ticker); }
    [[nodiscard]] const char* backend() const override { return "fake"; }

  private:
    using Acceptors = std::map<int, Acceptor*>;

    class Registration final : public Listening {
      public:
        Registration(Acceptors& acceptors, int socket) : acceptors_(acceptors), socket_(socket) {}
        ~Registration() override { acceptors_.erase(socket_); }
        Registration(const Registration&) = delete;
        Registration& operator=(const Registration&) = delete;

      private:
        Acceptors& acceptors_;
        int socket_;
    };

    [[nodiscard]] bool quiet() {
        const std::lock_guard lock(mutex_);
        return posted_.empty() && deferred_.empty() &&
               std::all_of(streams_.begin(), streams_.end(),
                           [](const auto& each) { return each->quiet(); });
    }
    void run_posted() {
        std::vector<base::Task> tasks;
        {
            const std::lock_guard lock(mutex_);
            tasks.swap(posted_);
        }
        for (base::Task& task : tasks) task();
    }
    void run_deferred() {
        for (int round = 0; round < 8 && !deferred_.empty(); ++round) {
            for (std::size_t left = deferred_.size(); left > 0 && !deferred_.empty(); --left) {
                deferred_.pop_front()->run();
            }
        }
    }

    std::mt19937 random_;
    base::Instant now_ = base::Instant() + std::chrono::hours(1);
    base::Instant next_tick_ = now_ + tick_interval;
    unsigned turn_ = 0;
    int next_fd_ = 1000;
    std::vector<std::unique_ptr<FakeStream>> streams_;
    Acceptors acceptors_;
    std::vector<Ticker*> tickers_;
    base::List<Deferred, DeferredTag> deferred_;
    std::atomic<bool> stopping_ = false;
    std::mutex mutex_;
    std::vector<base::Task> posted_;  // guarded by mutex_
};

}  // namespace weir::loop
