#include "telemetry/registry.h"

#include <algorithm>
#include <cassert>

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

std::shared_ptr<PoolExemplars> Registry::exemplars(const PoolLabels& labels, unsigned loop) {
    const std::scoped_lock lock(mutex_);
    return obtain(exemplars_, labels, loop, [&](const PoolLabels& other) {
        return other.pool == labels.pool && other.engine == labels.engine;
    });
}

std::vector<Registered<PoolLabels, PoolExemplars>> Registry::exemplars() const {
    const std::scoped_lock lock(mutex_);
    return exemplars_;
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

void Registry::trace(unsigned loops, std::size_t queue) {
    const std::scoped_lock lock(mutex_);
    assert(rings_.empty());
    for (unsigned loop = 0; loop < loops; ++loop) {
        rings_.push_back(std::make_shared<SpanRing>((queue + loop) / loops));
    }
}

std::shared_ptr<SpanRing> Registry::ring(unsigned loop) const {
    const std::scoped_lock lock(mutex_);
    return loop < rings_.size() ? rings_[loop] : nullptr;
}

std::vector<std::shared_ptr<SpanRing>> Registry::rings() const {
    const std::scoped_lock lock(mutex_);
    return rings_;
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

}  // namespace weir::telemetry
