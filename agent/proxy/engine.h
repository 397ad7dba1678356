// Which classes speak an engine's protocol: the only place of the proxy that tells engines apart.
#pragma once

#include <memory>

#include "proxy/login.h"
#include "proxy/refusals.h"
#include "proxy/server_connection.h"
#include "proxy/session.h"

namespace weir::proxy {

[[nodiscard]] std::unique_ptr<Login> make_login(Lobby& lobby, unsigned listener, base::Fd socket);
// For a client that comes back to log in as somebody else; its engine must know that.
[[nodiscard]] std::unique_ptr<Login> make_login_again(Lobby& lobby, Newcomer returning);
[[nodiscard]] std::unique_ptr<Session> make_session(PoolLoop& home, Newcomer newcomer,
                                                    TenantPool& tenant, std::uint32_t id);
[[nodiscard]] std::unique_ptr<ServerConnection> make_server_connection(
    PoolLoop& home, TenantPool& tenant, pool::CompatibilityKey key,
    upstream::Established established, std::uint32_t id);

// Says `why` in the protocol of the client and closes its connection.
void turn_away(loop::Loop& loop, settings::Engine engine, loop::Detached connection,
               const Answer& why);

}  // namespace weir::proxy
