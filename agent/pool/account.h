// One pool's account with the budget of its upstream: what it holds, wants and owes. Its numbers
// are the budget's, guarded by its mutex; the hints alone are written by the pool, on its home loop
// and without a lock, so that the budget sees who has idle connections and how cold they are.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <limits>
#include <memory>
#include <set>
#include <string>
#include <utility>

#include "base/clock.h"
#include "pool/port.h"
#include "telemetry/cell.h"

namespace weir::pool {

class Account;

// Orders accounts that want tokens: lowest held/weight first, then longest unserved.
struct NeedierFirst {
    bool operator()(const Account* a, const Account* b) const;
};

// The accounts of one template on all loops.
struct AccountGroup {
    std::string name;
    unsigned reserved = 0;  // tokens that no other group may take
    unsigned has = 0;       // dialing + held of its accounts
    std::set<Account*, NeedierFirst> wanting;
    std::atomic<unsigned> tenants{0};  // pools known, on all loops: what max_tenants bounds
};

class Account {
  public:
    static constexpr std::int64_t no_idle = std::numeric_limits<std::int64_t>::max();

    Account(AccountGroup& group, unsigned weight, Port& port, std::weak_ptr<Mailbox> mailbox,
            std::uint64_t pool_number, std::string tenant = {})
        : group_(group),
          weight_(weight == 0 ? 1 : weight),
          port_(port),
          mailbox_(std::move(mailbox)),
          pool_number_(pool_number),
          tenant_(std::move(tenant)) {}
    Account(const Account&) = delete;
    Account& operator=(const Account&) = delete;

    // -- hints, by the home loop
    void idle_count(std::size_t count) { idle_.set(static_cast<std::int64_t>(count)); }
    void coldest_idle(base::Instant since) { coldest_.set(since.time_since_epoch().count()); }
    void none_idle() { coldest_.set(no_idle); }

  private:
    friend class Budget;
    friend struct NeedierFirst;
    [[nodiscard]] unsigned has() const { return dialing_ + held_; }
    [[nodiscard]] unsigned idle() const { return static_cast<unsigned>(idle_.read()); }
    [[nodiscard]] unsigned used() const { return held_ - std::min(held_, idle()); }

    AccountGroup& group_;
    unsigned weight_;
    Port& port_;
    const std::weak_ptr<Mailbox> mailbox_;
    const std::uint64_t pool_number_;
    const std::string tenant_;  // whose connections it holds; empty: the agent's own

    telemetry::Gauge idle_, coldest_;  // the hints; coldest_ means nothing while idle_ is 0

    unsigned dialing_ = 0;         // granted and dialing
    unsigned granted_ = 0;         // of dialing_: not yet collected by the pool
    unsigned granted_stolen_ = 0;  // of granted_: recalled from another pool
    unsigned held_ = 0, closing_ = 0;
    unsigned recalled_closing_ = 0;  // of closing_: given up for another pool
    unsigned demand_ = 0;            // wanted and not granted
    unsigned owed_ = 0;              // of held_: to be given up
    unsigned owed_idle_ = 0;         // of owed_: only because they were idle
    unsigned recallable_ = std::numeric_limits<unsigned>::max();  // as last declined
    base::Instant unserved_since_{};  // of the demand, or since it was last served
    base::Instant holding_since_{};   // when held_ last rose from 0
    base::Instant owing_since_{}, passed_over_until_{};
    bool told_ = false;  // a message is under way
};

inline bool NeedierFirst::operator()(const Account* a, const Account* b) const {
    const std::uint64_t left = std::uint64_t{a->has()} * b->weight_;
    const std::uint64_t right = std::uint64_t{b->has()} * a->weight_;
    if (left != right) return left < right;
    if (a->unserved_since_ != b->unserved_since_) return a->unserved_since_ < b->unserved_since_;
    return a < b;
}

}  // namespace weir::pool
