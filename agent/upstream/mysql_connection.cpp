#include "upstream/mysql_connection.h"

#include <fcntl.h>
#include <ma_pvio.h>
#undef MARIADB_TLS  // hidden by the first header from whoever is not the library itself
#include <ma_tls.h>
#include <openssl/crypto.h>
#include <openssl/ssl.h>

#include <cstring>
#include <string_view>

#include "upstream/mysql_capabilities.h"

namespace weir::upstream {
namespace {

DialFailure unusable(const char* why) { return {telemetry::CreateFailure::protocol, {}, why}; }

bool make_nonblocking(int fd) {
    const int flags = fcntl(fd, F_GETFL);
    return flags >= 0 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0;
}

// What the server sent on its own would be in the library's read-ahead cache, lost to the relay.
bool has_unread(const MYSQL& handle) {
    const MARIADB_PVIO& pvio = *handle.net.pvio;
    return pvio.cache != nullptr && pvio.cache_pos < pvio.cache + pvio.cache_size;
}

bool as_asked_for(MYSQL& handle, std::uint32_t asked) {
    unsigned long extended = 0;
    if (mariadb_get_infov(&handle, MARIADB_CONNECTION_EXTENDED_SERVER_CAPABILITIES, &extended) !=
        0) {
        return false;
    }
    const std::uint32_t differ = static_cast<std::uint32_t>(handle.client_flag) ^ asked;
    return extended == 0 && (differ & MysqlCapability::of_the_key) == 0;
}

MysqlFacts facts_of(MYSQL& handle, std::uint32_t offered) {
    MysqlFacts facts;
    facts.thread_id = static_cast<std::uint32_t>(mysql_thread_id(&handle));
    facts.version = mysql_get_server_info(&handle);
    facts.is_mariadb = facts.version.find("MariaDB") != std::string::npos;
    facts.capabilities = static_cast<std::uint32_t>(handle.client_flag) & offered;
    facts.status = static_cast<std::uint16_t>(handle.server_status);
    MY_CHARSET_INFO charset{};
    mysql_get_character_set_info(&handle, &charset);
    facts.collation = static_cast<std::uint16_t>(charset.number);
    facts.character_set = charset.csname;
    return facts;
}

}  // namespace

base::Result<Established, DialFailure> hand_over(MysqlHandle handle, const MysqlSteering& steering,
                                                 std::uint32_t asked) {
    if (handle->passwd != nullptr) OPENSSL_cleanse(handle->passwd, std::strlen(handle->passwd));
    if (!as_asked_for(*handle, asked)) {
        return tl::make_unexpected(unusable("the connection has other capabilities than asked"));
    }
    if (has_unread(*handle)) {
        return tl::make_unexpected(unusable("the server says more than it was asked"));
    }
    if (!make_nonblocking(static_cast<int>(mysql_get_socket(handle.get())))) {
        return tl::make_unexpected(unusable("the descriptor can't be made non-blocking"));
    }
    Established established;
    established.mysql = facts_of(*handle, steering.greeting.offered() | MysqlGreeting::is_mysql);
    established.backend_pid = static_cast<int>(established.mysql.thread_id);
    if (handle->net.pvio->ctls != nullptr) {
        auto* ssl = static_cast<SSL*>(static_cast<MARIADB_TLS*>(handle->net.pvio->ctls)->ssl);
        established.tls = std::make_unique<loop::Tls>(*ssl);
    }
    established.connection = std::make_unique<MysqlConnection>(std::move(handle));
    return established;
}

}  // namespace weir::upstream
