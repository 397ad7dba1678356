// A connection to a Redis server that is watched: hiredis connects, and what goes over it may be
// encrypted, which hiredis 0.14 does not know. Nothing negotiates TLS there, so the mode "prefer"
// is plain. Every call waits as long as its patience lasts. On the thread of a watch. Source:
// OpenSSL documentation, "SSL_connect", "SSL_get_error", "SSL_set1_host".
#pragma once

#include <hiredis/hiredis.h>
#include <openssl/ssl.h>

#include <memory>
#include <span>
#include <string_view>

#include "base/result.h"
#include "collectors/servers/patience.h"
#include "collectors/servers/server_access.h"
#include "settings/settings.h"

namespace weir::collectors {

class RedisChannel {
  public:
    // Fails with why there is none: one line for people.
    [[nodiscard]] static base::Result<RedisChannel> open(const Place& place,
                                                         const settings::UpstreamTls& tls,
                                                         const Patience& patience);

    [[nodiscard]] base::Result<void> send(std::string_view bytes, const Patience& patience);
    // At least one byte; the part of `into` that was filled.
    [[nodiscard]] base::Result<std::string_view> receive(std::span<char> into,
                                                         const Patience& patience);
    [[nodiscard]] int fd() const { return context_->fd; }
    [[nodiscard]] redisReader* reader() const { return context_->reader; }

  private:
    struct Free {
        void operator()(redisContext* context) const { redisFree(context); }
        void operator()(SSL* ssl) const { SSL_free(ssl); }
        void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
    };
    using Context = std::unique_ptr<redisContext, Free>;
    using Tls = std::unique_ptr<SSL, Free>;

    explicit RedisChannel(Context context) : context_(std::move(context)) {}
    [[nodiscard]] static base::Result<Tls> make_tls(const settings::UpstreamTls& settings,
                                                    const std::string& host);
    [[nodiscard]] base::Result<void> encrypt(Tls tls, const Patience& patience);
    [[nodiscard]] base::Result<void> wait_after(int result, const Patience& patience) const;

    Context context_;
    Tls tls_;  // nullptr: plain; goes before the descriptor
};

}  // namespace weir::collectors
