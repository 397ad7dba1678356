#include "proxy/pool_loop.h"

#include <algorithm>
#include <random>

#include "base/log.h"
#include "proxy/engine.h"
#include "proxy/holders.h"
#include "proxy/process_id.h"
#include "proxy/span_facts.h"

namespace weir::proxy {
namespace {

constexpr base::Duration cancel_limit = std::chrono::seconds(5);

// Ids need be nobody's secret, only nobody else's.
std::uint64_t seed() {
    std::random_device device;
    return std::uint64_t{device()} << 32U | device();
}

std::int64_t unix_ns() {
    return std::chrono::nanoseconds(std::chrono::system_clock::now().time_since_epoch()).count();
}

}  // namespace

PoolLoop::PoolLoop(unsigned index, Shared& shared)
    : index_(index),
      shared_(shared),
      loop_(loop::make_epoll_loop()),
      probe_(shared.registry.loop(index, loop_->backend())),
      tracer_(std::make_unique<telemetry::Tracer>(nullptr, nullptr, 0)) {
    adopt_listeners();
    for (unsigned i = 0; i < shared_.templates.size(); ++i) make_pools(i);
    loop_->add(*this);
}

void PoolLoop::make_pools(unsigned template_index) {
    const settings::Pool& settings = *shared_.templates[template_index];
    UpstreamLink& link = *shared_.upstreams[shared_.template_upstream[template_index]];
    templates_.push_back(std::make_unique<pool::TemplatePools>(
        settings, link.settings.engine, link.gate, *this, *this, shared_.registry, index_,
        std::hash<std::string>{}(settings.name) + index_));
    time_outs_.emplace_back();
}

PoolLoop::~PoolLoop() { stop(); }

void PoolLoop::start() {
    tracer_ = std::make_unique<telemetry::Tracer>(shared_.registry.ring(index_),
                                                  shared_.span_allowance, seed());
    tracer_->clocks(base::Clock::now(), unix_ns());
    adopt_traces();
    thread_ = std::thread([this] { loop_->run(this); });
}

void PoolLoop::stop() {
    if (!thread_.joinable()) return;
    loop_->stop();
    thread_.join();
}

void PoolLoop::admit(Newcomer newcomer) {
    post([this, newcomer = std::move(newcomer)]() mutable { receive(std::move(newcomer)); });
}

void PoolLoop::cancel(std::uint32_t process_id, std::string secret) {
    post([this, process_id, secret = std::move(secret)] {
        const auto found = sessions_.find(ProcessId::of(process_id).number);
        if (found == sessions_.end() || !found->second->secret_matches(secret)) return;
        found->second->cancel_requested();
    });
}

void PoolLoop::kill(const KillOrder& order) {
    post([this, order] {
        const auto found = std::find_if(sessions_.begin(), sessions_.end(), [&](const auto& entry) {
            return entry.second->who().mysql.thread_id == order.thread_id;
        });
        if (order.thread_id == 0 || found == sessions_.end() || found->second->finished()) {
            order.told(KillOutcome::unknown);
            return;
        }
        Session& session = *found->second;
        const bool own = session.who().user == order.user;
        if (own && order.query) session.cancel_requested();
        if (own && !order.query) session.dismiss(telemetry::ClientClose::admin);
        order.told(own ? KillOutcome::done : KillOutcome::not_allowed);
    });
}

void PoolLoop::warm(unsigned template_index, const Route& route) {
    post([this, template_index, route] {
        if (shared_.template_served[template_index]) {
            (void)obtain(route, shared_.templates[template_index]->match);
        }
        shared_.directory.arrived(route.key());
    });
}

void PoolLoop::receive(Newcomer newcomer) {
    const std::string key = newcomer.route.key();
    const bool removed = !shared_.template_served[newcomer.route.template_index];
    TenantPool* tenant = removed ? nullptr : obtain(newcomer.route, newcomer.database);
    shared_.directory.arrived(key);
    if (tenant == nullptr) (void)shared_.directory.forget(key);
    const settings::Pool& settings = *shared_.templates[newcomer.route.template_index];
    if (tenant == nullptr ||
        (settings.max_clients > 0 && tenant->clients >= settings.max_clients)) {
        session_probe(newcomer.listener).entered(telemetry::ClientState::login);
        session_probe(newcomer.listener)
            .closed(telemetry::ClientState::login, telemetry::ClientClose::limit);
        turn_away(*loop_, shared_.listeners[newcomer.listener]->settings->engine,
                  std::move(newcomer.connection),
                  removed ? pool_removed(settings.name)
                  : tenant == nullptr
                      ? too_many_tenants(settings)
                      : client_limit("pool \"" + settings.name + "\"", settings.max_clients));
        return;
    }
    const std::uint32_t id = next_id();
    auto session = make_session(*this, std::move(newcomer), *tenant, id);
    Session& added = *session;
    sessions_.emplace(id, std::move(session));
    added.begin();
    if (draining_) added.drain();
}

TenantPool* PoolLoop::obtain(const Route& route, const std::string& database) {
    pool::Pool* pool =
        templates_[route.template_index]->obtain({route.match.tenant, route.match.app}, now());
    if (pool == nullptr) return nullptr;
    auto& slot = tenants_[pool];
    if (slot == nullptr) {
        const settings::Pool& settings = pool->settings();
        slot = std::make_unique<TenantPool>();
        slot->pool = pool;
        slot->template_index = route.template_index;
        slot->match = route.match;
        slot->directory_key = route.key();
        slot->asked = database;
        slot->database =
            settings.database.empty() ? database : settings::fill(settings.database, route.match);
        // Key 0 is the template's own account, always in use, so that connections can be made
        // before a client comes.
        if (!settings.user.empty()) {
            (void)slot->key({settings::fill(settings.user, route.match), {}});
        }
    }
    return slot.get();
}

void PoolLoop::grant(pool::Waiter& waiter, pool::Server& server) {
    static_cast<Session&>(waiter).granted(static_cast<ServerConnection&>(server));
}

void PoolLoop::refuse(pool::Waiter& waiter, const pool::Refusal& refusal) {
    auto& session = static_cast<Session&>(waiter);
    if (refusal.outcome == pool::AcquireOutcome::timeout) {
        if (const auto left_out = time_outs_[session.tenant().template_index].admit(now())) {
            log_time_out(refusal, *this, session, *left_out);
        }
    }
    session.refused(refusal);
}

void PoolLoop::check(pool::Server& server) { static_cast<ServerConnection&>(server).check(); }

void PoolLoop::close(pool::Server& server, pool::ReapReason reason) {
    auto& connection = static_cast<ServerConnection&>(server);
    base::log::debug("connection.reaped", {{"server", name_of(connection.id())},
                                           {"pool", connection.tenant().pool->settings().name},
                                           {"tenant", connection.tenant().match.tenant},
                                           {"reason", base::word(reason)}});
    trace_reap(*this, connection, reason);
    connection.begin_close();
}

void PoolLoop::leaked(pool::Server& server, pool::LeakAction action) {
    auto& connection = static_cast<ServerConnection&>(server);
    if (Session* const holder = connection.holder()) holder->leaked(connection);
    const LeakStatus leak = connection.leak(now());
    base::log::warn("connection.leak_suspected", {{"server", leak.server},
                                                  {"pool", leak.pool},
                                                  {"tenant", leak.tenant},
                                                  {"app", leak.app},
                                                  {"user", leak.user},
                                                  {"client", leak.client},
                                                  {"client_address", leak.client_address},
                                                  {"application_name", leak.application_name},
                                                  {"state", leak.state},
                                                  {"pin_reason", leak.pin_reason},
                                                  {"backend_pid", leak.backend_pid},
                                                  {"held_seconds", leak.held_seconds},
                                                  {"quiet_seconds", leak.quiet_seconds},
                                                  {"last_statement", leak.last_statement},
                                                  {"trace_id", leak.trace_id},
                                                  {"action", leak.action}});
    if (action == pool::LeakAction::report) return;
    // The pool counts what was reclaimed before the connection's holder is let go.
    connection.tenant().pool->reclaimed(connection, action, now());
    connection.reclaim(action == pool::LeakAction::cancel, telemetry::ClientClose::leak, "25P03",
                       "the connection was held without a query for longer than leak_after and was "
                       "taken back");
}

void PoolLoop::expired(pool::Server& server, pool::Deadline deadline) {
    auto& connection = static_cast<ServerConnection&>(server);
    switch (deadline) {
        case pool::Deadline::query:
            connection.reclaim(true, telemetry::ClientClose::timeout, "57014",
                               "canceling statement due to query_timeout");
            return;
        case pool::Deadline::transaction:
            connection.reclaim(true, telemetry::ClientClose::timeout, "25P04",
                               "terminating connection due to transaction_timeout");
            return;
        case pool::Deadline::idle_in_transaction:
            connection.reclaim(true, telemetry::ClientClose::timeout, "25P03",
                               "terminating connection due to idle_in_transaction_timeout");
            return;
    }
}

bool PoolLoop::forgettable(pool::Pool& pool) {
    const auto found = tenants_.find(&pool);
    if (found == tenants_.end()) return true;
    if (found->second->clients > 0) return false;
    if (!shared_.directory.forget(found->second->directory_key)) return false;
    tenants_.erase(found);
    return true;
}

void PoolLoop::deliver_cancel(std::uint32_t connection,
                              std::shared_ptr<upstream::CancelHandle> handle) {
    shared_.canceller->cancel(std::move(handle), cancel_limit, [this, connection](bool delivered) {
        post([this, connection, delivered] {
            if (ServerConnection* found = find_server(connection))
                found->cancel_answered(delivered);
        });
    });
}

telemetry::PoolExemplars& PoolLoop::exemplars(const TenantPool& tenant) {
    const unsigned index = tenant.template_index;
    if (exemplars_.size() <= index) exemplars_.resize(index + 1);
    if (exemplars_[index] == nullptr) {
        exemplars_[index] = shared_.registry.exemplars(templates_[index]->labels(), index_);
    }
    return *exemplars_[index];
}

void PoolLoop::tick(base::Instant now) {
    if (tracer_->on()) tracer_->clocks(base::Clock::now(), unix_ns());
    for (const auto& pools : templates_) pools->tick(now);
    tell_holders(now);
    tell_left_out(now);
    for (ServerConnection* connection = chores_.first(); connection != nullptr;) {
        ServerConnection* const next = chores_.next(*connection);
        if (connection->deadline() <= now) connection->chore_overdue();
        connection = next;
    }
    for (std::size_t i = 0; i < idle_clients_.size(); ++i) {
        const base::Duration limit = shared_.listeners[i]->settings->client_idle_timeout;
        while (Session* session = idle_clients_[i].first()) {
            if (session->state_since() + limit > now) break;
            session->dismiss(telemetry::ClientClose::timeout);
        }
    }
}

void PoolLoop::tell_holders(base::Instant now) {
    const auto board = [this](unsigned index) -> HolderBoard& {
        return shared_.upstreams[shared_.template_upstream[index]]->holders;
    };
    for (unsigned i = 0; i < templates_.size(); ++i) {
        if (templates_[i]->tokens_lacked()) board(i).ask(now);
    }
    for (unsigned i = 0; i < templates_.size(); ++i) {
        if (!board(i).asked(now)) continue;
        const pool::Server* const held = templates_[i]->longest_held();
        if (held == nullptr) {
            board(i).tell_none({index_, i});
            continue;
        }
        board(i).tell({index_, i}, static_cast<const ServerConnection*>(held)->leak(now),
                      held->held_since(), now);
    }
}

void PoolLoop::tell_left_out(base::Instant now) {
    for (unsigned i = 0; i < templates_.size(); ++i) {
        const std::uint64_t count = time_outs_[i].overdue(now);
        if (count == 0) continue;
        base::log::warn("pool.acquire_time_outs_left_out",
                        {{"pool", templates_[i]->settings().name}, {"count", count}});
    }
}

void PoolLoop::idle(Session& session) {
    const unsigned listener = session.who().listener;
    if (shared_.listeners[listener]->settings->client_idle_timeout.count() > 0) {
        idle_clients_[listener].push_back(session);
    }
}

void PoolLoop::not_idle(Session& session) {
    if (session.base::ListHook<IdleClientTag>::linked()) {
        idle_clients_[session.who().listener].erase(session);
    }
}

void PoolLoop::retire(Session& session) {
    retired_sessions_.push_back(session.id());
    loop_->defer(sweep_);
}

void PoolLoop::closing_done(ServerConnection& connection) {
    retired_servers_.push_back(connection.id());
    loop_->defer(sweep_);
}

void PoolLoop::sweep() {
    for (const std::uint32_t id : std::exchange(retired_sessions_, {})) sessions_.erase(id);
    for (const std::uint32_t id : std::exchange(retired_servers_, {})) {
        const auto found = servers_.find(id);
        found->second->tenant().pool->closed(*found->second, now());
        servers_.erase(found);
    }
}

std::uint32_t PoolLoop::next_id() {
    do {
        last_id_ = (last_id_ + 1) % ProcessId::numbers;
    } while (last_id_ == 0 || sessions_.contains(last_id_) || servers_.contains(last_id_));
    return last_id_;
}

std::string PoolLoop::name_of(std::uint32_t id) const {
    return std::to_string(index_) + "-" + std::to_string(id);
}

std::uint32_t PoolLoop::process_id_of(const Session& session) const {
    return ProcessId{shared_.generation, index_, session.id()}.bits();
}

void PoolLoop::for_each_pool(const std::function<void(TenantPool&)>& visit) {
    for (const auto& [pool, tenant] : tenants_) visit(*tenant);
}

pool::BlameReading PoolLoop::blame(const std::string& pool) const {
    const auto found = std::find_if(templates_.begin(), templates_.end(), [&](const auto& pools) {
        return !pools->removed() && pools->settings().name == pool;
    });
    return found == templates_.end() ? pool::BlameReading{} : (*found)->blame(now());
}

void PoolLoop::for_each_session(const std::function<void(Session&)>& visit) {
    for (const auto& [id, session] : sessions_) visit(*session);
}

void PoolLoop::for_each_server(const std::function<void(ServerConnection&)>& visit) {
    for (const auto& [id, server] : servers_) visit(*server);
}

ServerConnection* PoolLoop::find_server(std::uint32_t id) {
    const auto found = servers_.find(id);
    return found == servers_.end() ? nullptr : found->second.get();
}

Session* PoolLoop::find_session(std::uint32_t id) {
    const auto found = sessions_.find(id);
    return found == sessions_.end() ? nullptr : found->second.get();
}

void PoolLoop::drain() {
    draining_ = true;
    for (const auto& pools : templates_) pools->drain(now());
    for (const auto& [id, session] : sessions_) session->drain();
}

void PoolLoop::dismiss_all() {
    for (const auto& [id, session] : sessions_) session->dismiss(telemetry::ClientClose::drain);
}

std::size_t PoolLoop::newcomer_count() const {
    return static_cast<std::size_t>(
        std::count_if(sessions_.begin(), sessions_.end(), [](const auto& entry) {
            return entry.second->client_state() == telemetry::ClientState::login;
        }));
}

void PoolLoop::close_idle_servers() {
    for (const auto& [id, connection] : servers_) {
        if (connection->state() == pool::ServerState::idle) {
            connection->pool()->discard(*connection, telemetry::ReapReason::admin, now());
        }
    }
}

void PoolLoop::close_servers() {
    for (const auto& [id, connection] : servers_) {
        if (connection->state() != pool::ServerState::closing) {
            connection->pool()->discard(*connection, telemetry::ReapReason::admin, now());
        }
    }
}

}  // namespace weir::proxy
