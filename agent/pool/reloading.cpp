// What a reload changes in pools while they serve: their settings, what their connections are made
// of, whether they are served at all.
#include <algorithm>

#include "pool/template_pools.h"

namespace weir::pool {
namespace {

constexpr Duration removed_limit = std::chrono::milliseconds(100);

}  // namespace

bool Pool::disabled_by(const settings::Pool& settings) const {
    const auto& names = settings.disabled_tenants;
    return std::find(names.begin(), names.end(), name_.tenant) != names.end();
}

void Pool::reconfigured(const settings::Pool& before, Instant now) {
    validate_after_ = settings_.validate_after;
    keeps_idle_ = settings_.mode != settings::PoolMode::direct && settings_.min_idle > 0;
    probe_.sized(0, std::int64_t{settings_.min_idle} - std::int64_t{before.min_idle});
    if (settings_.weight != before.weight) {
        scope_.gate.budget.reweigh(account_, settings_.weight, now);
    }
    if (disabled_by(settings_) != disabled_by(before)) disable(disabled_by(settings_), now);
    if (settings_.max_size != before.max_size) resize(settings_.max_size, now);
    if (settings_.idle_timeout != before.idle_timeout ||
        settings_.max_lifetime != before.max_lifetime) {
        for_each_server([this](Server& server) {
            if (server.state_ != ServerState::closing) begin_life(server, server.created_);
        });
    }
    settle(now);
}

void Pool::remade(Instant now) {
    for (Lane& lane : lanes_) {
        lane.reached();
        lane.retry_at = {};
    }
    retry_at_ = {};
    retry_backoff_ = {};
    condemn_all(ReapReason::config, now);
}

void Pool::dial_outdated(CompatibilityKey key, Instant now) {
    dial_ended(key, now);
    scope_.gate.breaker.withdrawn(now);
    scope_.gate.budget.dial_failed(account_, now);
    settle(now);
}

void Pool::end_drain(Instant now) {
    draining_ = false;
    reopen();
    settle(now);
}

void TemplatePools::reconfigure(const settings::Pool& settings, Instant now) {
    const settings::Pool before = std::exchange(scope_->settings, settings);
    scope_->registry.pool(labels(), loop_);
    (void)scope_->gate.budget.group(settings.name, settings.reserved);
    scope_->limits.reconfigure(settings);
    scope_->leaks.reconfigure(settings);
    const bool returns = std::exchange(removed_, false);
    if (returns) scope_->draining = false;
    for_each([&](Pool& pool) {
        pool.reconfigured(before, now);
        if (returns) pool.end_drain(now);
    });
    if (returns || settings.pool_idle_timeout != before.pool_idle_timeout) look_at_all_again(now);
}

void TemplatePools::remove(Instant now) {
    removed_ = true;
    telemetry::PoolLabels gone = labels();
    gone.max_size = gone.min_idle = 0;
    scope_->registry.pool(gone, loop_);
    (void)scope_->gate.budget.group(scope_->settings.name, 0);
    drain(now);
    for_each([now](Pool& pool) {
        pool.resume(now);  // nobody could any more, and whoever waits is to be told
        pool.remade(now);
    });
    look_at_all_again(now);
}

Duration TemplatePools::unused_limit() const {
    return removed_ ? removed_limit : Duration(scope_->settings.pool_idle_timeout);
}

void TemplatePools::look_at_all_again(Instant now) {
    agenda_.clear();
    if (unused_limit().count() == 0) return;
    for_each([&](Pool& pool) { look_again(pool, now + unused_limit()); });
}

}  // namespace weir::pool
