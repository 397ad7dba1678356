#include "pool/template_pools.h"

#include <algorithm>
#include <utility>

namespace weir::pool {
namespace {

// What one tick or obtain() does at most of work that can wait.
constexpr unsigned warmed_in_a_tick = 64;
constexpr unsigned asked_to_make_room = 64;
constexpr std::size_t blamed_in_a_tick = 256;
// A pool whose last connections are closing is looked at again after this.
constexpr Duration closing_pause = std::chrono::seconds(1);

}  // namespace

class TemplatePools::Letters final : public Mailbox {
  public:
    explicit Letters(TemplatePools& pools) : pools_(pools) {}
    void budget_moved(std::uint64_t pool_number, Instant now) override {
        pools_.budget_moved(pool_number, now);
    }

  private:
    TemplatePools& pools_;
};

TemplatePools::TemplatePools(const settings::Pool& settings, settings::Engine engine, Gate& gate,
                             Host& host, Port& port, telemetry::Registry& registry, unsigned loop,
                             std::uint64_t seed)
    : loop_(loop) {
    AccountGroup& group = gate.budget.group(settings.name, settings.reserved);
    scope_ = std::unique_ptr<Scope>(new Scope{settings, std::string(base::word(engine)), gate, host,
                                              port, registry, nullptr, group,
                                              std::make_shared<Letters>(*this), seed});
    scope_->probe = registry.pool(labels(), loop);
    scope_->desk = registry.tenants().desk(settings.name, scope_->engine, loop);
}

telemetry::PoolLabels TemplatePools::labels() const {
    const settings::Pool& settings = scope_->settings;
    return {settings.name,     scope_->engine,
            settings.upstream, std::string(base::word(settings.mode)),
            settings.max_size, settings.min_idle};
}

TemplatePools::~TemplatePools() {
    group_tenants(-static_cast<int>(pools_.size()));
    pools_.clear();
}

void TemplatePools::group_tenants(int change) {
    scope_->group.tenants.fetch_add(static_cast<unsigned>(change), std::memory_order_relaxed);
}

std::string TemplatePools::key_of(const PoolName& name) { return name.tenant + '\0' + name.app; }

Pool* TemplatePools::find(const PoolName& name) {
    const auto found = pools_.find(key_of(name));
    return found == pools_.end() ? nullptr : found->second.get();
}

Pool* TemplatePools::obtain(const PoolName& name, Instant now) {
    latest_ = std::max(latest_, now);
    if (Pool* pool = find(name)) return pool;
    if (!make_room(now)) {
        scope_->probe->rejected(RejectReason::tenant_limit, Duration::zero());
        scope_->desk->others.acquires[AcquireOutcome::rejected].add();
        scope_->desk->others.rejections.add();
        return nullptr;
    }
    const std::uint64_t number = ++last_number_;
    auto pool = std::make_unique<Pool>(*scope_, name, number, now);
    Pool* made = pool.get();
    pools_.emplace(key_of(name), std::move(pool));
    by_number_.emplace(number, made);
    group_tenants(1);
    if (unused_limit().count() > 0) look_again(*made, now + unused_limit());
    return made;
}

// Within max_tenants, over all loops; the longest unused of this loop are forgotten first.
bool TemplatePools::make_room(Instant now) {
    const unsigned limit = scope_->settings.max_tenants;
    const auto full = [this, limit] {
        return limit > 0 && scope_->group.tenants.load(std::memory_order_relaxed) >= limit;
    };
    if (!full()) return true;
    std::vector<Pool*> candidates;
    for (const auto& [key, pool] : pools_) {
        if (pool->unused_since(now)) candidates.push_back(pool.get());
    }
    const std::size_t asked = std::min<std::size_t>(candidates.size(), asked_to_make_room);
    std::partial_sort(candidates.begin(), candidates.begin() + static_cast<std::ptrdiff_t>(asked),
                      candidates.end(),
                      [](const Pool* a, const Pool* b) { return a->last_used_ < b->last_used_; });
    candidates.resize(asked);
    Pool* longest_unused = nullptr;
    for (Pool* pool : candidates) {
        if (!pool->empty()) {
            if (longest_unused == nullptr) longest_unused = pool;
        } else if (scope_->host.forgettable(*pool)) {
            erase(*pool);
            if (!full()) return true;
        }
    }
    // Whoever asks next may find this one empty.
    if (longest_unused != nullptr) longest_unused->retire(now);
    return false;
}

void TemplatePools::erase(Pool& pool) {
    agenda_.erase({pool.due_, &pool});
    by_number_.erase(pool.number_);
    pools_.erase(key_of(pool.name_));
    group_tenants(-1);
}

void TemplatePools::look_again(Pool& pool, Instant at) {
    pool.due_ = at;
    agenda_.emplace(at, &pool);
}

void TemplatePools::budget_moved(std::uint64_t number, Instant now) {
    const auto found = by_number_.find(number);
    if (found != by_number_.end()) found->second->budget_moved(std::max(now, latest_));
}

void TemplatePools::tick(Instant now) {
    latest_ = std::max(latest_, now);
    scope_->registry.tenants().settle(*scope_->desk, now);
    refuse_overdue(now);
    watch_checkouts(now);
    reap(now);
    scope_->gate.budget.tick(now);
    retry_stalled(now);
    warm(now);
    forget_unused(now);
    settle_blame(now);
    const auto age = [now](bool none, Instant since) {
        return none ? Duration::zero() : Duration(now - since);
    };
    const bool no_waiter = scope_->waiters.empty(), none_held = scope_->held.empty();
    scope_->probe->ticked(now, age(no_waiter, no_waiter ? now : scope_->waiters.front().since_),
                          age(none_held, none_held ? now : scope_->held.front().held_since_),
                          scope_->limits.oldest_idle_in_transaction(now));
}

void TemplatePools::refuse_overdue(Instant now) {
    const Duration limit = scope_->settings.acquire_timeout;
    if (limit.count() == 0) return;
    while (Waiter* waiter = scope_->waiters.first()) {
        if (now - waiter->since_ < limit) return;
        waiter->pool_->timed_out(*waiter, now);
    }
}

void TemplatePools::watch_checkouts(Instant now) {
    const auto action = static_cast<LeakAction>(scope_->settings.leak_action);
    while (Server* server = scope_->leaks.next_suspect(now)) {
        Pool& pool = *server->pool_;
        ++pool.leaks_;
        server->leak_action_ = action;
        scope_->probe->leak_suspected(action);
        pool.tenant_->leak_suspected();
        scope_->host.leaked(*server, action);
    }
    while (const auto expired = scope_->limits.next_expired(now)) {
        scope_->host.expired(*expired->server, expired->deadline);
    }
}

void TemplatePools::reap(Instant now) {
    while (!scope_->agenda.empty()) {
        const auto first = scope_->agenda.begin();
        if (first->first > now) return;
        Server& server = *first->second;
        server.scheduled_ = false;
        scope_->agenda.erase(first);
        server.pool_->due(server, now);
    }
}

void TemplatePools::retry_stalled(Instant now) {
    // A pool that is still stalled goes to the end, so that each gets the probe in turn.
    for (std::size_t left = scope_->stalled.size(); left > 0 && !scope_->stalled.empty(); --left) {
        Pool& pool = scope_->stalled.front();
        scope_->stalled.erase(pool);
        scope_->stalled.push_back(pool);
        pool.settle(now);
    }
}

// What pools beyond the first waited is accounted for a few ticks later; nothing is missed.
void TemplatePools::settle_blame(Instant now) {
    std::size_t left = std::min(scope_->blocked.size(), blamed_in_a_tick);
    for (; left > 0; --left) {
        Pool& pool = scope_->blocked.front();
        scope_->blocked.erase(pool);
        scope_->blocked.push_back(pool);
        pool.tell_blame(now);
    }
    if (scope_->blame.tokens_lacked()) scope_->blame.look(scope_->gate.budget, now);
}

void TemplatePools::warm(Instant now) {
    std::size_t left = std::min<std::size_t>(scope_->thin.size(), warmed_in_a_tick);
    for (; left > 0 && !scope_->thin.empty(); --left) {
        Pool& pool = scope_->thin.front();
        scope_->thin.erase(pool);
        scope_->thin.push_back(pool);
        if (!pool.warm(now)) return;
    }
}

void TemplatePools::forget_unused(Instant now) {
    const Duration limit = unused_limit();
    while (!agenda_.empty() && agenda_.begin()->first <= now) {
        Pool& pool = *agenda_.begin()->second;
        agenda_.erase(agenda_.begin());
        if (!pool.unused_since(now - limit)) {
            look_again(pool, std::max(pool.last_used_, now - limit + closing_pause) + limit);
        } else if (!pool.empty()) {
            pool.retire(now);
            look_again(pool, now + closing_pause);
        } else if (scope_->host.forgettable(pool)) {
            erase(pool);
        } else {
            pool.dormant_ = false;  // its clients are still here: keep what they are used to
            look_again(pool, now + limit);
        }
    }
}

void TemplatePools::drain(Instant now) {
    scope_->draining = true;
    for (const auto& [key, pool] : pools_) pool->drain(now);
}

Server* TemplatePools::longest_held() const { return scope_->held.first(); }

bool TemplatePools::tokens_lacked() const { return scope_->blame.tokens_lacked(); }

BlameReading TemplatePools::blame(Instant now) const { return scope_->blame.read(now); }

void TemplatePools::for_each(const std::function<void(Pool&)>& visit) {
    for (const auto& [key, pool] : pools_) visit(*pool);
}

}  // namespace weir::pool
