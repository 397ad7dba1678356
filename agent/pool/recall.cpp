// The budget's decisions: who gets a free token, who has to give one up for whom. All under its
// mutex; decisions are made anew at each step from the numbers alone, so that none goes stale.
#include <algorithm>
#include <cassert>
#include <queue>

#include "pool/budget.h"

namespace weir::pool {

void Budget::rebalance(Step& step, Instant now) {
    latest_ = std::max(latest_, now);
    grant_free(step, now);
    cancel_recalls();
    make_recalls(step, now);
}

// Free tokens that other templates' reserves keep from this one.
unsigned Budget::kept_for_others(const AccountGroup& group) const {
    unsigned kept = 0;
    for (const auto& [name, other] : groups_) {
        if (other.get() != &group && other->has < other->reserved)
            kept += other->reserved - other->has;
    }
    return kept;
}

Account* Budget::next_in_line() const {
    Account* best = nullptr;
    bool best_below = false;
    for (const auto& [name, group] : groups_) {
        if (group->wanting.empty()) continue;
        const bool below = group->has < group->reserved;
        if (!below && free() <= kept_for_others(*group)) continue;
        Account* head = *group->wanting.begin();
        if (best == nullptr || (below && !best_below) ||
            (below == best_below && NeedierFirst{}(head, best))) {
            best = head;
            best_below = below;
        }
    }
    return best;
}

void Budget::grant_free(Step& step, Instant now) {
    while (demand_ > 0 && free() > 0) {
        Account* account = next_in_line();
        if (account == nullptr) break;
        const bool stolen = stolen_free_ > 0;
        if (stolen) {
            --stolen_free_;
            probe_->stole();
        }
        change(*account, [now, stolen](Account& a) {
            --a.demand_;
            ++a.dialing_;
            ++a.granted_;
            if (stolen) ++a.granted_stolen_;
            a.unserved_since_ = now;
        });
        step.tell(*account, now);
    }
    stolen_free_ = std::min(stolen_free_, free());
}

void Budget::cancel_one(Account& account) {
    change(account, [](Account& a) { --a.owed_; });
}

// Demand that went away, or that closing connections will meet, needs no recall; and nobody gives
// up a connection for demand of its own.
void Budget::cancel_recalls() {
    const unsigned surplus = over();
    for (Account* account : holders_) {
        while (surplus == 0 && account->owed_ > demand_ - account->demand_) cancel_one(*account);
    }
    const unsigned wanted = surplus > 0 ? surplus : demand_;
    const unsigned target = wanted > closing_ ? wanted - closing_ : 0;
    while (owed_ > target) {
        Account* poorest = nullptr;
        for (Account* account : holders_) {
            if (account->owed_ > 0 && (poorest == nullptr || NeedierFirst{}(account, poorest))) {
                poorest = account;
            }
        }
        assert(poorest != nullptr);
        cancel_one(*poorest);
    }
}

void Budget::make_recalls(Step& step, Instant now) {
    if (over() > 0) {  // whoever wants something gets its turn once it fits
        shrink(step, now);
        return;
    }
    if (demand_ <= closing_ + owed_ || holders_.empty()) return;
    const unsigned coming = closing_ + owed_;
    // A few at a step; the rest follows with the next event or tick.
    const std::vector<Requester> requesters = next_requesters(std::min(demand_, coming + 16));
    for (std::size_t i = coming; i < requesters.size(); ++i) {
        Account* victim = idle_victim(*requesters[i].account, now);
        const bool idle = victim != nullptr;
        if (!idle) victim = used_victim(requesters[i], now);
        if (victim == nullptr) return;  // those behind are less needy still
        recall_one(step, *victim, idle, now);
    }
}

void Budget::shrink(Step& step, Instant now) {
    while (over() > closing_ + owed_) {
        const Victim victim = surplus_victim(now);
        if (victim.account == nullptr) return;  // the rest is pinned or dialing; looked at again
        recall_one(step, *victim.account, victim.idle, now);
    }
}

void Budget::recall_one(Step& step, Account& victim, bool idle, Instant now) {
    change(victim, [idle, now](Account& a) {
        if (a.owed_++ == 0) a.owing_since_ = now;
        if (idle) ++a.owed_idle_;
    });
    step.tell(victim, now);
}

// A recall that its pool did not pay within a quantum is paid with what is idle there by now, too
// young as it was before. What it could not pay (a long transaction) moves to another pool that
// might; with no other it stays.
void Budget::move_stuck_recalls(Step& step, Instant now) {
    const Duration patience = current_quantum();
    const std::vector<Account*> holders(holders_.begin(), holders_.end());
    for (Account* account : holders) {
        if (account->owed_ == 0 || now - account->owing_since_ < patience) continue;
        if (account->idle() > 0) {
            step.tell(*account, now);
            continue;
        }
        account->passed_over_until_ = now + patience;
        Victim other;
        if (over() > 0) {
            other = surplus_victim(now);
        } else {
            const std::vector<Requester> requesters = next_requesters(1);
            if (requesters.empty()) return;
            other.account = idle_victim(*requesters[0].account, now);
            other.idle = other.account != nullptr;
            if (!other.idle) other.account = used_victim(requesters[0], now);
        }
        if (other.account == nullptr || other.account == account) continue;
        cancel_one(*account);
        recall_one(step, *other.account, other.idle, now);
    }
}

// In whose hands the next `count` tokens would end, one after the other.
std::vector<Budget::Requester> Budget::next_requesters(unsigned count) const {
    struct Line {
        Account* account;
        unsigned has, left;
    };
    const auto after = [](const Line& a, const Line& b) {
        const std::uint64_t left = std::uint64_t{a.has} * b.account->weight_;
        const std::uint64_t right = std::uint64_t{b.has} * a.account->weight_;
        if (left != right) return left > right;
        return a.account->unserved_since_ > b.account->unserved_since_;
    };
    // No more tokens can come than others hold; the order of a set is the order of its first turns.
    count = std::min(count, closing_ + held_);
    std::priority_queue<Line, std::vector<Line>, decltype(after)> lines(after);
    for (const auto& [name, group] : groups_) {
        unsigned taken = 0;
        for (Account* account : group->wanting) {
            if (taken++ == count) break;
            lines.push({account, account->has(), account->demand_});
        }
    }
    std::vector<Requester> order;
    order.reserve(count);
    while (order.size() < count && !lines.empty()) {
        Line line = lines.top();
        lines.pop();
        order.push_back({line.account, line.has});
        ++line.has;
        if (--line.left > 0) lines.push(line);
    }
    return order;
}

// Tokens within a template's reserve are taken by its own pools alone.
bool Budget::protected_from(const Account& victim, const Account& requester) const {
    if (&victim.group_ == &requester.group_) return false;
    unsigned owed = 0;
    for (const Account* account : holders_) {
        if (&account->group_ == &victim.group_) owed += account->owed_;
    }
    return victim.group_.has <= victim.group_.reserved + owed;
}

// The coldest idle connection of another pool. One that was dialed within the quantum and used a
// moment ago is spared: else two pools sharing a token would dial for every query.
Account* Budget::idle_victim(const Account& requester, Instant now) const {
    Account* coldest = nullptr;
    for (Account* account : holders_) {
        if (account == &requester) continue;
        if (account->owed_ >= account->idle() || account->owed_ >= account->held_) continue;
        const Instant since{Duration(account->coldest_.read())};
        const bool warm = now - since < mean_dial_;
        if (warm && now - account->holding_since_ < current_quantum()) continue;
        if (protected_from(*account, requester)) continue;
        if (coldest == nullptr || account->coldest_.read() < coldest->coldest_.read())
            coldest = account;
    }
    return coldest;
}

// The pool furthest above its share, if its lead is worth a connection; a requester with none at
// all gets its turn from anyone who has had one for a quantum.
Account* Budget::used_victim(const Requester& requester, Instant now) const {
    Account* richest = nullptr;
    const auto net = [](const Account& a) { return std::uint64_t{a.held_} - a.owed_; };
    for (Account* account : holders_) {
        if (account == requester.account || net(*account) == 0) continue;
        if (account->owed_ >= account->recallable_ || now < account->passed_over_until_) continue;
        if (now - account->holding_since_ < current_quantum()) continue;
        const bool worth =
            requester.has == 0 || (net(*account) - 1) * requester.account->weight_ >=
                                      std::uint64_t{requester.has + 1} * account->weight_;
        if (!worth || protected_from(*account, *requester.account)) continue;
        if (richest != nullptr) {
            const std::uint64_t left = net(*account) * richest->weight_;
            const std::uint64_t right = net(*richest) * account->weight_;
            if (left < right) continue;
            if (left == right && account->holding_since_ >= richest->holding_since_) continue;
        }
        richest = account;
    }
    return richest;
}

// Who gives up what a smaller maximum leaves over: the coldest idle connection, else one of whoever
// has most for its weight. No reserve protects from it.
Budget::Victim Budget::surplus_victim(Instant now) const {
    Account* coldest = nullptr;
    Account* richest = nullptr;
    const auto net = [](const Account& a) { return std::uint64_t{a.held_} - a.owed_; };
    for (Account* account : holders_) {
        if (net(*account) == 0 || account->owed_ >= account->recallable_) continue;
        if (account->owed_ < account->idle() &&
            (coldest == nullptr || account->coldest_.read() < coldest->coldest_.read())) {
            coldest = account;
        }
        if (now < account->passed_over_until_) continue;
        if (richest == nullptr ||
            net(*account) * richest->weight_ > net(*richest) * account->weight_) {
            richest = account;
        }
    }
    return coldest != nullptr ? Victim{coldest, true} : Victim{richest, false};
}

}  // namespace weir::pool
