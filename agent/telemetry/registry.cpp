#include "telemetry/registry.h"

#include <algorithm>

namespace weir::telemetry {
namespace {

// The probe of `same` on `loop`, its labels brought up to date; made when there is none yet.
template <class Labels, class Probe, class Same>
std::shared_ptr<Probe> obtain(std::vector<Registered<Labels, Probe>>& all, const Labels& labels,
                              unsigned loop, const Same& same) {
    const auto found = std::find_if(
        all.begin(), all.end(),
        [&](const Registered<Labels, Probe>& one) { return one.loop == loop && same(one.labels); });
    if (found != all.end()) {
        found->labels = labels;
        return found->probe;
    }
    all.push_back({labels, loop, std::make_shared<Probe>()});
    return all.back().probe;
}

}  // namespace

std::shared_ptr<PoolProbe> Registry::pool(const PoolLabels& labels, unsigned loop) {
    const std::scoped_lock lock(mutex_);
    return obtain(pools_, labels, loop, [&](const PoolLabels& other) {
        return other.pool == labels.pool && other.engine == labels.engine;
    });
}

std::shared_ptr<SessionProbe> Registry::session(const ListenerLabels& labels, unsigned loop) {
    const std::scoped_lock lock(mutex_);
    return obtain(sessions_, labels, loop, [&](const ListenerLabels& other) {
        return other.listener == labels.listener && other.engine == labels.engine;
    });
}

std::shared_ptr<LoopProbe> Registry::loop(unsigned index, std::string backend) {
    const std::scoped_lock lock(mutex_);
    return obtain(loops_, backend, index, [](const std::string&) { return true; });
}

std::shared_ptr<UpstreamProbe> Registry::upstream(const std::string& name,
                                                  const std::string& /*engine*/) {
    const std::scoped_lock lock(mutex_);
    return obtain(upstreams_, name, 0, [&](const std::string& other) { return other == name; });
}

std::shared_ptr<ServerProbe> Registry::server(const std::string& upstream) {
    const std::scoped_lock lock(mutex_);
    return obtain(servers_, upstream, 0,
                  [&](const std::string& other) { return other == upstream; });
}

void Registry::forget_server(const std::string& upstream) {
    const std::scoped_lock lock(mutex_);
    std::erase_if(servers_, [&](const auto& one) { return one.labels == upstream; });
}

std::shared_ptr<TenantProbe> Registry::tenant(const TenantLabels& labels) {
    const std::scoped_lock lock(mutex_);
    Tenant& tenant = tenants_[{labels.pool, labels.engine, labels.tenant, labels.app}];
    tenant.forgotten_in = 0;
    if (!tenant.probe) tenant.probe = std::make_shared<TenantProbe>();
    return tenant.probe;
}

void Registry::forget_tenant(const TenantLabels& labels) {
    const std::scoped_lock lock(mutex_);
    TenantKey key{labels.pool, labels.engine, labels.tenant, labels.app};
    const auto found = tenants_.find(key);
    if (found == tenants_.end() || found->second.forgotten_in != 0) return;
    found->second.forgotten_in = scrape_;
    forgotten_.push_back(std::move(key));
    if (forgotten_.size() > forgotten_kept) drop_oldest_forgotten();
}

void Registry::release_forgotten() {
    const std::scoped_lock lock(mutex_);
    ++scrape_;
    while (!forgotten_.empty()) {
        const auto found = tenants_.find(forgotten_.front());
        if (found != tenants_.end() && found->second.forgotten_in + 1 >= scrape_) break;
        drop_oldest_forgotten();
    }
}

void Registry::drop_oldest_forgotten() {
    const auto found = tenants_.find(forgotten_.front());
    if (found != tenants_.end() && found->second.forgotten_in != 0) tenants_.erase(found);
    forgotten_.pop_front();
}

std::vector<Registered<PoolLabels, PoolProbe>> Registry::pools() const {
    const std::scoped_lock lock(mutex_);
    return pools_;
}

std::vector<Registered<ListenerLabels, SessionProbe>> Registry::sessions() const {
    const std::scoped_lock lock(mutex_);
    return sessions_;
}

std::vector<Registered<std::string, LoopProbe>> Registry::loops() const {
    const std::scoped_lock lock(mutex_);
    return loops_;
}

std::vector<Registered<std::string, UpstreamProbe>> Registry::upstreams() const {
    const std::scoped_lock lock(mutex_);
    return upstreams_;
}

std::vector<Registered<std::string, ServerProbe>> Registry::servers() const {
    const std::scoped_lock lock(mutex_);
    return servers_;
}

std::vector<Registered<TenantLabels, TenantProbe>> Registry::tenants() const {
    const std::scoped_lock lock(mutex_);
    std::vector<Registered<TenantLabels, TenantProbe>> all;
    all.reserve(tenants_.size());
    for (const auto& [key, tenant] : tenants_) {
        const auto& [pool, engine, name, app] = key;
        all.push_back({{pool, engine, name, app}, 0, tenant.probe});
    }
    return all;
}

}  // namespace weir::telemetry
