#include "collectors/servers/redis_channel.h"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <string>

namespace weir::collectors {
namespace {

using settings::ServerTls;

bool encrypts(const Place& place, const settings::UpstreamTls& tls) {
    return !place.unix_socket() && tls.mode != ServerTls::disable && tls.mode != ServerTls::prefer;
}

// A key behind a pass phrase would have OpenSSL ask for it on the terminal.
int no_pass_phrase(char*, int, int, void*) { return 0; }

tl::unexpected<base::Error> unusable(std::string_view what, const std::string& path) {
    ERR_clear_error();
    return base::error(fmt::format("the {} {} can't be used", what, path));
}

base::Result<void> configure(SSL_CTX* context, const settings::UpstreamTls& tls) {
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_default_passwd_cb(context, &no_pass_phrase);
    if (!tls.cert.empty() &&
        (SSL_CTX_use_certificate_chain_file(context, tls.cert.c_str()) != 1 ||
         SSL_CTX_use_PrivateKey_file(context, tls.key.c_str(), SSL_FILETYPE_PEM) != 1 ||
         SSL_CTX_check_private_key(context) != 1)) {
        return unusable("certificate", tls.cert);
    }
    // As with libpq: an authority that is named is asked.
    if (tls.mode == ServerTls::require && tls.ca.empty()) return {};
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
    if (SSL_CTX_load_verify_file(context, tls.ca.c_str()) != 1) {
        return unusable("authority", tls.ca);
    }
    return {};
}

// An address is no name: neither asked for as one nor found among them.
void expect_name(SSL* ssl, const std::string& host, bool full) {
    X509_VERIFY_PARAM* const expected = SSL_get0_param(ssl);
    const std::unique_ptr<ASN1_OCTET_STRING, decltype(&ASN1_OCTET_STRING_free)> address(
        a2i_IPADDRESS(host.c_str()), &ASN1_OCTET_STRING_free);
    if (address == nullptr) SSL_set_tlsext_host_name(ssl, host.c_str());
    if (!full) return;
    if (address == nullptr) {
        X509_VERIFY_PARAM_set1_host(expected, host.c_str(), host.size());
    } else {
        X509_VERIFY_PARAM_set1_ip_asc(expected, host.c_str());
    }
}

base::Result<void> connected(int fd, const Patience& patience) {
    const auto ready = patience.wait_for(fd, POLLOUT);
    if (!ready) return tl::make_unexpected(ready.error());
    int error = 0;
    socklen_t size = sizeof error;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0) error = errno;
    if (error != 0) return base::error(fmt::format("connecting failed: {}", strerror(error)));
    return {};
}

}  // namespace

base::Result<RedisChannel> RedisChannel::open(const Place& place, const settings::UpstreamTls& tls,
                                              const Patience& patience) {
    int port = 0;
    std::from_chars(place.port.data(), place.port.data() + place.port.size(), port);
    Context context(place.unix_socket() ? redisConnectUnixNonBlock(place.host.c_str())
                                        : redisConnectNonBlock(place.numeric.c_str(), port));
    if (context == nullptr) return base::error("no memory for a connection");
    if (context->err != 0) return base::error(context->errstr);
    if (auto reached = connected(context->fd, patience); !reached) {
        return tl::make_unexpected(reached.error());
    }
    RedisChannel channel(std::move(context));
    if (!encrypts(place, tls)) return channel;
    auto ours = make_tls(tls, place.host);
    if (!ours) return tl::make_unexpected(ours.error());
    if (auto encrypted = channel.encrypt(std::move(*ours), patience); !encrypted) {
        return tl::make_unexpected(encrypted.error());
    }
    return channel;
}

base::Result<RedisChannel::Tls> RedisChannel::make_tls(const settings::UpstreamTls& settings,
                                                       const std::string& host) {
    ERR_clear_error();
    const std::unique_ptr<SSL_CTX, Free> context(SSL_CTX_new(TLS_client_method()));
    if (context == nullptr) return base::error("OpenSSL has no TLS");
    if (auto fine = configure(context.get(), settings); !fine) {
        return tl::make_unexpected(fine.error());
    }
    Tls tls(SSL_new(context.get()));
    if (tls == nullptr) return base::error("no memory for a connection");
    expect_name(tls.get(), host, settings.mode == ServerTls::verify_full);
    return tls;
}

base::Result<void> RedisChannel::encrypt(Tls tls, const Patience& patience) {
    tls_ = std::move(tls);
    if (SSL_set_fd(tls_.get(), fd()) != 1) return base::error("no memory for a connection");
    for (;;) {
        ERR_clear_error();
        const int result = SSL_connect(tls_.get());
        if (result == 1) return {};
        if (auto waited = wait_after(result, patience); !waited) return waited;
    }
}

// What a call on the TLS connection that has not succeeded waits for.
base::Result<void> RedisChannel::wait_after(int result, const Patience& patience) const {
    const int error = SSL_get_error(tls_.get(), result);
    if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) {
        const auto ready = patience.wait_for(fd(), error == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT);
        if (!ready) return tl::make_unexpected(ready.error());
        return {};
    }
    const long verified = SSL_get_verify_result(tls_.get());
    if (verified != X509_V_OK) {
        return base::error(
            fmt::format("certificate verify failed: {}", X509_verify_cert_error_string(verified)));
    }
    const char* const reason = ERR_reason_error_string(ERR_peek_last_error());
    return base::error(
        fmt::format("TLS: {}", reason == nullptr ? "the server has closed" : reason));
}

base::Result<void> RedisChannel::send(std::string_view bytes, const Patience& patience) {
    while (!bytes.empty()) {
        ERR_clear_error();
        const auto size = static_cast<int>(bytes.size());
        const ssize_t sent = tls_ != nullptr
                                 ? SSL_write(tls_.get(), bytes.data(), size)
                                 : ::send(fd(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent > 0) {
            bytes.remove_prefix(static_cast<std::size_t>(sent));
        } else if (tls_ != nullptr) {
            if (auto waited = wait_after(static_cast<int>(sent), patience); !waited) return waited;
        } else if (errno == EAGAIN) {
            const auto ready = patience.wait_for(fd(), POLLOUT);
            if (!ready) return tl::make_unexpected(ready.error());
        } else {
            return {};  // one that is full has said so and hung up: its words are read even so
        }
    }
    return {};
}

base::Result<std::string_view> RedisChannel::receive(std::span<char> into,
                                                     const Patience& patience) {
    for (;;) {
        ERR_clear_error();
        const auto room = static_cast<int>(into.size());
        const ssize_t size = tls_ != nullptr ? SSL_read(tls_.get(), into.data(), room)
                                             : ::recv(fd(), into.data(), into.size(), MSG_DONTWAIT);
        if (size > 0) return std::string_view(into.data(), static_cast<std::size_t>(size));
        if (tls_ != nullptr) {
            auto waited = wait_after(static_cast<int>(size), patience);
            if (!waited) return tl::make_unexpected(waited.error());
            continue;
        }
        if (size == 0) return base::error("the server has closed the connection");
        if (errno != EAGAIN) return base::error(strerror(errno));
        const auto ready = patience.wait_for(fd(), POLLIN);
        if (!ready) return tl::make_unexpected(ready.error());
    }
}

}  // namespace weir::collectors
