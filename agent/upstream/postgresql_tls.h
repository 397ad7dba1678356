// libpq's TLS: how it is taken over for relaying, and why it refused a server. libpq closes its
// side at a failure and tells only that the verification failed, so that whoever wants to know why
// holds its connection from before. The dial thread only.
#pragma once

#include <libpq-fe.h>
#include <openssl/ssl.h>

#include <memory>

#include "loop/tls.h"
#include "upstream/dialer.h"

namespace weir::upstream {

class PostgresqlTls {
  public:
    // After each step of a connect: remembers the TLS connection that it has begun, if any.
    void watch(PGconn* handle);
    // `failure` with what is wrong with the server's certificate, where that was the reason.
    [[nodiscard]] DialFailure explained(DialFailure failure) const;

  private:
    struct Release {
        void operator()(SSL* ssl) const { SSL_free(ssl); }
    };
    std::unique_ptr<SSL, Release> ssl_;  // a reference besides libpq's
};

// The TLS of an established connection, from then on in other hands than libpq's; nullptr: plain.
[[nodiscard]] std::unique_ptr<loop::Tls> take_tls(PGconn* handle);

}  // namespace weir::upstream
