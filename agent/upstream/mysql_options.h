// What MariaDB Connector/C is told before it connects: nothing but what stands here. Any thread.
#pragma once

#include <string>

#include "settings/settings.h"
#include "upstream/address.h"
#include "upstream/dialer.h"
#include "upstream/mysql_library.h"

namespace weir::upstream {

// Where mysql_real_connect() is to go.
struct MysqlTarget {
    std::string host;  // an address; by a socket: what the library knows as such
    unsigned port = 0;
    std::string path;  // of a unix socket; empty: by TCP

    [[nodiscard]] const char* unix_socket() const { return path.empty() ? nullptr : path.c_str(); }
};
[[nodiscard]] MysqlTarget mysql_target(const Endpoint& endpoint);

// Options of a connect to `endpoint`, and how it is to be steered. `patience`: the longest that one
// wait of the TLS handshake takes.
[[nodiscard]] MysqlSteering prepare_mysql(MYSQL* handle, const Endpoint& endpoint,
                                          const settings::UpstreamTls& tls,
                                          const DialRequest& request, base::Duration patience);

// What mysql_real_connect() is to be given as flags.
[[nodiscard]] unsigned long mysql_connect_flags(const DialRequest& request);

}  // namespace weir::upstream
