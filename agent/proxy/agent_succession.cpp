// The agent's part of a restart: what it gives up, keeps and takes back.
#include <algorithm>

#include "proxy/agent.h"

namespace weir::proxy {
namespace {

// Who was accepted here just before the successor began to accept is still served: logged in, and
// for this long after the last login, so that the client gets to ask what it came for.
constexpr base::Duration newcomers_grace = std::chrono::milliseconds(250);
constexpr base::Duration newcomers_limit = std::chrono::seconds(5);

}  // namespace

Outcome<void> Agent::restart() {
    if (shared_.draining) return tl::make_unexpected(Refused{Refused::Kind::busy, "draining"});
    return succession_.request();
}

void Agent::succeed(std::uint32_t generation, Lobby::Forward forward_cancel) {
    shared_.generation = generation;
    const std::shared_lock looking(shared_.looking);
    lobby_->forward_cancels(std::move(forward_cancel));
    // Until the predecessor says how much it keeps, that is everything.
    for (const auto& upstream : shared_.upstreams) {
        upstream->gate.budget.set_elsewhere(upstream->settings.max_connections, base::Clock::now());
    }
}

void Agent::set_elsewhere(const KeptConnections& kept) {
    const std::shared_lock looking(shared_.looking);
    for (const auto& upstream : shared_.upstreams) {
        const auto found = kept.find(upstream->settings.name);
        upstream->gate.budget.set_elsewhere(found == kept.end() ? 0 : found->second,
                                            base::Clock::now());
    }
}

void Agent::open_doors() {
    lobby_->open_doors();
    listening_ = true;
}

InheritedSockets Agent::sockets() {
    const std::scoped_lock lock(reload_mutex_);  // or it would change them meanwhile
    return lobby_->sockets();
}

KeptConnections Agent::step_aside() {
    {
        const std::scoped_lock lock(reload_mutex_);
        listening_ = false;  // from now on no reload begins
    }
    lobby_->close_doors();
    return keep_used(1);  // not none: a login under way may need one to ask what to greet with
}

void Agent::step_back() {
    {
        const std::shared_lock looking(shared_.looking);
        for (const auto& upstream : shared_.upstreams) {
            upstream->gate.budget.keep_all(base::Clock::now());
        }
    }
    open_doors();
}

KeptConnections Agent::keep_used(unsigned least) {
    KeptConnections kept;
    const std::shared_lock looking(shared_.looking);
    for (const auto& upstream : shared_.upstreams) {
        kept[upstream->settings.name] = upstream->gate.budget.keep_used(least);
    }
    return kept;
}

void Agent::leave() {
    const std::scoped_lock lock(drain_mutex_);
    lobby_->give_files_away();
    drain_began_ = last_newcomer_ = base::Clock::now();
    drain_step_ = Drain::newcomers;
}

bool Agent::newcomers_left(base::Instant now) {
    const auto counts = ask<std::size_t>([](PoolLoop& home) { return home.newcomer_count(); });
    const bool any =
        lobby_->logins_under_way() > 0 ||
        std::any_of(counts.begin(), counts.end(), [](std::size_t count) { return count > 0; });
    if (any) last_newcomer_ = now;
    return now - last_newcomer_ < newcomers_grace && now - drain_began_ < newcomers_limit;
}

}  // namespace weir::proxy
