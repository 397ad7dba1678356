// The dial thread of one upstream: a poll(2) over at most 8 connects in flight, a queue, a deadline
// for each. What one connect is, its engine's Attempt knows; everything but dial() is the thread's
// own. An Attempt is made with a request, what is done with the result, the upstream and the time;
// it has start() with addresses, then fd() and events() to wait for and advance(), and names as
// Thread what each thread that has attempts holds on its stack.
#pragma once

#include <poll.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <cassert>
#include <deque>
#include <list>
#include <mutex>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "base/fd.h"
#include "settings/settings.h"
#include "upstream/address.h"
#include "upstream/background_thread.h"
#include "upstream/dialer.h"
#include "upstream/resolver.h"

namespace weir::upstream {

template <class Attempt>
class DialThread final : public Dialer {
  public:
    static constexpr std::size_t most_in_flight = 8;

    DialThread(const settings::Upstream& upstream, std::string_view default_port)
        : endpoints_(parse_address(upstream.address, default_port)),
          upstream_(upstream),
          limit_(upstream.connect_timeout),
          needs_resolving_(endpoints_ &&
                           std::any_of(endpoints_->begin(), endpoints_->end(),
                                       [](const Endpoint& e) { return e.needs_resolving(); })),
          wakeup_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
          resolver_([this] { wake(); }) {
        assert(wakeup_);
    }
    ~DialThread() override;
    DialThread(const DialThread&) = delete;
    DialThread& operator=(const DialThread&) = delete;
    void dial(DialRequest request, std::function<void(DialResult)> done) override;

  private:
    struct Asked {
        DialRequest request;
        std::function<void(DialResult)> done;
    };
    using Attempts = std::list<Attempt>;
    using Place = typename Attempts::iterator;

    void run();
    [[nodiscard]] bool stopping();
    void begin_queued();
    void wait();
    void advance_ready();
    void begin_resolved();
    void end_overdue();
    void start(Place attempt, const std::vector<Endpoint>& endpoints);
    void end(Place attempt, DialResult result);
    [[nodiscard]] int poll_timeout() const;
    void wake() const { eventfd_write(wakeup_.get(), 1); }

    const base::Result<std::vector<Endpoint>> endpoints_;
    const settings::Upstream upstream_;
    const base::Duration limit_;  // zero: none
    const bool needs_resolving_;
    const base::Fd wakeup_;

    std::mutex mutex_;
    std::deque<Asked> queue_;
    bool stop_ = false;
    std::thread thread_;

    // The dial thread's own.
    Resolver resolver_;
    Attempts attempts_;  // in the order of their beginning, which is the order of their deadlines
    std::vector<pollfd> polled_;
};

template <class Attempt>
DialThread<Attempt>::~DialThread() {
    {
        const std::lock_guard lock(mutex_);
        stop_ = true;
    }
    wake();
    if (thread_.joinable()) thread_.join();
}

template <class Attempt>
void DialThread<Attempt>::dial(DialRequest request, std::function<void(DialResult)> done) {
    {
        const std::lock_guard lock(mutex_);
        queue_.push_back({std::move(request), std::move(done)});
        if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
    }
    wake();
}

template <class Attempt>
void DialThread<Attempt>::run() {
    enter_background_thread("weir-dial");
    [[maybe_unused]] const typename Attempt::Thread here{};
    while (!stopping()) {
        begin_queued();
        wait();
        advance_ready();
        begin_resolved();
        end_overdue();
    }
}

template <class Attempt>
bool DialThread<Attempt>::stopping() {
    const std::lock_guard lock(mutex_);
    return stop_;
}

template <class Attempt>
void DialThread<Attempt>::begin_queued() {
    while (attempts_.size() < most_in_flight) {
        Asked asked;
        {
            const std::lock_guard lock(mutex_);
            if (queue_.empty() || stop_) return;
            asked = std::move(queue_.front());
            queue_.pop_front();
        }
        const auto attempt =
            attempts_.emplace(attempts_.end(), std::move(asked.request), std::move(asked.done),
                              upstream_, base::Clock::now());
        if (!endpoints_) {
            end(attempt, tl::make_unexpected(DialFailure{
                             telemetry::CreateFailure::dns, {}, endpoints_.error().message}));
        } else if (needs_resolving_) {
            resolver_.ask(*endpoints_);
        } else {
            start(attempt, *endpoints_);
        }
    }
}

template <class Attempt>
void DialThread<Attempt>::wait() {
    polled_.assign(1, {wakeup_.get(), POLLIN, 0});
    for (const Attempt& attempt : attempts_) {
        // An attempt that waits for its address has no descriptor yet; poll() skips -1.
        polled_.push_back({attempt.started() ? attempt.fd() : -1,
                           attempt.started() ? attempt.events() : short{0}, 0});
    }
    static_cast<void>(::poll(polled_.data(), polled_.size(), poll_timeout()));
    eventfd_t ignored = 0;
    static_cast<void>(eventfd_read(wakeup_.get(), &ignored));
}

template <class Attempt>
void DialThread<Attempt>::advance_ready() {
    // polled_ is in the order of attempts_, to which nothing was added or removed since.
    auto attempt = attempts_.begin();
    for (std::size_t i = 1; i < polled_.size() && attempt != attempts_.end(); ++i) {
        const auto present = attempt++;
        if (polled_[i].revents == 0) continue;
        if (auto result = present->advance(polled_[i].revents, base::Clock::now()))
            end(present, std::move(*result));
    }
}

template <class Attempt>
void DialThread<Attempt>::begin_resolved() {
    const std::unique_ptr<Resolution> answer = resolver_.take();
    if (answer == nullptr) return;
    for (auto attempt = attempts_.begin(); attempt != attempts_.end();) {
        const auto present = attempt++;
        if (present->started()) continue;
        if (*answer) {
            present->resolved(base::Clock::now());
            start(present, **answer);
        } else {
            end(present, tl::make_unexpected(DialFailure{
                             telemetry::CreateFailure::dns, {}, answer->error().message}));
        }
    }
}

template <class Attempt>
void DialThread<Attempt>::end_overdue() {
    if (limit_ == base::Duration::zero()) return;
    const base::Instant now = base::Clock::now();
    while (!attempts_.empty() && now - attempts_.front().begun() >= limit_) {
        end(attempts_.begin(), tl::make_unexpected(attempts_.front().overdue(limit_)));
    }
}

template <class Attempt>
void DialThread<Attempt>::start(Place attempt, const std::vector<Endpoint>& endpoints) {
    if (auto result = attempt->start(endpoints, base::Clock::now()))
        end(attempt, std::move(*result));
}

template <class Attempt>
void DialThread<Attempt>::end(Place attempt, DialResult result) {
    Attempts over;
    over.splice(over.end(), attempts_, attempt);
    if (!stopping()) over.front().finish(std::move(result));
}

template <class Attempt>
int DialThread<Attempt>::poll_timeout() const {
    if (attempts_.empty() || limit_ == base::Duration::zero()) return -1;
    const auto left = attempts_.front().begun() + limit_ - base::Clock::now();
    const auto whole = std::chrono::ceil<std::chrono::milliseconds>(left).count();
    return static_cast<int>(std::clamp<std::int64_t>(whole, 0, 60'000));
}

}  // namespace weir::upstream
