// One event loop: one thread that runs turns. A turn waits for events, handles at most 256 of them
// (64 KiB a stream), runs what was deferred, flushes every stream written to with one system call
// each, and then destroys what died. now() is read once a turn.
// Only post() and stop() may be called from other threads.
#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "base/fd.h"
#include "base/intrusive_list.h"
#include "base/task.h"
#include "loop/stream.h"

namespace weir::loop {

// Told of each accepted connection; the socket is non-blocking and close-on-exec already.
class Acceptor {
  public:
    virtual ~Acceptor() = default;
    virtual void accepted(base::Fd socket) = 0;
};

// A listening socket's registration; destroying it (on the loop's thread) stops accepting and
// leaves the descriptor, which the caller owns, open. accepted() may destroy it.
class Listening {
  public:
    virtual ~Listening() = default;
};

struct DeferredTag;
// Work for the end of the present turn, without allocation. run() is called once for each defer().
class Deferred : public base::ListHook<DeferredTag> {
  public:
    virtual ~Deferred() = default;
    virtual void run() = 0;
};

class Ticker {
  public:
    virtual ~Ticker() = default;
    virtual void tick(base::Instant now) = 0;  // every Loop::tick_interval
};

// Sees the loop's own health; called on its thread.
class LoopObserver {
  public:
    virtual ~LoopObserver() = default;
    virtual void turn_ended(base::Duration busy) = 0;  // from wake-up to the next wait
    virtual void ticked(base::Instant now, base::Duration lag) = 0;  // how late the tick ran
};

class Loop {
  public:
    static constexpr base::Duration tick_interval = std::chrono::milliseconds(100);
    static constexpr base::Duration linger_limit = std::chrono::seconds(2);

    virtual ~Loop() = default;

    // Runs turns on the calling thread until stop(), and one more for what was posted before; then
    // destroys the streams that are left without a callback. Once. `observer` may be nullptr.
    virtual void run(LoopObserver* observer) = 0;
    virtual void stop() = 0;  // any thread
    virtual void post(
        base::Task task) = 0;  // any thread; tasks run in order, none after run() returned

    [[nodiscard]] virtual base::Instant now() const = 0;  // of this turn
    // Takes a connected, non-blocking socket. What fails is told as closed(), never inside the
    // call.
    virtual Stream& open(std::unique_ptr<FdOwner> owner, StreamEvents& events) = 0;
    // Goes on with a connection given away by another loop: tells `unread` as received() in a later
    // turn, before anything newer, and writes `unsent`.
    virtual Stream& open(Detached connection, StreamEvents& events) = 0;
    // `socket` is listening and non-blocking; the result dies before the loop.
    [[nodiscard]] virtual std::unique_ptr<Listening> listen(int socket, Acceptor& acceptor) = 0;
    virtual void defer(Deferred& work) = 0;                 // no effect when already deferred
    virtual void cancel(Deferred& work) = 0;                // no effect when not deferred
    virtual void add(Ticker& ticker) = 0;                   // until the loop dies
    [[nodiscard]] virtual const char* backend() const = 0;  // "epoll"
};

[[nodiscard]] std::unique_ptr<Loop> make_epoll_loop();

}  // namespace weir::loop
