#include "proxy/replacement.h"

#include <algorithm>

#include "base/log.h"
#include "loop/socket.h"
#include "settings/key.h"

namespace weir::proxy {
namespace {

constexpr const char* tenant_mark = "{tenant}";

// The slot for which `fits`, one that is served before one that is not; else the next new one.
template <class Fits, class Served>
unsigned slot_of(std::size_t known, unsigned& next, const Fits& fits, const Served& served) {
    unsigned found = next;
    for (unsigned i = 0; i < known; ++i) {
        if (!fits(i)) continue;
        if (served(i)) return i;
        found = i;
    }
    if (found == next) ++next;
    return found;
}

// Whether clients who are there may go on in a pool that is configured so: they asked for a
// database by the name that `match` gives it, and hold keys that mean accounts of the pool's own or
// theirs.
bool goes_on(const settings::Pool& before, const settings::Pool& after) {
    if (before.name != after.name || before.mode != after.mode) return false;
    if (before.user.empty() != after.user.empty()) return false;
    const bool names_tenant = before.match.find(tenant_mark) != std::string::npos ||
                              after.match.find(tenant_mark) != std::string::npos;
    return before.match == after.match || !names_tenant || !after.database.empty();
}

}  // namespace

Replacement::~Replacement() {
    for (const auto& [listener, door] : doors) {
        if (door.socket) remove_socket_file(door.address);
    }
}

base::Result<std::unique_ptr<Replacement>, Replacement::Problems> Replacement::prepare(
    settings::Snapshot settings, const Shared& shared, const Accounts& accounts) {
    std::unique_ptr<Replacement> made(new Replacement(std::move(settings)));
    Problems problems;
    made->place_upstreams(shared);
    made->place_pools(shared);
    made->place_listeners(shared, problems);
    auto routes = Routes::compile(made->settings_, made->pool_slots_);
    if (!routes) problems.push_back({"", "pool", routes.error().message});
    if (!problems.empty()) return tl::make_unexpected(std::move(problems));
    made->routes_ = std::move(*routes);
    made->accounts = std::make_unique<Accounts>(made->settings_, accounts);
    made->asks_anew =
        made->asks_anew || !settings::equal(made->settings_->auth, shared.settings->auth);
    return made;
}

void Replacement::place_upstreams(const Shared& shared) {
    auto next = static_cast<unsigned>(shared.upstreams.size());
    for (const settings::Upstream& upstream : settings_->upstream) {
        const auto fits = [&](unsigned i) {
            const settings::Upstream& known = shared.upstreams[i]->settings;
            return known.name == upstream.name && known.engine == upstream.engine;
        };
        const unsigned slot = slot_of(shared.upstreams.size(), next, fits,
                                      [&](unsigned i) { return shared.upstreams[i]->served; });
        upstream_slots_.push_back(slot);
        if (slot >= shared.upstreams.size()) continue;
        const settings::Upstream& before = shared.upstreams[slot]->settings;
        if (!settings::connects_alike(before, upstream)) moved_upstreams.insert(slot);
        const bool dials_alike = settings::connects_alike(before, upstream) &&
                                 before.connect_timeout == upstream.connect_timeout;
        if (dials_alike) continue;
        new_dialers_[slot] = make_dialer(upstream);
        asks_anew = true;
    }
}

void Replacement::place_pools(const Shared& shared) {
    auto next = static_cast<unsigned>(shared.templates.size());
    for (const settings::Pool& pool : settings_->pool) {
        const unsigned upstream = upstream_slots_[upstream_index(*settings_, pool)];
        const auto fits = [&](unsigned i) {
            return shared.template_upstream[i] == upstream && goes_on(*shared.templates[i], pool);
        };
        pool_slots_.push_back(slot_of(shared.templates.size(), next, fits, [&](unsigned i) {
            return static_cast<bool>(shared.template_served[i]);
        }));
    }
}

void Replacement::place_listeners(const Shared& shared, Problems& problems) {
    const std::size_t known = shared.listeners.size();
    auto next = static_cast<unsigned>(known);
    for (const settings::Listen& listen : settings_->listen) {
        const auto fits = [&](unsigned i) {
            const settings::Listen& its = *shared.listeners[i]->settings;
            return its.name == listen.name && its.engine == listen.engine;
        };
        listener_slots_.push_back(
            slot_of(known, next, fits, [&](unsigned i) { return shared.listeners[i]->served; }));
    }
    for (unsigned slot = 0; slot < known; ++slot) {
        const auto stays = std::find(listener_slots_.begin(), listener_slots_.end(), slot);
        const ListenerLink& link = *shared.listeners[slot];
        if (!link.served) continue;
        const auto index = static_cast<std::size_t>(stays - listener_slots_.begin());
        if (stays == listener_slots_.end() ||
            settings_->listen[index].address != link.settings->address) {
            closed.insert(slot);
        }
    }
    for (std::size_t i = 0; i < listener_slots_.size(); ++i) {
        const settings::Listen& listen = settings_->listen[i];
        const unsigned slot = listener_slots_[i];
        if (listen.tls.mode != settings::ClientTls::disable) {
            auto tls = ListenerTls::make(listen);
            if (tls) {
                tls_[slot] = std::move(*tls);
            } else {
                problems.push_back({"", "listen." + listen.name + ".tls", tls.error().message});
            }
        }
        const bool open = slot < known && shared.listeners[slot]->served && !closed.contains(slot);
        if (!open) open_door(shared, slot, listen, problems);
    }
}

void Replacement::open_door(const Shared& shared, unsigned slot, const settings::Listen& listen,
                            Problems& problems) {
    for (const unsigned other : closed) {
        if (shared.listeners[other]->settings->address != listen.address) continue;
        doors[slot].taken_from = other;
        return;
    }
    auto socket = loop::listen_on(listen.address);
    if (!socket) {
        problems.push_back({"", "listen." + listen.name + ".address", socket.error().message});
        return;
    }
    doors[slot] = {listen.address, std::move(*socket), 0};
}

void Replacement::swap(Shared& shared) {
    swap_upstreams(shared);
    swap_pools(shared);
    swap_listeners(shared);
    std::swap(shared.routes, routes_);
    std::swap(shared.settings, settings_);
    shared.registry.tenants().govern(tenant_rules(shared.settings->metrics));
}

void Replacement::swap_upstreams(Shared& shared) {
    const base::Instant now = base::Clock::now();
    for (auto& link : shared.upstreams) link->served = false;
    for (std::size_t i = 0; i < upstream_slots_.size(); ++i) {
        const settings::Upstream& upstream = settings_->upstream[i];
        const unsigned slot = upstream_slots_[i];
        if (slot == shared.upstreams.size()) {
            shared.upstreams.push_back(std::make_shared<UpstreamLink>(upstream, shared.registry));
            continue;
        }
        UpstreamLink& link = *shared.upstreams[slot];
        link.served = true;
        if (upstream.max_connections != link.settings.max_connections) {
            link.gate.budget.resize(upstream.max_connections, now);
        }
        link.gate.breaker.reconfigure(upstream.breaker);
        if (moved_upstreams.contains(slot)) {
            link.gate.breaker.forget();
            link.moved();
        }
        link.settings = upstream;
        const auto dialer = new_dialers_.find(slot);
        if (dialer == new_dialers_.end()) continue;
        std::swap(link.dialer, dialer->second);
        dialers.push_back(std::move(dialer->second));
    }
    for (auto& link : shared.upstreams) {
        if (link->served) continue;
        // Nobody can bring it to close any more, and an alert would go on for ever.
        link->gate.breaker.forget();
        if (link->dialer == nullptr || !link->dialer->at_rest()) continue;
        auto unstarted = make_dialer(link->settings);  // has no thread before its first dial
        std::swap(link->dialer, unstarted);
        dialers.push_back(std::move(unstarted));
    }
}

void Replacement::swap_pools(Shared& shared) {
    std::fill(shared.template_served.begin(), shared.template_served.end(), false);
    for (std::size_t i = 0; i < pool_slots_.size(); ++i) {
        const settings::Pool& pool = settings_->pool[i];
        const unsigned slot = pool_slots_[i];
        if (slot == shared.templates.size()) {
            shared.templates.emplace_back();
            shared.template_served.push_back(false);
            shared.template_upstream.push_back(upstream_slots_[upstream_index(*settings_, pool)]);
        }
        shared.templates[slot] = {settings_, &pool};
        shared.template_served[slot] = true;
    }
}

void Replacement::swap_listeners(Shared& shared) {
    for (auto& link : shared.listeners) {
        link->served = false;
        link->labels.max_clients = 0;
    }
    for (std::size_t i = 0; i < listener_slots_.size(); ++i) {
        const unsigned slot = listener_slots_[i];
        if (slot == shared.listeners.size()) {
            shared.listeners.push_back(std::make_unique<ListenerLink>());
        }
        ListenerLink& link = *shared.listeners[slot];
        link.served = true;
        link.configure({settings_, &settings_->listen[i]});
        std::swap(link.tls, tls_[slot]);
    }
}

}  // namespace weir::proxy
