// The budget of an upstream: no more than max_connections tokens, shared by all loops, exact. A
// token is free → dialing → held → closing → free. Who gets the next one: templates below their
// reserve, then the lowest held/weight, then who has gone unserved longest. Tokens are recalled
// from pools that have idle connections, or more than their share, for pools that lack one.
//
// Any thread: one step under the mutex a call; messages to other pools are posted after unlock. Not
// touched by a query that finds a connection.
#pragma once

#include <algorithm>
#include <cassert>
#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "pool/account.h"
#include "pool/holdings.h"
#include "telemetry/upstream_probe.h"

namespace weir::pool {

class Budget {
  public:
    using Instant = base::Instant;
    using Duration = base::Duration;

    // What want() gives: tokens to dial with now, and what the pool owes besides.
    struct Answer {
        unsigned tokens = 0, stolen = 0;  // stolen: of tokens, recalled from another pool
        unsigned owed = 0;
        Duration quantum{};  // a connection younger than this is not given up while used
    };
    struct Books {
        unsigned maximum = 0, effective = 0, free = 0, dialing = 0, held = 0, closing = 0, owed = 0,
                 demand = 0;
    };
    // A connection beside all pools (observer, cancel, auth_query): one token while it lives.
    class SideToken {
      public:
        explicit SideToken(Budget& budget) : budget_(&budget) {}
        SideToken(SideToken&& other) noexcept : budget_(std::exchange(other.budget_, nullptr)) {}
        SideToken& operator=(SideToken other) noexcept {
            std::swap(budget_, other.budget_);
            return *this;
        }
        ~SideToken() {
            if (budget_ != nullptr) budget_->give_back_side();
        }

      private:
        Budget* budget_;
    };

    Budget(unsigned maximum, std::shared_ptr<telemetry::UpstreamProbe> probe);

    // The group of a template, the same one for all loops.
    [[nodiscard]] AccountGroup& group(const std::string& name, unsigned reserved);
    // -- a reload
    // Fewer than are in use: none is free until it fits, and what is over is recalled.
    void resize(unsigned maximum, Instant now);
    void reweigh(Account& account, unsigned weight, Instant now);
    // The account's pool is gone: whatever it still has is free again.
    void close(Account& account, Instant now);

    // The pool wants `wanted` tokens more than those it dials with; what is granted already and no
    // longer wanted returns at once, and recalls for demand that went away are cancelled.
    [[nodiscard]] Answer want(Account& account, unsigned wanted, Instant now);
    // One token, only if it is free and nobody waits for it.
    [[nodiscard]] bool take_free(Account& account, Instant now);
    void return_unused(Account& account, Instant now);  // a token that was not dialed with
    void dialed(Account& account, Duration took, Instant now);
    void dial_failed(Account& account, Instant now);
    // held → closing because the account owes one; false: it owes none any more.
    [[nodiscard]] bool surrender(Account& account, Instant now);
    void closing(Account& account, Instant now);  // held → closing for the pool's own reasons
    void closed(Account& account, Instant now);   // the server's end of file
    // Of what the account holds, only so many can be recalled (the rest is pinned).
    void limit_recalls(Account& account, unsigned recallable, Instant now);

    [[nodiscard]] std::optional<SideToken> borrow_side(Instant now);
    // The server said that it is full: the effective maximum shrinks to what is held, and regrows
    // by one every 10 s.
    void too_many(Account& account, Instant now);
    void tick(Instant now);

    // -- a restart: two processes share max_connections
    // The other process has so many of the tokens.
    void set_elsewhere(unsigned tokens, Instant now);
    // Gives up every token that is not in use just now, but keeps `least`: how many are kept.
    unsigned keep_used(unsigned least);
    void keep_all(Instant now);  // undoes that

    [[nodiscard]] Books books() const;
    [[nodiscard]] Books books(const Account& account) const;
    [[nodiscard]] Duration quantum() const;
    // Who uses the connections, of those that are not idle, as of `now` or a tick before: all loops
    // share one look.
    [[nodiscard]] std::shared_ptr<const Holdings> holdings(Instant now) const;
    static constexpr Duration look_every = std::chrono::milliseconds(90);  // of holdings()

  private:
    struct Letter {
        Port* port;
        std::weak_ptr<Mailbox> mailbox;
        std::uint64_t pool_number;
        Instant now;
    };
    // The mutex held; what is to be told meanwhile is posted after unlock.
    class Step {
      public:
        explicit Step(Budget& budget) : budget_(budget), lock_(budget.mutex_) {}
        ~Step();
        void tell(Account& account, Instant now);

      private:
        Budget& budget_;
        std::vector<Letter> letters_;
        std::unique_lock<std::mutex> lock_;
    };
    struct Victim {
        Account* account = nullptr;
        bool idle = false;  // it is recalled only for being idle
    };
    struct Requester {
        Account* account;
        unsigned has;  // with what it will get before
    };

    template <class Change>
    void change(Account& account, Change apply);
    void give_back_side();
    void begin_closing(Account& account, bool recalled, Instant now);
    [[nodiscard]] unsigned used() const { return dialing_ + held_ + closing_ + side_; }
    // What this process may have: effective_ less what the other one has.
    [[nodiscard]] unsigned limit() const {
        return std::min(effective_ - std::min(effective_, elsewhere_), kept_);
    }
    [[nodiscard]] unsigned free() const { return used() < limit() ? limit() - used() : 0; }
    // What a smaller maximum leaves over.
    [[nodiscard]] unsigned over() const { return used() > maximum_ ? used() - maximum_ : 0; }
    [[nodiscard]] Duration current_quantum() const;

    void rebalance(Step& step, Instant now);
    void grant_free(Step& step, Instant now);
    [[nodiscard]] unsigned kept_for_others(const AccountGroup& group) const;
    [[nodiscard]] Account* next_in_line() const;
    void cancel_recalls();
    void make_recalls(Step& step, Instant now);
    void move_stuck_recalls(Step& step, Instant now);
    void cancel_one(Account& account);
    void recall_one(Step& step, Account& victim, bool idle, Instant now);
    [[nodiscard]] std::vector<Requester> next_requesters(unsigned count) const;
    void shrink(Step& step, Instant now);
    [[nodiscard]] Account* idle_victim(const Account& requester, Instant now) const;
    [[nodiscard]] Victim surplus_victim(Instant now) const;
    [[nodiscard]] Account* used_victim(const Requester& requester, Instant now) const;
    [[nodiscard]] bool protected_from(const Account& victim, const Account& requester) const;

    const std::shared_ptr<telemetry::UpstreamProbe> probe_;

    mutable std::mutex mutex_;  // guards all below and the accounts
    unsigned maximum_;
    std::map<std::string, std::unique_ptr<AccountGroup>> groups_;
    std::set<Account*> holders_;                    // held > 0
    mutable std::shared_ptr<const Holdings> seen_;  // the last look of holdings() …
    mutable Instant seen_at_{};                     // … and when it was
    unsigned effective_;
    unsigned elsewhere_ = 0;                                // tokens of the other process
    unsigned kept_ = std::numeric_limits<unsigned>::max();  // no more than these are ours still
    unsigned dialing_ = 0, held_ = 0, closing_ = 0, side_ = 0, owed_ = 0, demand_ = 0;
    unsigned stolen_free_ = 0;  // of the free ones: recalled for somebody
    Duration mean_dial_{};
    Instant latest_{}, regrow_at_{}, next_tick_{};
};

// The one way to change an account: keeps the totals, the group and the ordered sets true.
template <class Change>
void Budget::change(Account& account, Change apply) {
    if (account.demand_ > 0) account.group_.wanting.erase(&account);
    const unsigned held_before = account.held_;
    dialing_ -= account.dialing_;
    held_ -= account.held_;
    closing_ -= account.closing_;
    owed_ -= account.owed_;
    demand_ -= account.demand_;
    account.group_.has -= account.has();
    apply(account);
    assert(account.owed_ <= account.held_ && account.granted_ <= account.dialing_);
    account.owed_idle_ = std::min(account.owed_idle_, account.owed_);
    dialing_ += account.dialing_;
    held_ += account.held_;
    closing_ += account.closing_;
    owed_ += account.owed_;
    demand_ += account.demand_;
    account.group_.has += account.has();
    if (account.demand_ > 0) account.group_.wanting.insert(&account);
    if (held_before == 0 && account.held_ > 0) holders_.insert(&account);
    if (held_before > 0 && account.held_ == 0) holders_.erase(&account);
}

}  // namespace weir::pool
