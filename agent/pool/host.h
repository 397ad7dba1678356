// The verbs a pool says: what it wants done by whoever has sockets. Each is a request that the host
// carries out later in the turn or after it, never inside the call, so that a pool is never
// re-entered. The answers are the pool's events.
#pragma once

#include "pool/server.h"
#include "pool/waiter.h"

namespace weir::pool {

enum class Deadline : std::uint8_t { query, transaction, idle_in_transaction };

class Host {
  public:
    virtual ~Host() = default;
    // Establish a connection with this key. Answer, exactly once a call: Pool::dialed() or
    // Pool::dial_failed() (a pool with dials under way is not forgotten).
    virtual void dial(Pool& pool, CompatibilityKey key) = 0;
    // The waiter has left the queue and holds the server (state used).
    virtual void grant(Waiter& waiter, Server& server) = 0;
    virtual void refuse(Waiter& waiter, const Refusal& refusal) = 0;
    // Ask the server whether it lives. Answer: Pool::checked().
    virtual void check(Server& server) = 0;
    // Say goodbye and half-close; answer with Pool::closed() at the server's end of file, or after
    // 5 s without one. A held connection's client is told by the host.
    virtual void close(Server& server, ReapReason reason) = 0;
    // A suspected leak, told once a checkout; cancel and close are the host's to carry out, and it
    // reports Pool::reclaimed() when the connection was taken back.
    virtual void leaked(Server& server, LeakAction action) = 0;
    // A configured time limit has passed for the holder of this connection; told once.
    virtual void expired(Server& server, Deadline deadline) = 0;
    // The pool has been unused for pool_idle_timeout; true: nobody is under way to it, destroy it.
    virtual bool forgettable(Pool& pool) = 0;
};

}  // namespace weir::pool
