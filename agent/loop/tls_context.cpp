#include "loop/tls_context.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/err.h>

#include <cerrno>
#include <cstring>
#include <string_view>

#include "base/fd.h"

namespace weir::loop {
namespace {

// A key behind a pass phrase would have OpenSSL ask for it on the terminal.
int no_pass_phrase(char*, int, int, void*) { return 0; }

int choose_protocol(SSL*, const unsigned char** chosen, unsigned char* chosen_size,
                    const unsigned char* offered, unsigned offered_size, void* protocol) {
    const std::string_view name(static_cast<const char*>(protocol));
    for (unsigned at = 0; at < offered_size; at += 1U + offered[at]) {
        const std::string_view one(reinterpret_cast<const char*>(offered + at + 1), offered[at]);
        if (one != name) continue;
        *chosen = offered + at + 1;
        *chosen_size = offered[at];
        return SSL_TLSEXT_ERR_OK;
    }
    return SSL_TLSEXT_ERR_ALERT_FATAL;
}

tl::unexpected<base::Error> wrong(std::string_view what, const std::string& path) {
    const unsigned long code = ERR_peek_last_error();
    const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
    ERR_clear_error();
    return base::error(
        fmt::format("{} {}: {}", what, path, reason == nullptr ? "not usable" : reason));
}

// OpenSSL's own words for a file that can't be opened name neither the file nor the reason.
base::Result<void> check_readable(std::string_view what, const std::string& path) {
    const base::Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (file) return {};
    return base::error(fmt::format("{} {} can't be read: {}", what, path, std::strerror(errno)));
}

}  // namespace

base::Result<std::shared_ptr<const TlsContext>> TlsContext::load(const TlsFiles& files) {
    ERR_clear_error();
    SSL_CTX* raw = SSL_CTX_new(TLS_server_method());
    if (raw == nullptr) return base::error("OpenSSL has no TLS");
    const std::shared_ptr<TlsContext> context(new TlsContext(raw));
    SSL_CTX_set_min_proto_version(raw, TLS1_2_VERSION);
    SSL_CTX_set_options(
        raw, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE);
    // Tickets carry a session's state, so nothing is kept here for clients that never come back.
    SSL_CTX_set_session_cache_mode(raw, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_num_tickets(raw, 1);
    constexpr std::string_view purpose = "weir";
    SSL_CTX_set_session_id_context(raw, reinterpret_cast<const unsigned char*>(purpose.data()),
                                   static_cast<unsigned>(purpose.size()));
    SSL_CTX_set_default_passwd_cb(raw, &no_pass_phrase);
    if (files.protocol != nullptr) {
        SSL_CTX_set_alpn_select_cb(raw, &choose_protocol, const_cast<char*>(files.protocol));
    }
    if (auto used = context->use(files); !used) return tl::make_unexpected(used.error());
    return context;
}

base::Result<void> TlsContext::use(const TlsFiles& files) {
    if (auto fine = check_readable("the certificate", files.cert); !fine) return fine;
    if (SSL_CTX_use_certificate_chain_file(context_, files.cert.c_str()) != 1) {
        return wrong("the certificate", files.cert);
    }
    if (auto fine = check_readable("the private key", files.key); !fine) return fine;
    if (SSL_CTX_use_PrivateKey_file(context_, files.key.c_str(), SSL_FILETYPE_PEM) != 1) {
        return wrong("the private key", files.key);
    }
    if (SSL_CTX_check_private_key(context_) != 1) {
        ERR_clear_error();
        return base::error(fmt::format("the private key {} is not that of the certificate {}",
                                       files.key, files.cert));
    }
    if (files.ca.empty()) return {};
    if (auto fine = check_readable("the authority", files.ca); !fine) return fine;
    STACK_OF(X509_NAME)* names = SSL_load_client_CA_file(files.ca.c_str());
    if (names == nullptr || SSL_CTX_load_verify_file(context_, files.ca.c_str()) != 1) {
        sk_X509_NAME_pop_free(names, &X509_NAME_free);
        return wrong("the authority", files.ca);
    }
    SSL_CTX_set_client_CA_list(context_, names);
    SSL_CTX_set_verify(context_, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    return {};
}

TlsContext::~TlsContext() { SSL_CTX_free(context_); }

std::unique_ptr<Tls> TlsContext::accept() const {
    SSL* ssl = SSL_new(context_);
    if (ssl == nullptr) return nullptr;
    SSL_set_accept_state(ssl);
    auto tls = std::make_unique<Tls>(*ssl);
    SSL_free(ssl);  // `tls` has a reference of its own
    return tls;
}

}  // namespace weir::loop
