// How a loop comes by server connections for its pools: what is asked of the upstream's dialer, and
// what becomes of the answer.
#include <utility>

#include "base/log.h"
#include "proxy/engine.h"
#include "proxy/pool_loop.h"
#include "proxy/span_facts.h"

namespace weir::proxy {

void PoolLoop::dial(pool::Pool& pool, pool::CompatibilityKey key) {
    TenantPool& tenant = *tenants_.at(&pool);
    const settings::Pool& settings = pool.settings();
    const Handshake& handshake = tenant.handshake(key);
    tenant.use(key);
    upstream::DialRequest request;
    request.database = tenant.database;
    request.user = handshake.user;
    request.password = settings.user.empty() ? handshake.password : settings.password;
    request.tenant = tenant.match.tenant;
    request.search_path = settings::fill(settings.search_path, tenant.match);
    request.application_name = "weir";
    request.resp3 = handshake.resp3;
    request.capabilities = handshake.capabilities;
    UpstreamLink& link = upstream(tenant);
    const Dial dial{key, tenant.generation, now()};
    link.dialer->dial(std::move(request), [this, &pool, dial](upstream::DialResult result) {
        post([this, &pool, dial, result = std::move(result)]() mutable {
            dialed(pool, dial, std::move(result));
        });
    });
}

void PoolLoop::dialed(pool::Pool& pool, const Dial& dial, upstream::DialResult result) {
    const pool::CompatibilityKey key = dial.key;
    TenantPool& tenant = *tenants_.at(&pool);  // a pool with a dial under way is not forgotten
    UpstreamLink& link = upstream(tenant);
    const bool outdated = dial.generation != tenant.generation;
    if (!result && outdated) {
        pool.dial_outdated(key, now());
        tenant.leave(key);
        return;
    }
    if (!result) {
        const upstream::DialFailure& failure = result.error();
        link.failed(failure.message);
        (void)trace_connect(*this, tenant, dial.began, failure);
        base::log::warn("connection.create_failed", {{"pool", pool.settings().name},
                                                     {"tenant", tenant.match.tenant},
                                                     {"upstream", link.settings.name},
                                                     {"reason", base::word(failure.reason)},
                                                     {"error", failure.message}});
        pool.dial_failed(key, failure.reason, failure.sqlstate, failure.message, now());
        tenant.leave(key);
        return;
    }
    if (!outdated) link.connected();
    if (!outdated && !result->mysql.version.empty()) link.greeted(result->mysql.version);
    const base::Duration took = result->took;
    const telemetry::SpanContext connect = trace_connect(*this, tenant, *result);
    const std::uint32_t id = next_id();
    auto connection = make_server_connection(*this, tenant, key, std::move(*result), id);
    ServerConnection& added = *connection;
    servers_.emplace(id, std::move(connection));
    if (outdated) added.born_outdated();
    added.set_left_by(connect);
    pool.dialed(added, key, took, now());
    tenant.leave(key);  // the connection took its own
}

}  // namespace weir::proxy
