#include "upstream/redis_tls.h"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

namespace weir::upstream {
namespace {

using settings::ServerTls;

struct Release {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};

tl::unexpected<base::Error> wrong(std::string_view what, const std::string& path) {
    const char* const reason = ERR_reason_error_string(ERR_peek_last_error());
    ERR_clear_error();
    return base::error(
        fmt::format("{} {}: {}", what, path, reason == nullptr ? "not usable" : reason));
}

// A key behind a pass phrase would have OpenSSL ask for it on the terminal.
int no_pass_phrase(char*, int, int, void*) { return 0; }

base::Result<void> configure(SSL_CTX* context, const settings::UpstreamTls& settings) {
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_default_passwd_cb(context, &no_pass_phrase);
    if (!settings.cert.empty()) {
        if (SSL_CTX_use_certificate_chain_file(context, settings.cert.c_str()) != 1) {
            return wrong("the certificate", settings.cert);
        }
        if (SSL_CTX_use_PrivateKey_file(context, settings.key.c_str(), SSL_FILETYPE_PEM) != 1 ||
            SSL_CTX_check_private_key(context) != 1) {
            return wrong("the private key", settings.key);
        }
    }
    // As with libpq: an authority that is named is asked.
    if (settings.mode == ServerTls::require && settings.ca.empty()) return {};
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
    if (settings.ca.empty()) {
        SSL_CTX_set_default_verify_paths(context);
    } else if (SSL_CTX_load_verify_file(context, settings.ca.c_str()) != 1) {
        return wrong("the authority", settings.ca);
    }
    return {};
}

}  // namespace

base::Result<std::unique_ptr<loop::Tls>> begin_redis_tls(const settings::UpstreamTls& settings,
                                                         const std::string& host) {
    ERR_clear_error();
    const std::unique_ptr<SSL_CTX, Release> context(SSL_CTX_new(TLS_client_method()));
    if (context == nullptr) return base::error("OpenSSL has no TLS");
    if (auto fine = configure(context.get(), settings); !fine) {
        return tl::make_unexpected(fine.error());
    }
    const std::unique_ptr<SSL, Release> ssl(SSL_new(context.get()));
    if (ssl == nullptr) return base::error("no memory");
    SSL_set_connect_state(ssl.get());
    X509_VERIFY_PARAM* const expected = SSL_get0_param(ssl.get());
    const bool full = settings.mode == ServerTls::verify_full;
    // An address is no name: neither asked for as one nor found among them.
    const std::unique_ptr<ASN1_OCTET_STRING, decltype(&ASN1_OCTET_STRING_free)> address(
        a2i_IPADDRESS(host.c_str()), &ASN1_OCTET_STRING_free);
    if (address == nullptr) {
        SSL_set_tlsext_host_name(ssl.get(), host.c_str());
        if (full) X509_VERIFY_PARAM_set1_host(expected, host.c_str(), host.size());
    } else if (full) {
        X509_VERIFY_PARAM_set1_ip_asc(expected, host.c_str());
    }
    return std::make_unique<loop::Tls>(*ssl);  // has a reference of its own
}

}  // namespace weir::upstream
