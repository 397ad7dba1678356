// Cancels on up to 4 threads at work, plus one that watches the deadlines. A thread whose request
// is overdue no longer counts, so that a server which takes cancels and never answers delays nobody
// else; such threads are bounded too, end with their request and are left alone when the canceller
// dies.

#include "upstream/canceller.h"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <list>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

#include "upstream/background_thread.h"

namespace weir::upstream {
namespace {

constexpr unsigned most_at_work = 4;
constexpr unsigned most_threads = 64;

struct Request {
    std::shared_ptr<CancelHandle> handle;
    base::Instant deadline;
    std::function<void(bool)> done;  // empty once answered
};
using Requests = std::list<Request>;

// Shared with the threads, which may outlive the canceller while they are stuck in a request.
struct Desk {
    std::mutex mutex;
    std::condition_variable work, watch, quiet;
    Requests queued, running;
    unsigned threads = 0, idle = 0, overdue = 0, answering = 0;
    bool stop = false;

    [[nodiscard]] bool wants_thread() const {
        return queued.size() > idle && threads - overdue < most_at_work && threads < most_threads;
    }
};

// Answers outside of the lock, as the callback may lock what its owner likes.
void answer(Desk& desk, std::unique_lock<std::mutex>& lock, std::function<void(bool)> done,
            bool delivered) {
    ++desk.answering;
    lock.unlock();
    done(delivered);
    done = nullptr;
    lock.lock();
    --desk.answering;
    desk.quiet.notify_all();
}

void add_thread_if_wanted(const std::shared_ptr<Desk>& desk);

void work(const std::shared_ptr<Desk>& desk) {
    enter_background_thread("weir-cancel");
    std::unique_lock lock(desk->mutex);
    bool serving = true;
    while (serving) {
        ++desk->idle;
        desk->work.wait(lock, [&] { return desk->stop || !desk->queued.empty(); });
        --desk->idle;
        if (desk->stop) break;
        const auto request = desk->queued.begin();
        desk->running.splice(desk->running.end(), desk->queued, request);
        lock.unlock();
        const bool delivered = request->handle->cancel();
        lock.lock();
        auto done = std::exchange(request->done, nullptr);
        // The watch has answered: this thread was written off and another may stand in its place.
        serving = static_cast<bool>(done);
        if (!serving) --desk->overdue;
        desk->running.erase(request);
        if (done) answer(*desk, lock, std::move(done), delivered);
    }
    --desk->threads;
    add_thread_if_wanted(desk);
}

// One a call: a thread counts as idle only once it runs, and a request needs no more than one.
void add_thread_if_wanted(const std::shared_ptr<Desk>& desk) {
    if (desk->stop || !desk->wants_thread()) return;
    ++desk->threads;
    try {
        std::thread([desk] { work(desk); }).detach();
    } catch (const std::system_error&) {
        --desk->threads;  // the request waits for another thread, or for its deadline
    }
}

// The first request that is due (all of them when stopping), queued ones included.
Request* due(Desk& desk, base::Instant now, bool& was_running) {
    for (Request& request : desk.running) {
        was_running = true;
        if (request.done && (desk.stop || request.deadline <= now)) return &request;
    }
    for (Request& request : desk.queued) {
        was_running = false;
        if (desk.stop || request.deadline <= now) return &request;
    }
    return nullptr;
}

base::Instant next_deadline(const Desk& desk) {
    base::Instant next = base::Clock::now() + std::chrono::hours(1);
    for (const Requests* requests : {&desk.running, &desk.queued}) {
        for (const Request& request : *requests) {
            if (request.done) next = std::min(next, request.deadline);
        }
    }
    return next;
}

void watch(const std::shared_ptr<Desk>& desk) {
    enter_background_thread("weir-cancel-dl");
    std::unique_lock lock(desk->mutex);
    while (true) {
        bool was_running = false;
        while (Request* request = due(*desk, base::Clock::now(), was_running)) {
            auto done = std::exchange(request->done, nullptr);
            if (was_running) {
                ++desk->overdue;
                add_thread_if_wanted(desk);
            } else {
                desk->queued.remove_if([](const Request& r) { return !r.done; });
            }
            answer(*desk, lock, std::move(done), false);
        }
        if (desk->stop) return;
        desk->watch.wait_until(lock, next_deadline(*desk));
    }
}

class ThreadedCanceller final : public Canceller {
  public:
    ThreadedCanceller() : desk_(std::make_shared<Desk>()) {}

    // Answers false to what is under way and waits until no callback runs, but for no server.
    ~ThreadedCanceller() override {
        {
            const std::lock_guard lock(desk_->mutex);
            desk_->stop = true;
        }
        desk_->work.notify_all();
        desk_->watch.notify_all();
        if (watch_.joinable()) watch_.join();
        std::unique_lock lock(desk_->mutex);
        desk_->quiet.wait(lock, [this] { return desk_->answering == 0; });
    }
    ThreadedCanceller(const ThreadedCanceller&) = delete;
    ThreadedCanceller& operator=(const ThreadedCanceller&) = delete;

    void cancel(std::shared_ptr<CancelHandle> handle, base::Duration deadline,
                std::function<void(bool)> done) override {
        {
            const std::lock_guard lock(desk_->mutex);
            desk_->queued.push_back(
                {std::move(handle), base::Clock::now() + deadline, std::move(done)});
            if (!watch_.joinable()) watch_ = std::thread([desk = desk_] { watch(desk); });
            add_thread_if_wanted(desk_);
        }
        desk_->work.notify_one();
        desk_->watch.notify_one();
    }

  private:
    std::shared_ptr<Desk> desk_;
    std::thread watch_;
};

}  // namespace

std::unique_ptr<Canceller> make_canceller() { return std::make_unique<ThreadedCanceller>(); }

}  // namespace weir::upstream
