#include "pool/budget.h"

#include <algorithm>
#include <cassert>
#include <utility>

namespace weir::pool {
namespace {

constexpr base::Duration regrow_every = std::chrono::seconds(10);
constexpr base::Duration tick_every = std::chrono::milliseconds(50);

}  // namespace

Budget::Step::~Step() {
    budget_.probe_->budget(budget_.limit(), budget_.used());
    lock_.unlock();
    for (Letter& letter : letters_) {
        letter.port->post(
            [mailbox = std::move(letter.mailbox), number = letter.pool_number, now = letter.now] {
                if (const auto box = mailbox.lock()) box->budget_moved(number, now);
            });
    }
}

// At most one message to a pool is under way: it asks want() then, which tells all there is.
void Budget::Step::tell(Account& account, Instant now) {
    if (std::exchange(account.told_, true)) return;
    letters_.push_back({&account.port_, account.mailbox_, account.pool_number_, now});
}

Budget::Budget(unsigned maximum, std::shared_ptr<telemetry::UpstreamProbe> probe)
    : probe_(std::move(probe)), maximum_(maximum), effective_(maximum) {
    probe_->budget(maximum, 0);
}

AccountGroup& Budget::group(const std::string& name, unsigned reserved) {
    const std::scoped_lock lock(mutex_);
    auto& group = groups_[name];
    if (group == nullptr) group = std::make_unique<AccountGroup>();
    group->name = name;
    group->reserved = reserved;
    return *group;
}

void Budget::resize(unsigned maximum, Instant now) {
    Step step(*this);
    // One that the server made smaller regrows from where it is.
    if (effective_ == maximum_ || effective_ > maximum) effective_ = maximum;
    maximum_ = maximum;
    rebalance(step, now);
}

void Budget::reweigh(Account& account, unsigned weight, Instant now) {
    Step step(*this);
    change(account, [weight](Account& a) { a.weight_ = std::max(weight, 1U); });
    rebalance(step, now);
}

void Budget::close(Account& account, Instant now) {
    Step step(*this);
    account.told_ = true;  // no message to a pool that is gone
    change(account, [](Account& a) {
        a.dialing_ = a.granted_ = a.held_ = a.closing_ = a.owed_ = a.demand_ = 0;
    });
    rebalance(step, now);
}

Budget::Answer Budget::want(Account& account, unsigned wanted, Instant now) {
    Step step(*this);
    account.told_ = true;
    Answer answer;
    const auto collect = [&](unsigned most) {
        const unsigned tokens = std::min(account.granted_, most);
        const unsigned stolen = std::min(account.granted_stolen_, tokens);
        account.granted_ -= tokens;
        account.granted_stolen_ -= stolen;
        answer.tokens += tokens;
        answer.stolen += stolen;
    };
    collect(wanted);
    const unsigned demand = wanted - answer.tokens;
    change(account, [&](Account& a) {
        a.dialing_ -= a.granted_;
        a.granted_ = a.granted_stolen_ = 0;
        if (a.demand_ == 0 && demand > 0) a.unserved_since_ = now;
        a.demand_ = demand;
        // What it owed only because it was idle is not owed once it is in use again.
        const unsigned idle = a.idle();
        if (a.owed_idle_ > idle) {
            a.owed_ -= a.owed_idle_ - idle;
            a.owed_idle_ = idle;
        }
    });
    rebalance(step, now);
    collect(wanted - answer.tokens);
    assert(account.granted_ == 0);
    account.told_ = false;
    answer.owed = account.owed_;
    answer.quantum = current_quantum();
    return answer;
}

bool Budget::take_free(Account& account, Instant now) {
    Step step(*this);
    latest_ = std::max(latest_, now);
    if (demand_ > 0 || free() <= kept_for_others(account.group_)) return false;
    change(account, [](Account& a) { ++a.dialing_; });
    return true;
}

void Budget::return_unused(Account& account, Instant now) { dial_failed(account, now); }

void Budget::dialed(Account& account, Duration took, Instant now) {
    Step step(*this);
    mean_dial_ = mean_dial_.count() == 0 ? took : mean_dial_ + (took - mean_dial_) / 8;
    change(account, [now](Account& a) {
        assert(a.dialing_ > a.granted_);
        --a.dialing_;
        if (a.held_++ == 0) a.holding_since_ = now;
    });
    rebalance(step, now);
}

void Budget::dial_failed(Account& account, Instant now) {
    Step step(*this);
    change(account, [](Account& a) {
        assert(a.dialing_ > a.granted_);
        --a.dialing_;
    });
    rebalance(step, now);
}

void Budget::begin_closing(Account& account, bool recalled, Instant now) {
    change(account, [recalled, now](Account& a) {
        assert(a.held_ > 0);
        --a.held_;
        ++a.closing_;
        // It was served until now: those who were not come first.
        a.unserved_since_ = now;
        if (recalled) ++a.recalled_closing_;
        if (a.owed_ > 0) --a.owed_;
        if (a.owed_idle_ > 0) --a.owed_idle_;
    });
}

bool Budget::surrender(Account& account, Instant now) {
    Step step(*this);
    if (account.owed_ == 0) return false;
    begin_closing(account, true, now);
    rebalance(step, now);
    return true;
}

void Budget::closing(Account& account, Instant now) {
    Step step(*this);
    // Whatever the reason, one connection less pays what is owed.
    begin_closing(account, account.owed_ > 0, now);
    rebalance(step, now);
}

void Budget::closed(Account& account, Instant now) {
    Step step(*this);
    change(account, [this](Account& a) {
        assert(a.closing_ > 0);
        --a.closing_;
        if (a.recalled_closing_ > 0) {
            --a.recalled_closing_;
            ++stolen_free_;
        }
    });
    rebalance(step, now);
}

void Budget::limit_recalls(Account& account, unsigned recallable, Instant now) {
    Step step(*this);
    change(account, [recallable](Account& a) {
        a.recallable_ = recallable;
        a.owed_ = std::min(a.owed_, recallable);
    });
    rebalance(step, now);
}

std::optional<Budget::SideToken> Budget::borrow_side(Instant now) {
    Step step(*this);
    latest_ = std::max(latest_, now);
    if (free() == 0) return std::nullopt;
    ++side_;
    return SideToken(*this);
}

void Budget::give_back_side() {
    Step step(*this);
    assert(side_ > 0);
    --side_;
    rebalance(step, latest_);
}

void Budget::too_many(Account& account, Instant now) {
    Step step(*this);
    change(account, [](Account& a) {
        assert(a.dialing_ > a.granted_);
        --a.dialing_;
    });
    // Never none at all: somebody must be able to find out that there is room again.
    effective_ = std::clamp(held_ + closing_ + side_ + elsewhere_, 1U, effective_);
    regrow_at_ = now + regrow_every;
    rebalance(step, now);
}

void Budget::tick(Instant now) {
    Step step(*this);
    if (now < next_tick_) return;
    next_tick_ = now + tick_every;
    while (effective_ < maximum_ && now >= regrow_at_) {
        ++effective_;
        regrow_at_ += regrow_every;
    }
    if (demand_ == 0 && over() == 0) return;
    move_stuck_recalls(step, now);
    rebalance(step, now);
}

void Budget::set_elsewhere(unsigned tokens, Instant now) {
    Step step(*this);
    elsewhere_ = tokens;
    rebalance(step, now);
}

unsigned Budget::keep_used(unsigned least) {
    const Step step(*this);
    kept_ = std::min(kept_, std::max(used(), least));
    return kept_;
}

void Budget::keep_all(Instant now) {
    Step step(*this);
    kept_ = std::numeric_limits<unsigned>::max();
    rebalance(step, now);
}

Budget::Books Budget::books() const {
    const std::scoped_lock lock(mutex_);
    return {maximum_, limit(), free(), dialing_, held_ + side_, closing_, owed_, demand_};
}

Budget::Books Budget::books(const Account& account) const {
    const std::scoped_lock lock(mutex_);
    return {maximum_,      limit(),          free(),        account.dialing_,
            account.held_, account.closing_, account.owed_, account.demand_};
}

Budget::Duration Budget::quantum() const {
    const std::scoped_lock lock(mutex_);
    return current_quantum();
}

std::shared_ptr<const Holdings> Budget::holdings(Instant now) const {
    const std::scoped_lock lock(mutex_);
    const Duration age = now < seen_at_ ? seen_at_ - now : now - seen_at_;
    if (seen_ != nullptr && age < look_every) return seen_;
    auto holdings = std::make_shared<Holdings>();
    for (const Account* account : holders_) holdings->add(account->tenant_, account->used());
    holdings->complete();
    seen_at_ = now;
    return seen_ = std::move(holdings);
}

Budget::Duration Budget::current_quantum() const {
    return std::clamp<Duration>(mean_dial_ * 20, std::chrono::milliseconds(50),
                                std::chrono::seconds(1));
}

}  // namespace weir::pool
