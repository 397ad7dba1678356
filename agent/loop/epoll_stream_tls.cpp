// The part of a stream that only connections under TLS go through: received bytes take the way
// through the library before they are told, written ones before they are sent.
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cerrno>
#include <utility>

#include "loop/epoll_stream.h"

namespace weir::loop {
namespace {

// The most that one TLS record holds (RFC 8446, 5.1).
constexpr std::size_t record_size = std::size_t{16} * 1024;
static_assert(Chunks::least_room >= record_size);

}  // namespace

void EpollStream::start_tls(std::unique_ptr<Tls> tls, std::string_view ciphertext) {
    assert(tls_ == nullptr && tls != nullptr);
    if (state_ != State::open) return;
    tls_ = std::move(tls);
    tls_->offer(ciphertext);
    tls_->keep_rest();
    need_attention();
}

void EpollStream::receive_sealed() {
    tell_opened();  // what a pause may have left
    auto& buffer = context_.ciphertext_in;
    if (buffer.empty()) buffer.resize(turn_limit);
    std::size_t left = turn_limit;
    while (state_ == State::open && wants_input() && left > 0) {
        const ssize_t result = ::recv(fd(), buffer.data(), left, MSG_DONTWAIT);
        if (result == 0) return input_ended();
        if (result < 0) {
            if (errno == EINTR) continue;
            if (errno != EAGAIN && errno != EWOULDBLOCK) return lose(errno);
            if (error_ != 0) lose(error_);
            return;
        }
        const auto received = static_cast<std::size_t>(result);
        tls_->offer({buffer.data(), received});
        tell_opened();
        if (received < left) return;
        left -= received;
    }
}

void EpollStream::tell_opened() {
    while (state_ == State::open && wants_input()) {
        const Chunks::Room room = context_.chunks.room();
        const Tls::Read read = tls_->read(room.data, room.size, context_.ciphertext_out);
        Slice bytes;
        if (read.outcome == Tls::Outcome::bytes) bytes = context_.chunks.take(read.size);
        if (!context_.ciphertext_out.empty()) {
            push_sealed();
            want_flush();
        }
        switch (read.outcome) {
            case Tls::Outcome::bytes:
                events_->received(std::move(bytes));
                break;
            case Tls::Outcome::starved:
                // The handshake may be complete now.
                if (plaintext_ != nullptr) want_flush();
                return;
            case Tls::Outcome::ended:
                return input_ended();
            case Tls::Outcome::failed:
                return tls_failed();
        }
    }
    tls_->keep_rest();
}

// The alert that tells the peer why is still to be sent: the stream lingers.
void EpollStream::tls_failed() {
    close_after_flush();
    events_->closed(EPROTO);
}

// Small writes of a turn share a record.
void EpollStream::seal() {
    std::array<char, record_size> record;
    if (plaintext_ != nullptr && tls_->ready()) {
        while (const std::size_t size = plaintext_->take(record.data(), record.size())) {
            if (tls_->failure().empty()) {
                tls_->write({record.data(), size}, context_.ciphertext_out);
            }
            if (!context_.ciphertext_out.empty()) push_sealed();
        }
        release(plaintext_);
        if (!tls_->failure().empty()) need_attention();  // the user is told from there
    }
    if (!write_ended_) return;
    release(plaintext_);  // there is no one to encrypt it for
    tls_->end(context_.ciphertext_out);
    if (!context_.ciphertext_out.empty()) push_sealed();
}

void EpollStream::push_sealed() {
    borrowed(outbox_).push(context_.ciphertext_out, context_.chunks);
    context_.ciphertext_out.clear();
}

}  // namespace weir::loop
