// TLS to Redis servers, which hiredis 0.14 does not know: our own context by the upstream's
// settings, made anew for each connect, so that replaced files are read. The dial thread only.
// Source: OpenSSL documentation, "ssl", "SSL_set1_host".
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "loop/tls.h"
#include "settings/settings.h"

namespace weir::upstream {

// Nothing negotiates it: a port speaks TLS, or does not. "prefer" is plain.
[[nodiscard]] inline bool wants_redis_tls(const settings::UpstreamTls& settings) {
    return settings.mode != settings::ServerTls::disable &&
           settings.mode != settings::ServerTls::prefer;
}

// The client's side of a connection to `host`, whose handshake is still to come. Fails with which
// file is wrong. Precondition: it is wanted.
[[nodiscard]] base::Result<std::unique_ptr<loop::Tls>> begin_redis_tls(
    const settings::UpstreamTls& settings, const std::string& host);

}  // namespace weir::upstream
