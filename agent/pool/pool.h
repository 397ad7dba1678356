// The pool of one tenant (and app) of one template: events in, verbs out. It decides who gets which
// server connection and when connections are made, checked, reaped and closed; it never does I/O,
// asks no clock and knows no engine. Lives on its home loop; every call is on that thread.
//
// Waiting is first in first out without barging; a released connection goes straight to the oldest
// live waiter; idle connections are reused last in first out. Who is content to share joins a
// connection in use, unless somebody before it wants one alone.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "pool/account.h"
#include "pool/budget.h"
#include "pool/host.h"
#include "pool/lanes.h"
#include "pool/scope.h"
#include "pool/server.h"
#include "pool/waiter.h"
#include "settings/settings.h"
#include "telemetry/probes.h"

namespace weir::pool {

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

class Pool : public base::ListHook<StalledTag>,
             public base::ListHook<ThinTag>,
             public base::ListHook<BlockedTag> {
  public:
    Pool(Scope& scope, PoolName name, std::uint64_t number, Instant now);  // by TemplatePools
    Pool(const Pool&) = delete;
    Pool& operator=(const Pool&) = delete;
    // What is left goes without a word to the host: its loop has ended.
    ~Pool();

    // -- from sessions
    [[nodiscard]] Acquired acquire(Waiter& waiter, Instant now);
    // The waiter gives up (its client has gone); no effect when it does not wait.
    void cancel(Waiter& waiter, Instant now);
    // The holder is done. `result` clean, reset or rollback. Precondition: used, pinned, resetting
    // or cancelling, nothing outstanding on the connection, and nobody shares it.
    void release(Server& server, ReleaseResult result, Instant now);
    // One of those who share it, since `since`, is done: a clean release. The connection is free
    // with the last of them. Precondition: sharers() > 0, nothing outstanding for this one.
    void part(Server& server, Instant since, Instant now);
    // The connection can't be trusted any more: counts a broken release when held, and closes it.
    // No effect when it is closing already.
    void discard(Server& server, ReapReason reason, Instant now);
    // The key stands for something else from now on. Precondition: nobody uses it.
    void forget(CompatibilityKey key) { lanes_.forget(key); }
    // Its server is no longer one that the pool may use: with it go all connections made so far,
    // idle ones now and held ones when released. Once for all of them: no effect on one that goes
    // already.
    void outdated(Server& server, Instant now);
    void pin(Server& server, PinReason reason, Instant now);
    void unpin(Server& server, Instant now);
    // The client has let go but the connection must first be cleaned, or a cancel be delivered.
    void begin_reset(Server& server, Instant now);
    void begin_cancel(Server& server, Instant now);
    // No query runs on a held connection any more (it is in a transaction or pinned) / one runs
    // again. Feeds the leak watch and idle_in_transaction_timeout. A connection is granted busy.
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
    void disable(bool on, Instant now);  // those who wait are refused, too
    void clear(Instant now);             // closes idle ones now and held ones when released
    void resize(unsigned max_size, Instant now);
    void drain(Instant now);  // new acquires are rejected "draining"
    void end_drain(Instant now);

    // -- from a reload
    // The template's settings have changed from `before`. A max_size that an operator set stays
    // unless the configuration's own is another now.
    void reconfigured(const settings::Pool& before, Instant now);
    // Connections are made in another way or to another place from now on: those that there are go
    // as with clear(), and what the server refused may be tried again at once.
    void remade(Instant now);
    // A dial begun before that has failed, which says nothing any more.
    void dial_outdated(CompatibilityKey key, Instant now);

    // How many wait, and what the last of them lacks.
    [[nodiscard]] unsigned waiting() const { return static_cast<unsigned>(waiters_.size()); }
    [[nodiscard]] WaitCause wait_cause() const {
        return told_rest_ > 0 ? told_cause_ : WaitCause::connecting;
    }

    [[nodiscard]] const PoolName& name() const { return name_; }
    [[nodiscard]] const settings::Pool& settings() const { return settings_; }
    [[nodiscard]] PoolCounts counts(Instant now) const;
    [[nodiscard]] telemetry::PoolProbe& probe() const { return probe_; }
    [[nodiscard]] telemetry::TenantProbe& tenant_probe() const { return *tenant_; }
    void for_each_server(const std::function<void(Server&)>& visit) const;
    [[nodiscard]] const Account& account() const { return account_; }

  private:
    friend class TemplatePools;
    friend class Server;
    friend class Waiter;

    // pool.cpp: checkouts
    [[nodiscard]] Acquired acquire_slowly(Waiter& waiter, Instant now);
    [[nodiscard]] Acquired reject(RejectReason reason);
    void enter(Server& server, ServerState to, Instant now);
    void condemn_all(ReapReason reason, Instant now);
    void check_out(Server& server, const Waiter& waiter, ServedSource source, Duration waited,
                   Instant now);
    void let_go(Server& server);  // no longer used or pinned
    // Tells the tenant's probe what has ended: a query, and its transaction unless that goes on.
    void count_work(Server& server, bool transaction_goes_on, Instant now);
    [[nodiscard]] bool fresh(const Server& server, Instant now) const {
        return validate_after_.count() == 0 || now - server.since_ <= validate_after_;
    }
    void count_acquire(AcquireOutcome outcome, Duration waited);
    void available(Server& server, ServedSource source, Instant now);
    void became_idle(Server& server, Instant now);
    void left_idle(Server& server);

    // waiting.cpp: waiters
    void enqueue(Waiter& waiter, Instant now);
    void dequeue(Waiter& waiter);
    [[nodiscard]] Waiter* oldest_compatible(CompatibilityKey key) const;
    [[nodiscard]] Server* hottest_compatible(CompatibilityKey key) const;
    void serve_from_idle(Instant now);
    [[nodiscard]] bool serve_sharers(Instant now);  // true when somebody was
    void join(Server& server, Duration waited);
    [[nodiscard]] Server* packable(CompatibilityKey key, Instant now);
    [[nodiscard]] Server* joinable(CompatibilityKey key, bool roomy, Instant now) const;
    [[nodiscard]] bool takes_sharers(const Server& server, CompatibilityKey key, Instant now) const;
    void check(Server& server, Instant now);
    void check_more(Instant now);
    void refuse(Waiter& waiter, Refusal refusal, Instant now);
    void timed_out(Waiter& waiter, Instant now);
    void refuse_lane(const Lane& lane, Instant now);
    [[nodiscard]] Refusal refusal(AcquireOutcome outcome, Duration waited) const;
    void settle(Instant now);
    void recount_waiting(Instant moment);
    void blame(Instant now);
    [[nodiscard]] bool blocked_by_holders() const;
    void tell_blame(Instant now);
    [[nodiscard]] WaitCause cause_of_the_rest() const;
    void abandon(Waiter& waiter);

    // sizing.cpp: how many connections there are
    void seek(Instant now, bool ask);
    void stall(bool is);
    void spend(Budget::Answer answer, Instant now);
    void replace_incompatible(Instant now);
    [[nodiscard]] Lane* lane_to_dial(Instant now);
    void dial(Lane& lane, Instant now);
    void back_off(Instant now);
    [[nodiscard]] unsigned room() const { return size_ < max_size_ ? max_size_ - size_ : 0; }
    [[nodiscard]] unsigned live() const { return size_ - counts_[ServerState::closing]; }
    void budget_moved(Instant now);
    void report_recallable(Instant now);
    [[nodiscard]] bool warm(Instant now);  // false: no token is free
    void notice_thin();
    [[nodiscard]] unsigned spare() const;

    // reaping.cpp: which connections go
    [[nodiscard]] bool close_instead(Server& server, Instant now);
    [[nodiscard]] std::optional<ReapReason> must_close(const Server& server, Instant now) const;
    [[nodiscard]] bool starves_another_key(const Server& server, Instant now);
    [[nodiscard]] bool surrender(Server& server, Instant now);
    void close(Server& server, ReapReason reason, Instant now);
    void close_now(Server& server, ReapReason reason, Instant now);
    void pay_with_idle(Instant now);
    void begin_life(Server& server, Instant now);
    void put_off(Server& server, Instant now);
    void due(Server& server, Instant now);
    void schedule(Server& server, Instant at);
    void unschedule(Server& server);
    void abandon(Server& server);
    [[nodiscard]] bool unused_since(Instant moment) const;
    [[nodiscard]] bool empty() const;
    void retire(Instant now);

    [[nodiscard]] bool disabled_by(const settings::Pool& settings) const;
    void dial_ended(CompatibilityKey key, Instant now);
    void reopen();  // open_ follows from the flags below
    [[nodiscard]] unsigned in_use() const {
        return counts_[ServerState::used] + counts_[ServerState::pinned];
    }

    // On the way of a query.
    bool open_ = true;         // not paused, disabled, draining or direct
    bool keeps_idle_ = false;  // min_idle > 0
    unsigned owed_ = 0;        // as the budget last said
    unsigned max_size_;
    unsigned size_ = 0;
    base::ByWord<ServerState, unsigned> counts_;
    Instant last_used_;
    Duration validate_after_;  // 0: never
    telemetry::PoolProbe& probe_;
    std::shared_ptr<telemetry::TenantProbe> tenant_;
    base::List<Server, IdleTag> idle_;  // coldest first
    base::List<Waiter, WaiterTag> waiters_;
    Server* packed_ = nullptr;  // who shares joins it, while it takes more
    Scope& scope_;
    const settings::Pool& settings_;
    Host& host_;
    Account account_;

    base::List<Server, MemberTag> members_;
    Lanes lanes_;
    Duration quantum_{};
    unsigned demand_ = 0;        // as registered with the budget and not granted
    unsigned stolen_dials_ = 0;  // dials under way with tokens recalled from other pools
    bool recalls_limited_ = false;
    bool blocked_ = false;  // by the breaker, as of the last seek
    bool stalled_ = false;  // some waiters' dials must wait for a retry
    bool paused_ = false, disabled_ = false, draining_ = false, dormant_ = false;
    Instant cleared_at_{};                        // dials begun before are not to be kept …
    ReapReason cleared_for_ = ReapReason::admin;  // … for this reason
    Instant retry_at_{};                          // after a failure that is the upstream's
    Duration retry_backoff_{};
    std::optional<CompatibilityKey> warm_key_;  // of the connections kept idle
    unsigned leaks_ = 0;
    const Waiter* asking_ = nullptr;  // inside its acquire(), which tells it itself …
    Server* joined_ = nullptr;        // … what it has joined
    // What telemetry was last told of the waiters: so many with a dial under way, the rest.
    unsigned told_connecting_ = 0, told_rest_ = 0;
    WaitCause told_cause_ = WaitCause::pool_full;
    Instant blamed_until_{};           // the waiting up to then is accounted for …
    std::uint64_t spent_on_pool_ = 0;  // … of it on the pool's own users, not in the matrix yet
    PoolName name_;
    const std::uint64_t number_;
    Instant due_{};  // in TemplatePools' order of pools to look at
};

}  // namespace weir::pool
