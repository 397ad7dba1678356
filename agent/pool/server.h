// One server connection as the pool sees it: its state, its age, who may use it. The host derives
// its own connection class from it, owns the object, and destroys it only after Pool::closed().
// One loop's thread. Knows no protocol.
#pragma once

#include <cstdint>
#include <optional>

#include "base/clock.h"
#include "base/intrusive_list.h"
#include "pool/server_state.h"

namespace weir::pool {

using base::Duration;
using base::Instant;

class Pool;
class Waiter;

// What must agree for a connection to serve a client besides its pool (account, database, handshake
// options), as an opaque number. Engines whose pools need none use 0.
using CompatibilityKey = std::uint64_t;

struct IdleTag;
struct HeldTag;
struct QuietTag;

class Server : public base::ListHook<IdleTag>,
               public base::ListHook<HeldTag>,
               public base::ListHook<QuietTag> {
  public:
    [[nodiscard]] ServerState state() const { return state_; }
    [[nodiscard]] Pool* pool() const { return pool_; }
    [[nodiscard]] CompatibilityKey key() const { return key_; }
    [[nodiscard]] Instant created() const { return created_; }
    [[nodiscard]] Instant since() const { return since_; }        // in the present state
    [[nodiscard]] Instant held_since() const { return held_since_; }  // the present checkout's start
    [[nodiscard]] std::optional<PinReason> pin_reason() const { return pin_reason_; }
    [[nodiscard]] bool leak_suspected() const { return leak_suspected_; }

  protected:
    Server() = default;
    ~Server() = default;

  private:
    friend class Pool;
    friend class TemplatePools;
    friend class LeakWatch;
    ServerState state_ = ServerState::connecting;
    bool leak_suspected_ = false;
    std::optional<PinReason> pin_reason_;
    Pool* pool_ = nullptr;
    CompatibilityKey key_ = 0;
    Instant created_{}, since_{}, held_since_{}, quiet_since_{}, expires_{};
};

}  // namespace weir::pool
