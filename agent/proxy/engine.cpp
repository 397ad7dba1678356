#include "proxy/engine.h"

#include "proxy/postgresql_server.h"
#include "proxy/postgresql_session.h"
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

}  // namespace

std::unique_ptr<Session> make_session(PoolLoop& home, Newcomer newcomer, TenantPool& tenant,
                                      std::uint32_t id) {
    return std::make_unique<PostgresqlSession>(home, std::move(newcomer), tenant, id);
}

std::unique_ptr<ServerConnection> make_server_connection(PoolLoop& home, TenantPool& tenant,
                                                         pool::CompatibilityKey key,
                                                         upstream::Established established,
                                                         std::uint32_t id) {
    return std::make_unique<PostgresqlServer>(home, tenant, key, std::move(established), id);
}

void turn_away(loop::Loop& loop, loop::Detached connection, const Answer& why) {
    static Unheard unheard;
    loop::Stream& stream = loop.open(std::move(connection), unheard);
    stream.write(
        wire::postgresql::error_response("FATAL", why.sqlstate, why.message, {}, why.hint));
    stream.close_after_flush();
}

}  // namespace weir::proxy
