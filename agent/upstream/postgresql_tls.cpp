#include "upstream/postgresql_tls.h"

#include <openssl/x509_vfy.h>

namespace weir::upstream {
namespace {

SSL* tls_of(PGconn* handle) { return static_cast<SSL*>(PQsslStruct(handle, "OpenSSL")); }

}  // namespace

void PostgresqlTls::watch(PGconn* handle) {
    SSL* ssl = tls_of(handle);
    if (ssl == nullptr || ssl == ssl_.get()) return;
    SSL_up_ref(ssl);
    ssl_.reset(ssl);
}

DialFailure PostgresqlTls::explained(DialFailure failure) const {
    if (failure.reason != telemetry::CreateFailure::tls || ssl_ == nullptr) return failure;
    const long verified = SSL_get_verify_result(ssl_.get());
    if (verified != X509_V_OK) {
        failure.message.append(": ").append(X509_verify_cert_error_string(verified));
    }
    return failure;
}

std::unique_ptr<loop::Tls> take_tls(PGconn* handle) {
    SSL* ssl = tls_of(handle);
    return ssl == nullptr ? nullptr : std::make_unique<loop::Tls>(*ssl);
}

}  // namespace weir::upstream
