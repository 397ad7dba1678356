// The agent's answers to operators: each loop is asked on its own thread, and the answers are put
// together on the asker's.
#include <algorithm>
#include <charconv>
#include <condition_variable>
#include <thread>

#include "base/log.h"
#include "proxy/agent.h"
#include "telemetry/quantile.h"

namespace weir::proxy {

// Where loops put their answers; outlives an asker who lost patience.
template <class Answer>
struct Agent::Answers {
    explicit Answers(std::size_t loops) : values(loops) {}
    std::mutex mutex;
    std::condition_variable changed;
    std::vector<std::optional<Answer>> values;
    std::size_t due = values.size();
};

namespace {

template <class Item>
std::vector<Item> joined(std::vector<std::vector<Item>> parts) {
    std::vector<Item> all;
    for (auto& part : parts) {
        std::move(part.begin(), part.end(), std::back_inserter(all));
    }
    return all;
}

void add(pool::PoolCounts& sum, const pool::PoolCounts& part) {
    sum.connecting += part.connecting;
    sum.idle += part.idle;
    sum.checking += part.checking;
    sum.used += part.used;
    sum.pinned += part.pinned;
    sum.resetting += part.resetting;
    sum.cancelling += part.cancelling;
    sum.closing += part.closing;
    sum.waiting += part.waiting;
    sum.leaks += part.leaks;
    sum.oldest_wait = std::max(sum.oldest_wait, part.oldest_wait);
    sum.paused = sum.paused || part.paused;
    sum.disabled = sum.disabled || part.disabled;
}

PoolStatus status_of(const PoolLoop& home, const TenantPool& tenant, base::Instant now) {
    PoolStatus status;
    const settings::Pool& settings = tenant.pool->settings();
    status.pool = settings.name;
    status.tenant = tenant.match.tenant;
    status.app = tenant.match.app;
    status.upstream = settings.upstream;
    status.mode = base::word(settings.mode);
    status.database = tenant.database;
    status.loop = home.index();
    status.counts = tenant.pool->counts(now);
    status.clients = tenant.clients;
    const telemetry::TenantProbe& probe = tenant.pool->tenant_probe();
    const telemetry::TenantCells& cells = probe.cells();
    for (std::size_t i = 0; i < base::word_count<telemetry::AcquireOutcome>; ++i) {
        status.acquires += cells.acquires[static_cast<telemetry::AcquireOutcome>(i)].read();
    }
    status.timeouts = cells.acquires[telemetry::AcquireOutcome::timeout].read();
    status.rejections = cells.rejections.read();
    status.queries = cells.queries.read();
    status.leaks_suspected = cells.leaks_suspected.read();
    status.wait_nanoseconds = cells.wait_nanoseconds.read();
    status.waits = status.acquires;  // every acquire has its wait, if only of no time
    status.transactions = probe.transactions();
    status.transaction_nanoseconds = probe.transaction_nanoseconds();
    status.query_nanoseconds = probe.query_nanoseconds();
    status.bytes_in = cells.bytes_in.read();
    status.bytes_out = cells.bytes_out.read();
    return status;
}

using PoolProbes = std::vector<telemetry::Registered<telemetry::PoolLabels, telemetry::PoolProbe>>;

// Reuse and waits of one template since the start, over all loops.
void summarize_waits(const PoolProbes& probes, TemplateStatus& status) {
    using telemetry::ServedSource;
    telemetry::HistogramReading<telemetry::wait_bounds> waits;
    std::uint64_t reused = 0;
    std::uint64_t served = 0;
    for (const auto& registered : probes) {
        if (registered.labels.pool != status.pool) continue;
        const telemetry::PoolProbe& probe = *registered.probe;
        waits.add(probe.wait_ok());
        waits.add(probe.wait_failed());
        reused += probe.served(ServedSource::idle) + probe.served(ServedSource::waited);
        served += probe.acquires(telemetry::AcquireOutcome::ok);
    }
    if (served > 0) status.hit_rate = static_cast<double>(reused) / static_cast<double>(served);
    status.wait_p50_seconds = base::seconds(waits.quantile(0.5).value_or(base::Duration()));
    status.wait_p99_seconds = base::seconds(waits.quantile(0.99).value_or(base::Duration()));
    status.wait_counts.assign(waits.counts().begin(), waits.counts().end());
}

void add_server(const telemetry::ServerReading& reading, UpstreamStatus& status) {
    if (!reading.max_connections || !reading.connections) return;
    const std::uint64_t reserved = reading.reserved.value_or(0);
    status.server_slots = *reading.max_connections - std::min(reserved, *reading.max_connections);
    status.server_slots_used = *reading.connections;
}

}  // namespace

template <class Answer>
std::vector<Answer> Agent::ask(const std::function<Answer(PoolLoop&)>& visit,
                               std::vector<unsigned>* stale) {
    const auto answers = std::make_shared<Answers<Answer>>(homes_.size());
    for (const auto& home : homes_) {
        home->post([answers, visit, &home = *home] {
            Answer answer = visit(home);
            const std::scoped_lock lock(answers->mutex);
            answers->values[home.index()] = std::move(answer);
            --answers->due;
            answers->changed.notify_all();
        });
    }
    std::unique_lock lock(answers->mutex);
    answers->changed.wait_for(lock, patience, [&] { return answers->due == 0; });
    std::vector<Answer> result;
    for (unsigned i = 0; i < answers->values.size(); ++i) {
        if (answers->values[i]) {
            result.push_back(std::move(*answers->values[i]));
        } else if (stale != nullptr) {
            stale->push_back(i);
        }
    }
    return result;
}

template std::vector<std::size_t> Agent::ask(const std::function<std::size_t(PoolLoop&)>&,
                                             std::vector<unsigned>*);

Snapshot Agent::snapshot() {
    Snapshot snapshot;
    snapshot.pools = joined(ask<std::vector<PoolStatus>>(
        [](PoolLoop& home) {
            std::vector<PoolStatus> pools;
            home.for_each_pool(
                [&](TenantPool& tenant) { pools.push_back(status_of(home, tenant, home.now())); });
            return pools;
        },
        &snapshot.stale));
    snapshot.reload_failure = reload_record().failure;
    const std::shared_lock looking(shared_.looking);
    std::vector<UpstreamStatus> upstreams;  // by slot
    const auto servers = shared_.registry.servers();
    for (const auto& upstream : shared_.upstreams) {
        UpstreamStatus status;
        status.name = upstream->settings.name;
        status.engine = base::word(upstream->settings.engine);
        status.address = upstream->settings.address;
        status.breaker = base::word(upstream->gate.probe->breaker());
        status.last_error = upstream->last_error();
        status.up = upstream->gate.probe->up();
        status.ever_dialed = upstream->ever_dialed;
        status.budget = static_cast<unsigned>(upstream->gate.probe->budget_connections());
        status.used = static_cast<unsigned>(upstream->gate.probe->budget_used());
        for (const auto& server : servers) {
            if (server.labels == status.name) add_server(server.probe->seen().reading, status);
        }
        if (upstream->served) snapshot.upstreams.push_back(status);
        upstreams.push_back(std::move(status));
    }
    const auto probes = shared_.registry.pools();
    for (unsigned i = 0; i < shared_.templates.size(); ++i) {
        const settings::Pool& settings = *shared_.templates[i];
        const UpstreamStatus& upstream = upstreams[shared_.template_upstream[i]];
        TemplateStatus status;
        status.pool = settings.name;
        status.engine = upstream.engine;
        status.upstream = settings.upstream;
        status.mode = base::word(settings.mode);
        status.counts.max = settings.max_size;
        status.acquire_timeout_seconds = base::seconds(settings.acquire_timeout);
        status.warn_at = settings.warn_at;
        status.breaker = upstream.breaker;
        status.last_connect_error = upstream.last_error;
        for (PoolStatus& pool : snapshot.pools) {
            if (pool.pool != settings.name) continue;
            pool.engine = upstream.engine;
            add(status.counts, pool.counts);
            status.counts.max = std::max(status.counts.max, pool.counts.max);
            ++status.tenants;
            status.clients += pool.clients;
            status.acquires += pool.acquires;
            status.timeouts += pool.timeouts;
            status.rejections += pool.rejections;
            const unsigned used = pool.counts.used + pool.counts.pinned;
            if (used >= status.fullest_used) {
                status.fullest_used = used;
                status.fullest_tenant = pool.tenant;
            }
        }
        summarize_waits(probes, status);
        if (shared_.template_served[i]) snapshot.templates.push_back(std::move(status));
    }
    return snapshot;
}

std::vector<ClientStatus> Agent::clients() {
    return joined(ask<std::vector<ClientStatus>>([](PoolLoop& home) {
        std::vector<ClientStatus> clients;
        home.for_each_session(
            [&](Session& session) { clients.push_back(session.status(home.now())); });
        return clients;
    }));
}

std::vector<ServerStatus> Agent::servers() {
    return joined(ask<std::vector<ServerStatus>>([](PoolLoop& home) {
        std::vector<ServerStatus> servers;
        home.for_each_server(
            [&](ServerConnection& server) { servers.push_back(server.status(home.now())); });
        return servers;
    }));
}

std::vector<LeakStatus> Agent::leaks() {
    return joined(ask<std::vector<LeakStatus>>([](PoolLoop& home) {
        std::vector<LeakStatus> leaks;
        home.for_each_server([&](ServerConnection& server) {
            if (server.leak_suspected()) leaks.push_back(server.leak(home.now()));
        });
        return leaks;
    }));
}

pool::BlameReading Agent::blame(const std::string& pool) {
    pool::BlameReading all;
    for (const pool::BlameReading& part :
         ask<pool::BlameReading>([pool](PoolLoop& home) { return home.blame(pool); })) {
        for (const pool::BlamedPair& pair : part.pairs) all.add(pair);
        all.rest_nanoseconds += part.rest_nanoseconds;
    }
    return all;
}

bool Agent::selects(const Selection& selection, const TenantPool& tenant) const {
    const bool pool = selection.pool.empty() || selection.pool == "*" ||
                      selection.pool == tenant.pool->settings().name;
    return pool && (!selection.tenant || *selection.tenant == tenant.match.tenant);
}

Outcome<unsigned> Agent::act(const Selection& selection,
                             const std::function<void(pool::Pool&, base::Instant)>& action) {
    const settings::Snapshot present = settings();
    const bool known =
        selection.pool.empty() || selection.pool == "*" ||
        std::any_of(present->pool.begin(), present->pool.end(),
                    [&](const settings::Pool& pool) { return pool.name == selection.pool; });
    if (!known) {
        return tl::make_unexpected(
            Refused{Refused::Kind::not_found, "no pool is named \"" + selection.pool + "\""});
    }
    std::vector<unsigned> stale;
    const auto counts = ask<unsigned>(
        [this, selection, action](PoolLoop& home) {
            unsigned count = 0;
            home.for_each_pool([&](TenantPool& tenant) {
                if (!selects(selection, tenant)) return;
                action(*tenant.pool, home.now());
                ++count;
            });
            return count;
        },
        &stale);
    if (!stale.empty()) {
        return tl::make_unexpected(
            Refused{Refused::Kind::busy, "an event loop did not answer in time"});
    }
    unsigned total = 0;
    for (const unsigned count : counts) total += count;
    if (total == 0 && selection.tenant) {
        return tl::make_unexpected(Refused{Refused::Kind::not_found,
                                           "tenant \"" + *selection.tenant + "\" has no pool now"});
    }
    return total;
}

Outcome<unsigned> Agent::clear(const Selection& selection) {
    return act(selection, [](pool::Pool& pool, base::Instant now) { pool.clear(now); });
}

Outcome<unsigned> Agent::pause(const Selection& selection) {
    auto paused = act(selection, [](pool::Pool& pool, base::Instant now) { pool.pause(now); });
    if (!paused) return paused;
    const base::Instant patience_ends = base::Clock::now() + patience;
    while (base::Clock::now() < patience_ends) {
        const auto busy = ask<unsigned>([this, selection](PoolLoop& home) {
            unsigned held = 0;
            home.for_each_pool([&](TenantPool& tenant) {
                if (!selects(selection, tenant)) return;
                const pool::PoolCounts counts = tenant.pool->counts(home.now());
                held += counts.used + counts.pinned + counts.resetting + counts.cancelling;
            });
            return held;
        });
        if (std::all_of(busy.begin(), busy.end(), [](unsigned n) { return n == 0; })) break;
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    return paused;
}

Outcome<unsigned> Agent::resume(const Selection& selection) {
    return act(selection, [](pool::Pool& pool, base::Instant now) { pool.resume(now); });
}

Outcome<unsigned> Agent::disable(const Selection& selection, bool disabled) {
    return act(selection,
               [disabled](pool::Pool& pool, base::Instant now) { pool.disable(disabled, now); });
}

Outcome<unsigned> Agent::resize(const Selection& selection, unsigned max_size) {
    if (max_size == 0) {
        return tl::make_unexpected(Refused{Refused::Kind::invalid, "max_size must be at least 1"});
    }
    return act(selection,
               [max_size](pool::Pool& pool, base::Instant now) { pool.resize(max_size, now); });
}

Outcome<unsigned> Agent::kill(const std::string& server_id) {
    unsigned loop = 0;
    std::uint32_t id = 0;
    const char* const end = server_id.data() + server_id.size();
    const auto first = std::from_chars(server_id.data(), end, loop);
    const bool named = first.ec == std::errc() && first.ptr != end && *first.ptr == '-' &&
                       std::from_chars(first.ptr + 1, end, id).ptr == end;
    if (!named || loop >= homes_.size()) {
        return tl::make_unexpected(Refused{Refused::Kind::not_found,
                                           "no server connection is named \"" + server_id + "\""});
    }
    const auto killed = ask<unsigned>([loop, id](PoolLoop& home) -> unsigned {
        ServerConnection* const server = home.index() == loop ? home.find_server(id) : nullptr;
        if (server == nullptr || server->state() == pool::ServerState::closing) return 0;
        server->reclaim(false, telemetry::ClientClose::admin, "57P01",
                        "terminating connection due to administrator command");
        return 1;
    });
    if (std::find(killed.begin(), killed.end(), 1U) == killed.end()) {
        return tl::make_unexpected(Refused{Refused::Kind::not_found,
                                           "no server connection is named \"" + server_id + "\""});
    }
    return 1U;
}

void Agent::log_stats() {
    for (const TemplateStatus& status : snapshot().templates) {
        base::log::info("pool.stats", {{"pool", status.pool},
                                       {"tenants", status.tenants},
                                       {"clients", status.clients},
                                       {"used", status.counts.used + status.counts.pinned},
                                       {"idle", status.counts.idle},
                                       {"waiting", status.counts.waiting},
                                       {"acquires", status.acquires},
                                       {"timeouts", status.timeouts},
                                       {"rejections", status.rejections},
                                       {"hit_rate", status.hit_rate},
                                       {"wait_p99_seconds", status.wait_p99_seconds},
                                       {"leaks", status.counts.leaks},
                                       {"breaker", status.breaker}});
    }
}

}  // namespace weir::proxy
