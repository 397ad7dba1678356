// The peer of a stream under TLS: OpenSSL's client on a non-blocking descriptor, taken forward by
// hand between the loop's turns.
#pragma once

#include <fcntl.h>
#include <openssl/err.h>

#include "certificates.h"
#include "harness.h"

namespace weir::loop::testing {

class TlsClient {
  public:
    explicit TlsClient(base::Fd fd, const std::string& certificate = {})
        : fd_(std::move(fd)), context_(SSL_CTX_new(TLS_client_method())) {
        ::fcntl(fd_.get(), F_SETFL, O_NONBLOCK);
        SSL_CTX_load_verify_file(context_, Certificates::of("ca.crt").c_str());
        SSL_CTX_set_verify(context_, SSL_VERIFY_PEER, nullptr);
        if (!certificate.empty()) {
            SSL_CTX_use_certificate_file(context_, (certificate + ".crt").c_str(),
                                         SSL_FILETYPE_PEM);
            SSL_CTX_use_PrivateKey_file(context_, (certificate + ".key").c_str(), SSL_FILETYPE_PEM);
        }
    }
    ~TlsClient() {
        SSL_free(ssl_);
        SSL_CTX_free(context_);
    }
    TlsClient(const TlsClient&) = delete;
    TlsClient& operator=(const TlsClient&) = delete;

    // To be changed before the first use of ssl().
    [[nodiscard]] SSL_CTX* context() { return context_; }
    [[nodiscard]] SSL* ssl() {
        if (ssl_ == nullptr) {
            ssl_ = SSL_new(context_);
            SSL_set_fd(ssl_, fd_.get());
            SSL_set_connect_state(ssl_);
            SSL_set_mode(ssl_, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
        }
        return ssl_;
    }
    [[nodiscard]] int fd() const { return fd_.get(); }
    void hang_up() { fd_.reset(); }

    // Reads and writes as far as it goes without waiting.
    void step() {
        char bytes[4096];
        for (;;) {
            ERR_clear_error();
            const int size = SSL_read(ssl(), bytes, sizeof bytes);
            if (size <= 0) {
                note(SSL_get_error(ssl(), size));
                break;
            }
            text.append(bytes, static_cast<std::size_t>(size));
        }
        while (!unsent.empty()) {
            ERR_clear_error();
            const int size = SSL_write(ssl(), unsent.data(), static_cast<int>(unsent.size()));
            if (size <= 0) break;
            unsent.erase(0, static_cast<std::size_t>(size));
        }
    }

    std::string text;    // received
    std::string unsent;  // to be sent
    bool ended = false;  // by a close_notify
    std::string failure;

  private:
    void note(int error) {
        if (error == SSL_ERROR_ZERO_RETURN) ended = true;
        if (error == SSL_ERROR_SSL && failure.empty()) {
            failure = ERR_reason_error_string(ERR_peek_error());
        }
    }

    base::Fd fd_;
    SSL_CTX* context_;
    SSL* ssl_ = nullptr;
};

}  // namespace weir::loop::testing
