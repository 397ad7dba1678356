#include "proxy/agent.h"

#include <sys/random.h>

#include <algorithm>
#include <array>
#include <thread>

#include "base/log.h"
#include "proxy/process_id.h"

namespace weir::proxy {
namespace {

constexpr base::Duration heartbeat_limit = std::chrono::seconds(5);

std::string random_bytes() {
    std::array<char, 32> bytes{};
    if (getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) return {};
    return {bytes.data(), bytes.size()};
}

}  // namespace

base::Result<std::unique_ptr<Agent>> Agent::make(settings::Snapshot settings, Source source) {
    auto routes = Routes::compile(settings);
    if (!routes) return tl::make_unexpected(routes.error());
    unsigned loops = settings->agent.loops;
    if (loops == 0) loops = std::clamp(std::thread::hardware_concurrency(), 1U, ProcessId::loops);
    return std::unique_ptr<Agent>(
        new Agent(std::move(settings), std::move(*routes), loops, std::move(source)));
}

Agent::Agent(settings::Snapshot settings, Routes routes, unsigned loops, Source source)
    : source_(std::move(source)), shared_(std::move(settings), std::move(routes), loops) {
    if (const auto& traces = shared_.settings->trace_export) {
        shared_.registry.trace(loops, traces->queue);  // the loops look for their rings
    }
    for (unsigned i = 0; i < loops; ++i) homes_.push_back(std::make_unique<PoolLoop>(i, shared_));
    lobby_ = std::make_unique<Lobby>(shared_, *this, homes_, random_bytes());
}

Agent::~Agent() { stop(); }

base::Result<void> Agent::start(InheritedSockets inherited) {
    if (auto bound = lobby_->bind(std::move(inherited)); !bound) return bound;
    for (const auto& home : homes_) home->start();
    warm();
    lobby_->start();
    return {};
}

void Agent::stop() {
    lobby_->stop();
    for (const auto& home : homes_) home->stop();
    // Loops use dialers until they end; what dialers still tell them goes nowhere.
    for (const auto& upstream : shared_.upstreams) upstream->dialer.reset();
    const std::scoped_lock lock(former_mutex_);
    former_dialers_.clear();
    shared_.canceller.reset();
}

// Pools whose one database is known from the start keep min_idle from the start.
void Agent::warm() {
    const std::shared_lock looking(shared_.looking);
    for (unsigned i = 0; i < shared_.templates.size(); ++i) {
        const settings::Pool& pool = *shared_.templates[i];
        const bool one_database = pool.match.find_first_of("*{") == std::string::npos;
        if (!shared_.template_served[i] || !one_database || pool.min_idle == 0 || pool.user.empty())
            continue;
        const settings::Engine engine =
            shared_.upstreams[shared_.template_upstream[i]]->settings.engine;
        const auto route = shared_.routes.find(engine, pool.match);
        if (!route || route->template_index != i) continue;
        homes_[shared_.directory.enter(route->key(), shared_.kin(i))]->warm(i, *route);
    }
}

std::optional<pool::Budget::SideToken> Agent::borrow_token(const std::string& upstream) {
    const std::shared_lock looking(shared_.looking);
    for (const auto& link : shared_.upstreams) {
        if (link->served && link->settings.name == upstream) {
            return link->gate.budget.borrow_side(base::Clock::now());
        }
    }
    return std::nullopt;
}

void Agent::drain() {
    const std::scoped_lock lock(drain_mutex_);
    if (drain_step_ != Drain::none || shared_.draining.exchange(true)) return;
    drain_began_ = base::Clock::now();
    drain_step_ = Drain::grace;
    const settings::Snapshot present = settings();
    base::log::info("agent.draining",
                    {{"grace_seconds", base::seconds(present->agent.drain_grace)},
                     {"timeout_seconds", base::seconds(present->agent.drain_timeout)}});
}

bool Agent::drained(base::Instant now) {
    const std::scoped_lock lock(drain_mutex_);
    switch (drain_step_) {
        case Drain::none:
            return false;
        case Drain::grace:
            if (now - drain_began_ >= settings()->agent.drain_grace) dismiss_clients(now);
            return false;
        case Drain::newcomers:
            if (!newcomers_left(now)) dismiss_clients(now);
            return false;
        case Drain::clients: {
            const auto left = ask<std::size_t>([](PoolLoop& home) {
                home.close_idle_servers();
                return home.session_count();
            });
            std::size_t clients = 0;
            for (const std::size_t n : left) clients += n;
            if (clients > 0 && now < dismiss_until_) return false;
            for (const auto& home : homes_) {
                home->post([&home = *home] {
                    home.dismiss_all();
                    home.close_servers();
                });
            }
            drain_step_ = Drain::servers;
            return false;
        }
        case Drain::servers: {
            const auto left = ask<std::size_t>([](PoolLoop& home) {
                home.close_servers();
                return home.server_count() + home.session_count();
            });
            std::size_t open = 0;
            for (const std::size_t n : left) open += n;
            return open == 0;
        }
    }
    return false;
}

void Agent::dismiss_clients(base::Instant now) {
    shared_.draining = true;
    listening_ = false;
    lobby_->stop_listening();
    for (const auto& home : homes_) home->post([&home = *home] { home.drain(); });
    dismiss_until_ = now + settings()->agent.drain_timeout;
    drain_step_ = Drain::clients;
}

bool Agent::loops_alive() const {
    const base::Instant now = base::Clock::now();
    const auto alive = [now](const telemetry::LoopProbe& probe) {
        // A loop that has not ticked yet is starting.
        return probe.heartbeat() == base::Instant() || now - probe.heartbeat() < heartbeat_limit;
    };
    for (const auto& home : homes_) {
        if (!alive(home->probe())) return false;
    }
    return alive(lobby_->probe());
}

Readiness Agent::readiness() const {
    Readiness readiness;
    readiness.started = true;
    readiness.listening = listening_;
    readiness.draining = shared_.draining;
    const std::shared_lock looking(shared_.looking);
    bool any = shared_.upstreams.empty();
    bool all = true;
    bool warm = true;
    for (const auto& upstream : shared_.upstreams) {
        if (!upstream->served) continue;
        const bool serves = !upstream->ever_dialed ||
                            upstream->gate.probe->breaker() != telemetry::BreakerState::open;
        any = any || serves;
        all = all && serves;
    }
    for (unsigned i = 0; i < shared_.templates.size(); ++i) {
        const settings::Pool& pool = *shared_.templates[i];
        const bool warms = shared_.template_served[i] && pool.min_idle > 0 && !pool.user.empty() &&
                           pool.match.find_first_of("*{") == std::string::npos;
        if (warms && !shared_.upstreams[shared_.template_upstream[i]]->ever_dialed) warm = false;
    }
    readiness.upstreams_serve =
        shared_.settings->admin.ready_policy == settings::ReadyPolicy::all ? all : any;
    readiness.warm = warm;
    return readiness;
}

}  // namespace weir::proxy
