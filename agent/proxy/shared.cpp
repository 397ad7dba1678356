#include "proxy/shared.h"

#include <unistd.h>

namespace weir::proxy {

void CountedDialer::dial(upstream::DialRequest request,
                         std::function<void(upstream::DialResult)> done) {
    ++under_way_;
    dialer_->dial(std::move(request), [this, done = std::move(done)](upstream::DialResult result) {
        done(std::move(result));
        --under_way_;
    });
}

std::unique_ptr<CountedDialer> make_dialer(const settings::Upstream& upstream) {
    return std::make_unique<CountedDialer>(upstream::make_dialer(upstream));
}

UpstreamLink::UpstreamLink(const settings::Upstream& upstream, telemetry::Registry& registry)
    : settings(upstream),
      gate(upstream, registry.upstream(upstream.name, std::string(base::word(upstream.engine)))) {
    dialer = make_dialer(upstream);
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

void UpstreamLink::moved() {
    ever_dialed = false;
    const std::scoped_lock lock(mutex_);
    last_error_.clear();
    server_version_.clear();
}

std::string UpstreamLink::last_error() const {
    const std::scoped_lock lock(mutex_);
    return last_error_;
}

void UpstreamLink::greeted(const std::string& version) {
    const std::scoped_lock lock(mutex_);
    server_version_ = version;
}

std::string UpstreamLink::server_version() const {
    const std::scoped_lock lock(mutex_);
    return server_version_;
}

void ListenerLink::configure(std::shared_ptr<const settings::Listen> listen) {
    labels = {listen->name, std::string(base::word(listen->engine)), listen->max_clients};
    settings = std::move(listen);
}

void remove_socket_file(const std::string& address) {
    constexpr std::string_view unix_prefix = "unix:";
    if (address.rfind(unix_prefix, 0) == 0) ::unlink(address.c_str() + unix_prefix.size());
}

telemetry::TenantRules tenant_rules(const settings::Metrics& metrics) {
    return {metrics.tenants_top,
            metrics.tenants_max,
            {metrics.tenants_always.begin(), metrics.tenants_always.end()}};
}

Shared::Shared(settings::Snapshot snapshot, Routes compiled_routes, unsigned loops)
    : settings(std::move(snapshot)),
      routes(std::move(compiled_routes)),
      directory(loops),
      canceller(upstream::make_canceller()) {
    registry.tenants().govern(tenant_rules(settings->metrics));
    for (const auto& upstream : settings->upstream) {
        upstreams.push_back(std::make_shared<UpstreamLink>(upstream, registry));
    }
    for (const auto& listen : settings->listen) {
        listeners.push_back(std::make_unique<ListenerLink>());
        listeners.back()->configure({settings, &listen});
    }
    for (const auto& pool : settings->pool) {
        // Shares the snapshot's ownership: a template stays readable while a loop uses it.
        templates.emplace_back(settings, &pool);
        template_upstream.push_back(upstream_index(*settings, pool));
        template_served.push_back(true);
    }
}

std::string Shared::kin(unsigned template_index) const {
    const settings::Upstream& upstream = upstreams[template_upstream[template_index]]->settings;
    if (upstream.engine != settings::Engine::redis) return {};
    return upstream.name + '\n' + templates[template_index]->user;
}

}  // namespace weir::proxy
