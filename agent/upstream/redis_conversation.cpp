#include "upstream/redis_conversation.h"

#include <openssl/crypto.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>

namespace weir::upstream {
namespace {

constexpr std::size_t piece = 4096;

bool passing(int error) { return error == EAGAIN || error == EWOULDBLOCK || error == EINTR; }

}  // namespace

RedisConversation::Outcome RedisConversation::advance() {
    const bool more = receive();
    if (!open()) {
        (void)send();  // the alert that tells the server why
        return Outcome::tls_failed;
    }
    if (!shaking_hands() && !unsaid_.empty()) {
        if (tls_ != nullptr) {
            tls_->write(unsaid_, unsent_);
        } else {
            unsent_ += unsaid_;
        }
        OPENSSL_cleanse(unsaid_.data(), unsaid_.size());  // a password may be in it
        unsaid_.clear();
    }
    const bool sent = send();
    return more && sent ? Outcome::goes_on : Outcome::ended;
}

bool RedisConversation::receive() {
    std::array<char, piece> bytes;
    for (;;) {
        const ssize_t size = ::recv(fd_.get(), bytes.data(), bytes.size(), MSG_DONTWAIT);
        if (size < 0) return passing(errno);
        if (size == 0) return false;
        const std::string_view text(bytes.data(), static_cast<std::size_t>(size));
        if (tls_ == nullptr) {
            heard_ += text;
        } else {
            tls_->offer(text);
            if (!open()) return true;
        }
    }
}

// Takes the handshake forward, and what has come out of its envelope.
bool RedisConversation::open() {
    if (tls_ == nullptr) return true;
    std::array<char, piece> plain;
    for (;;) {
        const loop::Tls::Read read = tls_->read(plain.data(), plain.size(), unsent_);
        if (read.outcome == loop::Tls::Outcome::failed) return false;
        if (read.outcome != loop::Tls::Outcome::bytes) return true;
        heard_.append(plain.data(), read.size);
    }
}

bool RedisConversation::send() {
    while (!unsent_.empty()) {
        const ssize_t size =
            ::send(fd_.get(), unsent_.data(), unsent_.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
        if (size < 0) return passing(errno);
        OPENSSL_cleanse(unsent_.data(), static_cast<std::size_t>(size));
        unsent_.erase(0, static_cast<std::size_t>(size));
    }
    return true;
}

short RedisConversation::events() const {
    return static_cast<short>(unsent_.empty() ? POLLIN : POLLIN | POLLOUT);
}

std::string RedisConversation::failure() const { return tls_ == nullptr ? "" : tls_->failure(); }

}  // namespace weir::upstream
