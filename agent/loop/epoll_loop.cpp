#include "loop/epoll_loop.h"

#include <fcntl.h>
#include <sys/epoll.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cerrno>
#include <system_error>
#include <utility>

namespace weir::loop {
namespace {

using std::chrono::milliseconds;

// How often deferred work may call forth more of its kind within one turn; what is left then waits
// for the next turn, so that work that defers itself can't hold up the loop.
constexpr int most_rounds = 8;

class OwnedFd final : public FdOwner {
  public:
    explicit OwnedFd(base::Fd fd) : fd_(std::move(fd)) {}
    [[nodiscard]] int fd() const override { return fd_.get(); }

  private:
    base::Fd fd_;
};

}  // namespace

std::unique_ptr<FdOwner> own(base::Fd fd) { return std::make_unique<OwnedFd>(std::move(fd)); }

std::unique_ptr<Loop> make_epoll_loop() { return std::make_unique<EpollLoop>(); }

EpollLoop::EpollLoop() : epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
    if (!epoll_) throw std::system_error(errno, std::generic_category(), "epoll_create1");
    context_.epoll = epoll_.get();
    context_.now = base::Clock::now();
    turn_end_ = context_.now;
    next_tick_ = context_.now + tick_interval;
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.ptr = static_cast<EventSource*>(this);
    if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, mailbox_.fd(), &event) != 0) {
        throw std::system_error(errno, std::generic_category(), "epoll_ctl");
    }
}

EpollLoop::~EpollLoop() {
    destroy_streams();
    while (deferred_.pop_front() != nullptr) {
    }
}

void EpollLoop::run(LoopObserver* observer) {
    context_.now = base::Clock::now();
    next_tick_ = context_.now + tick_interval;
    while (!stopping_.load(std::memory_order_acquire)) turn(observer);
    turn(observer);
    mailbox_.close();
    destroy_streams();
}

void EpollLoop::stop() {
    stopping_.store(true, std::memory_order_release);
    mailbox_.wake();
}

Stream& EpollLoop::open(std::unique_ptr<FdOwner> owner, StreamEvents& events) {
    Detached fresh;
    fresh.owner = std::move(owner);
    return open(std::move(fresh), events);
}

Stream& EpollLoop::open(Detached connection, StreamEvents& events) {
    return *new EpollStream(context_, std::move(connection), events);
}

std::unique_ptr<Listening> EpollLoop::listen(int socket, Acceptor& acceptor) {
    listeners_.push_back(std::make_unique<EpollListener>(context_, socket, acceptor));
    return std::make_unique<EpollListening>(*listeners_.back());
}

void EpollLoop::defer(Deferred& work) {
    if (!work.linked()) deferred_.push_back(work);
}

void EpollLoop::cancel(Deferred& work) {
    if (work.linked()) deferred_.erase(work);
}

int EpollLoop::turn(LoopObserver* observer) {
    std::array<epoll_event, most_events> events;
    const int result = ::epoll_wait(epoll_.get(), events.data(), most_events, patience());
    assert(result >= 0 || errno == EINTR);
    const int count = std::max(result, 0);
    context_.now = base::Clock::now();
    tick_if_due(observer);
    attend();
    for (int i = 0; i < count; ++i) {
        const epoll_event& event = events[static_cast<std::size_t>(i)];
        static_cast<EventSource*>(event.data.ptr)->ready(event.events);
    }
    end_turn();
    turn_end_ = context_.now;
    if (observer != nullptr) {
        turn_end_ = base::Clock::now();
        observer->turn_ended(turn_end_ - context_.now);
    }
    return count;
}

void EpollLoop::ready(std::uint32_t) { mailbox_.deliver(); }

bool EpollLoop::work_left() const {
    return !deferred_.empty() || !context_.to_flush.empty() || !context_.to_attend.empty();
}

// Rounded down, because a tick counts as due within its last millisecond: it then runs on time
// instead of up to a millisecond late.
int EpollLoop::patience() const {
    if (work_left() || stopping_.load(std::memory_order_relaxed)) return 0;
    const auto left = std::chrono::duration_cast<milliseconds>(next_tick_ - turn_end_);
    return static_cast<int>(std::max<milliseconds::rep>(left.count(), 0));
}

void EpollLoop::tick_if_due(LoopObserver* observer) {
    if (context_.now + milliseconds(1) <= next_tick_) return;
    const base::Duration lag = std::max(context_.now - next_tick_, base::Duration::zero());
    next_tick_ += tick_interval;
    if (next_tick_ <= context_.now) next_tick_ = context_.now + tick_interval;  // missed: skipped
    for (auto& listener : listeners_) listener->tick();
    while (!context_.lingering.empty() &&
           context_.lingering.front().linger_until() <= context_.now) {
        context_.lingering.front().die();
    }
    // By index: a tick may add another ticker.
    for (std::size_t i = 0; i < tickers_.size(); ++i) tickers_[i]->tick(context_.now);
    if (observer != nullptr) observer->ticked(context_.now, lag);
}

void EpollLoop::attend() {
    for (std::size_t left = context_.to_attend.size(); left > 0 && !context_.to_attend.empty();
         --left) {
        context_.to_attend.pop_front()->attend();
    }
}

void EpollLoop::run_deferred() {
    for (int round = 0; round < most_rounds && !deferred_.empty(); ++round) {
        for (std::size_t left = deferred_.size(); left > 0 && !deferred_.empty(); --left) {
            deferred_.pop_front()->run();
        }
    }
}

void EpollLoop::flush() {
    for (std::size_t left = context_.to_flush.size(); left > 0 && !context_.to_flush.empty();
         --left) {
        context_.to_flush.pop_front()->flush();
    }
}

void EpollLoop::end_turn() {
    for (int round = 0; round < most_rounds; ++round) {
        if (deferred_.empty() && context_.to_flush.empty()) break;
        run_deferred();
        flush();
    }
    for (std::size_t left = context_.detaching.size(); left > 0 && !context_.detaching.empty();
         --left) {
        context_.detaching.front().finish_detach();
    }
    bury();
}

// A descriptor's owner may do anything when it is destroyed, closing other streams included.
void EpollLoop::bury() {
    while (EpollStream* stream = context_.dead.pop_front()) delete stream;
    std::erase_if(listeners_, [](const auto& listener) { return listener->stopped(); });
}

void EpollLoop::destroy_streams() {
    while (!context_.all.empty()) {
        for (EpollStream* s = context_.all.first(); s != nullptr; s = context_.all.next(*s))
            s->die();
        bury();
    }
}

}  // namespace weir::loop
