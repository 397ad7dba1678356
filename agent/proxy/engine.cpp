#include "proxy/engine.h"

#include "proxy/lobby.h"
#include "proxy/pool_loop.h"
#include "proxy/postgresql_login.h"
#include "proxy/postgresql_server.h"
#include "proxy/postgresql_session.h"
#include "proxy/redis_errors.h"
#include "proxy/redis_login.h"
#include "proxy/redis_server.h"
#include "proxy/redis_session.h"
#include "wire/postgresql/messages.h"

namespace weir::proxy {
namespace {

// Nobody listens to a connection that is only being told goodbye.
class Unheard final : public loop::StreamEvents {
    void received(loop::Slice) override {}
    void end_of_input() override {}
    void drained() override {}
    void closed(int) override {}
};

bool is_redis(PoolLoop& home, const TenantPool& tenant) {
    return home.upstream(tenant).settings.engine == settings::Engine::redis;
}

}  // namespace

std::unique_ptr<Login> make_login(Lobby& lobby, unsigned listener, base::Fd socket) {
    if (lobby.shared().listeners[listener]->settings->engine == settings::Engine::redis) {
        return std::make_unique<RedisLogin>(lobby, listener, std::move(socket));
    }
    return std::make_unique<PostgresqlLogin>(lobby, listener, std::move(socket));
}

std::unique_ptr<Login> make_login_again(Lobby& lobby, Newcomer returning) {
    return std::make_unique<RedisLogin>(lobby, std::move(returning));
}

std::unique_ptr<Session> make_session(PoolLoop& home, Newcomer newcomer, TenantPool& tenant,
                                      std::uint32_t id) {
    if (is_redis(home, tenant)) {
        return std::make_unique<RedisSession>(home, std::move(newcomer), tenant, id);
    }
    return std::make_unique<PostgresqlSession>(home, std::move(newcomer), tenant, id);
}

std::unique_ptr<ServerConnection> make_server_connection(PoolLoop& home, TenantPool& tenant,
                                                         pool::CompatibilityKey key,
                                                         upstream::Established established,
                                                         std::uint32_t id) {
    if (is_redis(home, tenant)) {
        return std::make_unique<RedisServer>(home, tenant, key, std::move(established), id);
    }
    return std::make_unique<PostgresqlServer>(home, tenant, key, std::move(established), id);
}

void turn_away(loop::Loop& loop, settings::Engine engine, loop::Detached connection,
               const Answer& why) {
    static Unheard unheard;
    loop::Stream& stream = loop.open(std::move(connection), unheard);
    if (engine == settings::Engine::redis) {
        stream.write(redis_error(why));
    } else {
        stream.write(
            wire::postgresql::error_response("FATAL", why.sqlstate, why.message, {}, why.hint));
    }
    stream.close_after_flush();
}

}  // namespace weir::proxy
