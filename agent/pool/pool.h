// The pool of one tenant (and app) of one template: events in, verbs out. It decides who gets which
// server connection and when connections are made, checked, reaped and closed; it never does I/O, asks
// no clock and knows no engine. Lives on its home loop; every call is on that thread.
//
// Waiting is first in first out without barging; a released connection goes straight to the oldest
// live waiter; idle connections are reused last in first out.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "pool/budget.h"
#include "pool/host.h"
#include "pool/server.h"
#include "pool/waiter.h"
#include "settings/settings.h"
#include "telemetry/probes.h"

namespace weir::pool {

class TemplatePools;

struct PoolName {
    std::string tenant, app;
};

struct Acquired {
    enum class Kind { ready, waiting, refused } kind = Kind::waiting;
    Server* server = nullptr;  // when ready: state used, the caller holds it
    Refusal refusal;           // when refused
};

// Numbers for status, errors and the API; of this moment.
struct PoolCounts {
    unsigned connecting = 0, idle = 0, checking = 0, used = 0, pinned = 0, resetting = 0,
             cancelling = 0, closing = 0, waiting = 0, leaks = 0, max = 0;
    Duration oldest_wait{};
    bool paused = false, disabled = false;
};

class Pool {
  public:
    // -- from sessions
    [[nodiscard]] Acquired acquire(Waiter& waiter, Instant now);
    // The waiter gives up (its client has gone); no effect when it does not wait.
    void cancel(Waiter& waiter, Instant now);
    // The holder is done. `result` clean, reset or rollback. Precondition: used, pinned, resetting
    // or cancelling, and nothing outstanding on the connection.
    void release(Server& server, ReleaseResult result, Instant now);
    // The connection can't be trusted any more: counts a broken release when held, and closes it.
    void discard(Server& server, ReapReason reason, Instant now);
    void pin(Server& server, PinReason reason, Instant now);
    void unpin(Server& server, Instant now);
    // The client has let go but the connection must first be cleaned, or a cancel be delivered.
    void begin_reset(Server& server, Instant now);
    void begin_cancel(Server& server, Instant now);
    // No query runs on a held connection any more (it is in a transaction or pinned) / one runs again.
    // Feeds the leak watch and idle_in_transaction_timeout.
    void quiet(Server& server, bool in_transaction, Instant now);
    void busy(Server& server, Instant now);

    // -- from the host
    void dialed(Server& server, CompatibilityKey key, Duration took, Instant now);
    void dial_failed(CompatibilityKey key, CreateFailure failure, std::string sqlstate,
                     std::string message, Instant now);
    void checked(Server& server, bool alive, Instant now);
    void server_lost(Server& server, Instant now);  // end of file, error or 57P01, in any state
    void closed(Server& server, Instant now);       // the host forgets it after this call
    void reclaimed(Server& server, LeakAction action, Instant now);

    // -- from operators
    void pause(Instant now);
    void resume(Instant now);
    void disable(bool on, Instant now);
    void clear(Instant now);  // closes idle ones now and held ones when released
    void resize(unsigned max_size, Instant now);
    void drain(Instant now);  // new acquires are rejected "draining"

    [[nodiscard]] const PoolName& name() const;
    [[nodiscard]] const settings::Pool& settings() const;
    [[nodiscard]] PoolCounts counts(Instant now) const;
    [[nodiscard]] telemetry::PoolProbe& probe() const;
    [[nodiscard]] telemetry::TenantProbe& tenant_probe() const;
    void for_each_server(const std::function<void(Server&)>& visit) const;
};

}  // namespace weir::pool
