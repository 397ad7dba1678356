#include "proxy/shared.h"

namespace weir::proxy {

UpstreamLink::UpstreamLink(const settings::Upstream& upstream, telemetry::Registry& registry)
    : settings(upstream),
      gate(upstream, registry.upstream(upstream.name, std::string(base::word(upstream.engine)))) {
    if (upstream.engine == settings::Engine::postgresql) {
        dialer = upstream::make_postgresql_dialer(upstream);
    }
}

void UpstreamLink::connected() {
    ever_dialed = true;
    const std::scoped_lock lock(mutex_);
    last_error_.clear();
}

void UpstreamLink::failed(const std::string& message) {
    ever_dialed = true;
    const std::scoped_lock lock(mutex_);
    last_error_ = message;
}

std::string UpstreamLink::last_error() const {
    const std::scoped_lock lock(mutex_);
    return last_error_;
}

Shared::Shared(settings::Snapshot snapshot, Routes compiled_routes, unsigned loops)
    : settings(std::move(snapshot)),
      routes(std::move(compiled_routes)),
      directory(loops),
      canceller(upstream::make_canceller()) {
    for (const auto& upstream : settings->upstream) {
        upstreams.push_back(std::make_unique<UpstreamLink>(upstream, registry));
    }
    for (const auto& listen : settings->listen) {
        auto link = std::make_unique<ListenerLink>();
        link->settings = &listen;
        link->labels = {listen.name, std::string(base::word(listen.engine)), listen.max_clients};
        listeners.push_back(std::move(link));
    }
    for (const auto& pool : settings->pool) {
        // Shares the snapshot's ownership: a template stays readable while a loop uses it.
        templates.emplace_back(settings, &pool);
        template_upstream.push_back(upstream_index(*settings, pool));
    }
}

}  // namespace weir::proxy
