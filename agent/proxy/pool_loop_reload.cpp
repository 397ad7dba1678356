// How a loop follows a reload, on its own thread, before anything else happens on it.
#include <algorithm>

#include "proxy/pool_loop.h"
#include "settings/key.h"

namespace weir::proxy {

void PoolLoop::adopt(const std::set<unsigned>& moved) {
    adopt_listeners();
    adopt_traces();
    // First those that go: one of the same name may come, and has the last word on what they share.
    for (unsigned i = 0; i < templates_.size(); ++i) {
        if (!shared_.template_served[i] && !templates_[i]->removed()) remove_pools(i);
    }
    for (unsigned i = 0; i < shared_.templates.size(); ++i) {
        if (i == templates_.size()) {
            make_pools(i);
        } else if (shared_.template_served[i]) {
            adopt_pools(i, moved.contains(shared_.template_upstream[i]));
        }
    }
}

void PoolLoop::adopt_listeners() {
    session_probes_.clear();
    for (const auto& listener : shared_.listeners) {
        session_probes_.push_back(shared_.registry.session(listener->labels, index_));
    }
    for (auto& list : idle_clients_) {
        while (list.pop_front() != nullptr) {
        }
    }
    idle_clients_.resize(shared_.listeners.size());
    // The list is in the order of who is idle longest, and kept only where there is a limit.
    std::vector<Session*> idle_sessions;
    for (const auto& [id, session] : sessions_) {
        if (session->client_state() == telemetry::ClientState::idle && !session->finished()) {
            idle_sessions.push_back(session.get());
        }
    }
    std::sort(idle_sessions.begin(), idle_sessions.end(), [](const Session* a, const Session* b) {
        return a->state_since() < b->state_since();
    });
    for (Session* session : idle_sessions) idle(*session);
}

void PoolLoop::adopt_traces() {
    const settings::Traces& traces = shared_.settings->traces;
    tracer_->rule({traces.sample_ratio, traces.slow, traces.slow_per_second,
                   traces.statements != settings::TraceStatements::off});
    traced_statements_ = traces.statements;
}

void PoolLoop::adopt_pools(unsigned template_index, bool moved) {
    const settings::Pool& settings = *shared_.templates[template_index];
    pool::TemplatePools& pools = *templates_[template_index];
    const bool remade = moved || !settings::connects_alike(pools.settings(), settings);
    std::vector<TenantPool*> tenants;
    for (const auto& [pool, tenant] : tenants_) {
        if (tenant->template_index == template_index) tenants.push_back(tenant.get());
    }
    // First what is dialed with, then who may dial.
    for (TenantPool* tenant : tenants) {
        if (remade) tenant->remake(settings);
    }
    pools.reconfigure(settings, now());
    for (TenantPool* tenant : tenants) {
        if (remade) tenant->pool->remade(now());
    }
}

// Clients go between two transactions, told why; nobody who is there is cut off.
void PoolLoop::remove_pools(unsigned template_index) {
    templates_[template_index]->remove(now());
    for (const auto& [id, session] : sessions_) {
        if (session->tenant().template_index == template_index) session->drain();
    }
}

}  // namespace weir::proxy
