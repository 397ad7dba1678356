#include "telemetry/tenant_ledger.h"

#include <algorithm>
#include <utility>

namespace weir::telemetry {

void TenantLedger::govern(TenantRules rules) {
    const std::scoped_lock lock(mutex_);
    admission_.govern(std::move(rules));
}

std::shared_ptr<TenantDesk> TenantLedger::desk(const std::string& pool, const std::string& engine,
                                               unsigned loop) {
    const std::scoped_lock lock(mutex_);
    const auto found = std::find_if(desks_.begin(), desks_.end(), [&](const auto& desk) {
        return desk->pool == pool && desk->engine == engine && desk->loop == loop;
    });
    if (found != desks_.end()) return *found;
    desks_.push_back(std::make_shared<TenantDesk>(pool, engine, loop));
    return desks_.back();
}

std::shared_ptr<TenantProbe> TenantLedger::opened(TenantDesk& desk, const std::string& tenant,
                                                  Instant now) {
    const std::scoped_lock lock(mutex_);
    latest_ = std::max(latest_, now);
    TenantAccountRef& account = accounts_[{desk.pool, desk.engine, tenant}];
    if (account == nullptr) {
        account = std::make_shared<TenantAccount>(desk.pool, desk.engine, tenant);
    }
    admission_.opened(account, now);
    auto probe = std::make_shared<TenantProbe>(account->credit(desk));
    account->openings.push_back(
        std::make_unique<TenantOpening>(TenantOpening{*account, desk, probe}));
    return probe;
}

void TenantLedger::closed(TenantDesk& desk, const std::string& tenant, TenantProbe& probe) {
    probe.gone();
    const std::scoped_lock lock(mutex_);
    const Instant now = latest_;
    const auto found = accounts_.find({desk.pool, desk.engine, tenant});
    TenantAccount& account = *found->second;
    account.observe(now);
    const auto opening =
        std::find_if(account.openings.begin(), account.openings.end(),
                     [&](const auto& candidate) { return candidate->probe.get() == &probe; });
    if ((*opening)->switching) {
        std::erase(desk.switches, opening->get());
        account.switched(**opening, now);
    }
    account.openings.erase(opening);
    const bool to_be_looked_at = account.seated() || account.in_trouble(now);
    if (account.openings.empty() && !account.has_history() && !to_be_looked_at) {
        accounts_.erase(found);
    }
}

void TenantLedger::switch_credit(TenantDesk& desk, Instant now) {
    const std::scoped_lock lock(mutex_);
    latest_ = std::max(latest_, now);
    desk.bell.store(false, std::memory_order_relaxed);
    for (TenantOpening* opening : std::exchange(desk.switches, {})) {
        opening->probe->credit_to(opening->account.credit(desk));
        opening->account.switched(*opening, now);
    }
}

void TenantLedger::tick(Instant now) {
    const std::scoped_lock lock(mutex_);
    latest_ = std::max(latest_, now);
    if (!in_round_) {
        if (now - round_began_ < round_takes) return;
        round_began_ = now;
        in_round_ = true;
        next_ = Key();
        admission_.begin_round();
    }
    auto place = accounts_.lower_bound(next_);
    for (unsigned looked = 0; place != accounts_.end() && looked < looked_at_in_a_tick; ++looked) {
        TenantAccount& account = *place->second;
        admission_.observed(place->second, now);
        const bool nothing_left = account.openings.empty() && !account.has_history() &&
                                  !account.seated() && !account.in_trouble(now);
        place = nothing_left ? accounts_.erase(place) : std::next(place);
    }
    if (place != accounts_.end()) {
        next_ = place->first;
        return;
    }
    in_round_ = false;
    admission_.decide(now);
}

TenantsReading TenantLedger::read(bool whole) {
    const std::scoped_lock lock(mutex_);
    TenantsReading all;
    for (const TenantAccountRef& account : admission_.seated()) {
        all.own.push_back(
            {account->pool, account->engine, account->tenant, account->use(), account->reading()});
    }
    for (const auto& desk : desks_) {
        all.others.push_back({desk->pool, desk->engine, {}, 0, {}});
        all.others.back().reading.add(desk->others);
    }
    if (whole) admission_.shown();
    return all;
}

std::uint64_t TenantLedger::turned_away() const {
    const std::scoped_lock lock(mutex_);
    return admission_.turned_away();
}

std::size_t TenantLedger::size() const {
    const std::scoped_lock lock(mutex_);
    return accounts_.size();
}

}  // namespace weir::telemetry
