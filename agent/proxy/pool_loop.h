// One pool loop: a thread with its event loop, the pools that are at home on it, and all their
// clients and server connections. It carries out the pools' verbs. But for post() and what says so,
// everything is called on its own thread.
#pragma once

#include <deque>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "loop/loop.h"
#include "pool/template_pools.h"
#include "proxy/line_limit.h"
#include "proxy/server_connection.h"
#include "proxy/session.h"
#include "proxy/shared.h"
#include "telemetry/tracer.h"

namespace weir::proxy {

class PoolLoop final : public pool::Host,
                       public pool::Port,
                       public loop::Ticker,
                       loop::LoopObserver {
  public:
    PoolLoop(unsigned index, Shared& shared);
    PoolLoop(const PoolLoop&) = delete;
    PoolLoop& operator=(const PoolLoop&) = delete;
    ~PoolLoop() override;

    // -- any thread
    void start();
    void stop();  // and waits for the thread's end
    void post(base::Task task) override { loop_->post(std::move(task)); }
    void admit(Newcomer newcomer);
    void cancel(std::uint32_t process_id, std::string secret);
    void kill(const KillOrder& order);
    void warm(unsigned template_index, const Route& route);  // makes a pool that keeps min_idle
    [[nodiscard]] unsigned index() const { return index_; }
    [[nodiscard]] const telemetry::LoopProbe& probe() const { return *probe_; }

    // -- for sessions and connections
    [[nodiscard]] loop::Loop& loop() { return *loop_; }
    [[nodiscard]] Shared& shared() { return shared_; }
    [[nodiscard]] base::Instant now() const { return loop_->now(); }
    [[nodiscard]] telemetry::Tracer& tracer() { return *tracer_; }
    [[nodiscard]] settings::TraceStatements traced_statements() const { return traced_statements_; }
    // Precondition: there is tracing.
    [[nodiscard]] telemetry::PoolExemplars& exemplars(const TenantPool& tenant);
    [[nodiscard]] const std::string& kept_address(const std::string& address) {
        return *addresses_.insert(address).first;  // of the configured ones: a few
    }
    [[nodiscard]] telemetry::SessionProbe& session_probe(unsigned listener) {
        return *session_probes_[listener];
    }
    // For who may outlive this agent.
    [[nodiscard]] std::shared_ptr<pool::Budget> budget(const TenantPool& tenant) const {
        const auto& link = shared_.upstreams[shared_.template_upstream[tenant.template_index]];
        return {link, &link->gate.budget};
    }
    [[nodiscard]] UpstreamLink& upstream(const TenantPool& tenant) {
        return *shared_.upstreams[shared_.template_upstream[tenant.template_index]];
    }
    [[nodiscard]] base::List<ServerConnection, ChoreTag>& chores() { return chores_; }
    void idle(Session& session);  // joins the list for client_idle_timeout
    void not_idle(Session& session);
    void retire(Session& session);  // destroyed at the end of the turn
    void closing_done(ServerConnection& connection);
    void deliver_cancel(std::uint32_t connection, std::shared_ptr<upstream::CancelHandle> handle);
    [[nodiscard]] std::string name_of(std::uint32_t id) const;  // "1-42": loop and number
    [[nodiscard]] std::uint32_t process_id_of(const Session& session) const;

    // -- a reload
    // A reload has changed what is shared: brings the loop's own into line. `moved`: upstreams
    // whose connections go.
    void adopt(const std::set<unsigned>& moved);
    [[nodiscard]] bool served(const TenantPool& tenant) const {
        return shared_.template_served[tenant.template_index];
    }

    // -- for inspection, posted here
    void for_each_pool(const std::function<void(TenantPool&)>& visit);
    [[nodiscard]] pool::BlameReading blame(const std::string& pool) const;
    void for_each_session(const std::function<void(Session&)>& visit);
    void for_each_server(const std::function<void(ServerConnection&)>& visit);
    [[nodiscard]] ServerConnection* find_server(std::uint32_t id);
    [[nodiscard]] Session* find_session(std::uint32_t id);
    void drain();        // clients go when between transactions
    void dismiss_all();  // the rest goes now
    [[nodiscard]] std::size_t session_count() const { return sessions_.size(); }
    [[nodiscard]] std::size_t server_count() const { return servers_.size(); }
    void close_servers();  // all of them, for a clean end
    void close_idle_servers();
    [[nodiscard]] std::size_t newcomer_count() const;  // those that were not greeted yet

    // -- pool::Host
    void dial(pool::Pool& pool, pool::CompatibilityKey key) override;
    void grant(pool::Waiter& waiter, pool::Server& server) override;
    void refuse(pool::Waiter& waiter, const pool::Refusal& refusal) override;
    void check(pool::Server& server) override;
    void close(pool::Server& server, pool::ReapReason reason) override;
    void leaked(pool::Server& server, pool::LeakAction action) override;
    void expired(pool::Server& server, pool::Deadline deadline) override;
    bool forgettable(pool::Pool& pool) override;

  private:
    // Destroys what retired in this turn, after the last callback that could still see it.
    struct Sweep final : loop::Deferred {
        explicit Sweep(PoolLoop& owner) : home(owner) {}
        void run() override { home.sweep(); }
        PoolLoop& home;
    };

    void tick(base::Instant now) override;
    void turn_ended(base::Duration busy) override { probe_->worked(busy); }
    void ticked(base::Instant now, base::Duration lag) override { probe_->ticked(now, lag); }
    void receive(Newcomer newcomer);
    TenantPool* obtain(const Route& route, const std::string& database);
    // What a dial was for, and when it was asked for.
    struct Dial {
        pool::CompatibilityKey key;
        unsigned generation;
        base::Instant began;
    };
    void dialed(pool::Pool& pool, const Dial& dial, upstream::DialResult result);
    void make_pools(unsigned template_index);
    void adopt_listeners();
    void adopt_traces();
    void adopt_pools(unsigned template_index, bool moved);
    void remove_pools(unsigned template_index);
    void sweep();
    void tell_holders(base::Instant now);
    void tell_left_out(base::Instant now);
    [[nodiscard]] std::uint32_t next_id();

    const unsigned index_;
    Shared& shared_;
    std::unique_ptr<loop::Loop> loop_;
    std::shared_ptr<telemetry::LoopProbe> probe_;
    std::unique_ptr<telemetry::Tracer> tracer_;
    settings::TraceStatements traced_statements_ = settings::TraceStatements::off;
    std::vector<std::shared_ptr<telemetry::PoolExemplars>> exemplars_;  // by template, once used
    std::set<std::string> addresses_;
    std::vector<std::shared_ptr<telemetry::SessionProbe>> session_probes_;  // by listener
    std::vector<std::unique_ptr<pool::TemplatePools>> templates_;           // by template
    std::vector<LineLimit> time_outs_;                                      // logged, by template
    std::unordered_map<pool::Pool*, std::unique_ptr<TenantPool>> tenants_;
    std::unordered_map<std::uint32_t, std::unique_ptr<Session>> sessions_;
    std::unordered_map<std::uint32_t, std::unique_ptr<ServerConnection>> servers_;
    std::deque<base::List<Session, IdleClientTag>> idle_clients_;  // by listener
    base::List<ServerConnection, ChoreTag> chores_;
    std::vector<std::uint32_t> retired_sessions_, retired_servers_;
    Sweep sweep_{*this};
    std::uint32_t last_id_ = 0;
    bool draining_ = false;
    std::thread thread_;
};

}  // namespace weir::proxy
