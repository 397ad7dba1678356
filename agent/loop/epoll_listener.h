// A listening socket on the epoll backend: accepts a bounded batch a turn, and rests for a moment
// when descriptors or kernel memory run out, instead of spinning on a queue that it can't empty.
// Owned by the loop; the user's handle only marks it as gone. The loop's thread only.
#pragma once

#include "base/clock.h"
#include "loop/epoll_stream.h"
#include "loop/loop.h"

namespace weir::loop {

class EpollListener final : public EventSource {
  public:
    static constexpr int batch = 64;  // connections accepted in a turn
    static constexpr base::Duration rest = std::chrono::milliseconds(100);
    static constexpr base::Duration log_interval = std::chrono::seconds(10);

    EpollListener(EpollContext& context, int socket, Acceptor& acceptor);

    void ready(std::uint32_t events) override;
    void tick();  // ends a rest that is over
    void stop();  // nothing is accepted any more; the loop deletes it at the end of the turn
    [[nodiscard]] bool stopped() const { return acceptor_ == nullptr; }
    [[nodiscard]] bool resting() const { return resting_; }

  private:
    void begin_rest(int error);
    void begin_polling();

    EpollContext& context_;
    int socket_;
    Acceptor* acceptor_;
    bool resting_ = false;
    base::Instant rest_until_;
    base::Instant log_again_;
};

// What the user holds.
class EpollListening final : public Listening {
  public:
    explicit EpollListening(EpollListener& listener) : listener_(listener) {}
    ~EpollListening() override { listener_.stop(); }
    EpollListening(const EpollListening&) = delete;
    EpollListening& operator=(const EpollListening&) = delete;

  private:
    EpollListener& listener_;
};

}  // namespace weir::loop
