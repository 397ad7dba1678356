// One server connection as the pool sees it: its state, its age, who may use it. The host derives
// its own connection class from it, owns the object, and destroys it only after Pool::closed() (or
// with the whole loop). One loop's thread. Knows no protocol.
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

// Set in the key of a client that wants a connection of its own: made for it, closed after it, and
// nobody else's.
constexpr CompatibilityKey dedicated_mark = CompatibilityKey{1} << 63U;
[[nodiscard]] constexpr bool is_dedicated(CompatibilityKey key) {
    return (key & dedicated_mark) != 0;
}

struct MemberTag;       // all of a pool
struct IdleTag;         // a pool's idle stack
struct HeldTag;         // used or pinned, of a template on a loop, ordered by held_since
struct BusyTag;         // held with a query running, ordered by its start (while there is a limit)
struct TransactionTag;  // held in a transaction, ordered by its start (while there is a limit)
struct QuietTag;        // in a transaction with no query running, ordered by quiet_since
struct LeakTag;         // quiet and watched for a leak, ordered by quiet_since

class Server : public base::ListHook<IdleTag>,
               public base::ListHook<HeldTag>,
               public base::ListHook<MemberTag>,
               public base::ListHook<BusyTag>,
               public base::ListHook<TransactionTag>,
               public base::ListHook<QuietTag>,
               public base::ListHook<LeakTag> {
  public:
    [[nodiscard]] ServerState state() const { return state_; }
    [[nodiscard]] Pool* pool() const { return pool_; }
    [[nodiscard]] CompatibilityKey key() const { return key_; }
    [[nodiscard]] Instant created() const { return created_; }
    [[nodiscard]] Instant since() const { return since_; }  // in the present state
    [[nodiscard]] Instant held_since() const {
        return held_since_;
    }  // the present checkout's start
    [[nodiscard]] std::optional<PinReason> pin_reason() const { return pin_reason_; }
    [[nodiscard]] Instant quiet_since() const { return quiet_since_; }
    [[nodiscard]] bool leak_suspected() const { return leak_suspected_; }
    // How its present holder, or the last one, came by it; of no meaning while it is shared.
    [[nodiscard]] ServedSource served_as() const { return served_as_; }
    // How many use it together; 0: nobody, or one who has it to itself.
    [[nodiscard]] unsigned sharers() const { return sharers_; }
    // Closed as soon as nobody holds it.
    [[nodiscard]] bool condemned() const { return condemned_.has_value(); }
    // It was made by settings that are no longer. Precondition: the pool has not been told of it.
    void born_outdated() { condemned_ = ReapReason::config; }

  protected:
    Server() = default;
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;
    ~Server();

  private:
    friend class Pool;
    friend class LeakWatch;
    friend class TimeLimits;
    friend class TemplatePools;
    ServerState state_ = ServerState::connecting;
    bool leak_suspected_ = false;  // told once a checkout
    bool quiet_ = false;           // held with no query running
    bool in_transaction_ = false;  // as of the last quiet()
    bool working_ = false;         // a transaction has begun that is not counted yet
    bool limit_told_ = false;      // a time limit has expired in this checkout
    bool scheduled_ = false;       // due_ stands in the agenda
    ServedSource served_as_{};
    LeakAction leak_action_{};  // while suspected: the one it was told with
    unsigned sharers_ = 0;
    std::optional<PinReason> pin_reason_;
    std::optional<ReapReason> condemned_;  // closed with this reason when free
    Pool* pool_ = nullptr;
    CompatibilityKey key_ = 0;
    Instant since_{}, held_since_{}, created_{}, expires_{};
    Instant quiet_since_{}, busy_since_{}, transaction_since_{};
    Instant due_{};  // when it may have been idle, or have lived, for long enough
};

}  // namespace weir::pool
