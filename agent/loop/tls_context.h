// What a listener shows to its clients under TLS: its certificate, its key, and the authority of
// the clients' own certificates. Immutable; connections made with one keep it alive, so that it can
// be replaced at any time. Made on any thread; reads files.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "loop/tls.h"

namespace weir::loop {

struct TlsFiles {
    std::string cert;  // PEM: the certificate and what is between it and its authority
    std::string key;   // PEM, not encrypted
    std::string ca;    // PEM; empty: clients are not asked for certificates
    // By ALPN; a client that offers others only is refused. Lives as long as the process.
    const char* protocol = nullptr;
};

class TlsContext {
  public:
    // Fails with which file is wrong and how, for people.
    [[nodiscard]] static base::Result<std::shared_ptr<const TlsContext>> load(
        const TlsFiles& files);
    ~TlsContext();
    TlsContext(const TlsContext&) = delete;
    TlsContext& operator=(const TlsContext&) = delete;

    // The server's side of one connection, its handshake still to come; nullptr without memory.
    [[nodiscard]] std::unique_ptr<Tls> accept() const;

  private:
    explicit TlsContext(SSL_CTX* context) : context_(context) {}
    [[nodiscard]] base::Result<void> use(const TlsFiles& files);

    SSL_CTX* const context_;
};

}  // namespace weir::loop
