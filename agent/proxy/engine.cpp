#include "proxy/engine.h"

#include "proxy/lobby.h"
#include "proxy/mysql_errors.h"
#include "proxy/mysql_login.h"
#include "proxy/mysql_server.h"
#include "proxy/mysql_session.h"
#include "proxy/pool_loop.h"
#include "proxy/postgresql_login.h"
#include "proxy/postgresql_server.h"
#include "proxy/postgresql_session.h"
#include "proxy/redis_errors.h"
#include "proxy/redis_login.h"
#include "proxy/redis_server.h"
#include "proxy/redis_session.h"
#include "proxy/seated_cancel.h"
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

settings::Engine engine_of(PoolLoop& home, const TenantPool& tenant) {
    return home.upstream(tenant).settings.engine;
}

}  // namespace

std::unique_ptr<Login> make_login(Lobby& lobby, unsigned listener, base::Fd socket) {
    switch (lobby.shared().listeners[listener]->settings->engine) {
        case settings::Engine::redis:
            return std::make_unique<RedisLogin>(lobby, listener, std::move(socket));
        case settings::Engine::mysql:
            return std::make_unique<MysqlLogin>(lobby, listener, std::move(socket));
        case settings::Engine::postgresql:
            break;
    }
    return std::make_unique<PostgresqlLogin>(lobby, listener, std::move(socket));
}

std::unique_ptr<Login> make_login_again(Lobby& lobby, Newcomer returning) {
    const auto& listener = lobby.shared().listeners[returning.listener];
    if (listener->settings->engine == settings::Engine::mysql) {
        return std::make_unique<MysqlLogin>(lobby, std::move(returning));
    }
    return std::make_unique<RedisLogin>(lobby, std::move(returning));
}

std::unique_ptr<Session> make_session(PoolLoop& home, Newcomer newcomer, TenantPool& tenant,
                                      std::uint32_t id) {
    switch (engine_of(home, tenant)) {
        case settings::Engine::mysql:
            return std::make_unique<MysqlSession>(home, std::move(newcomer), tenant, id);
        case settings::Engine::redis:
            return std::make_unique<RedisSession>(home, std::move(newcomer), tenant, id);
        case settings::Engine::postgresql:
            break;
    }
    return std::make_unique<PostgresqlSession>(home, std::move(newcomer), tenant, id);
}

std::unique_ptr<ServerConnection> make_server_connection(PoolLoop& home, TenantPool& tenant,
                                                         pool::CompatibilityKey key,
                                                         upstream::Established established,
                                                         std::uint32_t id) {
    switch (engine_of(home, tenant)) {
        case settings::Engine::mysql:
            established.cancel =
                std::make_shared<SeatedCancel>(std::move(established.cancel), home.budget(tenant));
            return std::make_unique<MysqlServer>(home, tenant, key, std::move(established), id);
        case settings::Engine::redis:
            return std::make_unique<RedisServer>(home, tenant, key, std::move(established), id);
        case settings::Engine::postgresql:
            break;
    }
    return std::make_unique<PostgresqlServer>(home, tenant, key, std::move(established), id);
}

void turn_away(loop::Loop& loop, settings::Engine engine, loop::Detached connection,
               const Answer& why) {
    static Unheard unheard;
    loop::Stream& stream = loop.open(std::move(connection), unheard);
    if (engine == settings::Engine::redis) {
        stream.write(redis_error(why));
    } else if (engine == settings::Engine::mysql) {
        // It has been told that it is in: this answers the first command that it sends.
        std::string error;
        std::uint8_t sequence = 1;
        append_mysql_error(error, sequence, why);
        stream.write(error);
    } else {
        stream.write(
            wire::postgresql::error_response("FATAL", why.sqlstate, why.message, {}, why.hint));
    }
    stream.close_after_flush();
}

}  // namespace weir::proxy
