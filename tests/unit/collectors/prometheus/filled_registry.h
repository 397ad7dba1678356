// A registry with two pools on two loops, a listener, an upstream and tenants, all of whose verbs
// have been told once or more, and the facts of an agent that never was.
#pragma once

#include "collectors/prometheus/agent_facts.h"
#include "telemetry/registry.h"

namespace weir::collectors {

using namespace std::chrono_literals;

class FixedFacts final : public AgentFacts {
  public:
    [[nodiscard]] BuildFacts build() const override { return {"0.1.0", "abc", "g++ \"12\""}; }
    [[nodiscard]] ConfigFacts config() const override { return {true, 1.7e9, 3, 1}; }
};

inline base::Instant at(base::Duration since_start) { return base::Instant(1h + since_start); }

inline telemetry::PoolLabels pool_labels(const std::string& name) {
    return {name, "postgresql", "primary", "transaction", 20, 2};
}

inline void fill(telemetry::PoolProbe& pool) {
    using namespace telemetry;
    pool.tenant_known(1);
    pool.sized(20, 2);
    pool.entered(ServerState::connecting, at(0s));
    pool.created(3ms);
    pool.changed(ServerState::connecting, ServerState::used, at(1s));
    pool.granted(ServedSource::created, 10ms);
    pool.wait_began(WaitCause::budget, at(1s));
    pool.saturated(true, at(1s));
    pool.rejected(RejectReason::queue_full, 0ms);
    pool.failed(AcquireOutcome::timeout, 5s);
    pool.create_failed(CreateFailure::dns);
    pool.pinned(PinReason::setting);
    pool.leak_suspected(LeakAction::report);
    pool.leak_reclaimed(LeakAction::cancel);
    pool.query_ended(QueryOutcome::error, 2ms);
    pool.query_failed("42P01");
    pool.query_failed("ZZ123");
    pool.transaction_ended(TransactionEnd::commit, 2ms);
    pool.transferred(Side::client, Direction::in, 100);
    pool.released(ReleaseResult::clean, 4ms);
    pool.reaped(ReapReason::idle, 10min);
    pool.desynced();
    pool.ticked(at(3s), 2s, 2s, 0s);
}

inline void fill(telemetry::Registry& registry) {
    for (const unsigned loop : {0u, 1u}) {
        fill(*registry.pool(pool_labels("app"), loop));
        fill(*registry.pool(pool_labels("web"), loop));
        auto session = registry.session({"postgresql", "postgresql", 1000}, loop);
        session->opened();
        session->entered(telemetry::ClientState::login);
        session->changed(telemetry::ClientState::login, telemetry::ClientState::idle);
        session->refused_login(telemetry::AuthFailure::password);
        registry.loop(loop, "epoll")->ticked(at(1s), 2ms);
    }
    auto upstream = registry.upstream("primary", "postgresql");
    upstream->budget(40, 2);
    upstream->reachable(true);
    upstream->breaker_entered(telemetry::BreakerState::half_open);
    registry.server("primary")->answered({100, 3, 20, 2, 1, 1, 30, 4}, 3ms);
}

}  // namespace weir::collectors
