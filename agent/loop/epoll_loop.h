// The loop on epoll(7), which every Linux has. turn() is run()'s body, on its own for tests.
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "base/fd.h"
#include "loop/epoll_listener.h"
#include "loop/epoll_stream.h"
#include "loop/loop.h"
#include "loop/mailbox.h"

namespace weir::loop {

class EpollLoop final : public Loop, private EventSource {
  public:
    static constexpr int most_events = 256;  // in a turn

    EpollLoop();  // throws std::system_error when there is no descriptor left
    ~EpollLoop() override;
    EpollLoop(const EpollLoop&) = delete;
    EpollLoop& operator=(const EpollLoop&) = delete;

    void run(LoopObserver* observer) override;
    void stop() override;
    void post(base::Task task) override { mailbox_.post(std::move(task)); }
    [[nodiscard]] base::Instant now() const override { return context_.now; }
    Stream& open(std::unique_ptr<FdOwner> owner, StreamEvents& events) override;
    Stream& open(Detached connection, StreamEvents& events) override;
    [[nodiscard]] std::unique_ptr<Listening> listen(int socket, Acceptor& acceptor) override;
    void defer(Deferred& work) override;
    void cancel(Deferred& work) override;
    void add(Ticker& ticker) override { tickers_.push_back(&ticker); }
    [[nodiscard]] const char* backend() const override { return "epoll"; }

    // Waits for events, at most until the next tick is due, and handles them. Returns how many.
    int turn(LoopObserver* observer);
    [[nodiscard]] const EpollContext& context() const { return context_; }

  private:
    void ready(std::uint32_t events) override;  // the mailbox
    [[nodiscard]] int patience() const;         // milliseconds to wait for events
    [[nodiscard]] bool work_left() const;
    void tick_if_due(LoopObserver* observer);
    void attend();
    void run_deferred();
    void flush();
    void end_turn();
    void bury();
    void destroy_streams();

    base::Fd epoll_;
    EpollContext context_;
    Mailbox mailbox_;
    std::atomic<bool> stopping_ = false;
    base::Instant next_tick_;
    base::Instant turn_end_;  // as far as it is known
    std::vector<Ticker*> tickers_;
    base::List<Deferred, DeferredTag> deferred_;
    std::vector<std::unique_ptr<EpollListener>> listeners_;
};

}  // namespace weir::loop
