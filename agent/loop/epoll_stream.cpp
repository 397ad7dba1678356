#include "loop/epoll_stream.h"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <cstddef>
#include <utility>

#include "loop/loop.h"

namespace weir::loop {
namespace {

int take_socket_error(int fd) {
    int error = 0;
    socklen_t size = sizeof error;
    return ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? error : errno;
}

}  // namespace

// The kernel tells an end of input as often as it is asked, so connection.input_ended need not be
// kept.
EpollStream::EpollStream(EpollContext& context, Detached connection, StreamEvents& events)
    : context_(context),
      owner_(std::move(connection.owner)),
      events_(&events),
      tls_(std::move(connection.tls)) {
    context_.all.push_back(*this);
    if (!connection.unread.empty()) {
        unread_ = std::make_unique<std::string>(std::move(connection.unread));
    }
    // The library may hold plaintext that no event tells of.
    if (unread_ != nullptr || tls_ != nullptr) need_attention();
    register_interest();
    if (!connection.unsent.empty() && accepts_writes()) {
        borrowed(outbox_).push(connection.unsent, context_.chunks);
        written();
    }
}

EpollStream::~EpollStream() {
    assert(state_ == State::dead);
    unregister();
    context_.all.erase(*this);
}

// ---- writing

void EpollStream::write(Slice bytes) {
    if (!accepts_writes() || bytes.empty()) return;
    outbox().push(std::move(bytes));
    written();
}

void EpollStream::write(std::string_view text) {
    if (!accepts_writes() || text.empty()) return;
    outbox().push(text, context_.chunks);
    written();
}

Outbox& EpollStream::borrowed(std::unique_ptr<Outbox>& place) {
    if (place == nullptr) {
        if (context_.spare_outboxes.empty()) {
            place = std::make_unique<Outbox>();
        } else {
            place = std::move(context_.spare_outboxes.back());
            context_.spare_outboxes.pop_back();
        }
    }
    return *place;
}

void EpollStream::release(std::unique_ptr<Outbox>& outbox) {
    if (outbox == nullptr) return;
    outbox->clear();
    if (context_.spare_outboxes.size() < EpollContext::most_spare_outboxes) {
        context_.spare_outboxes.push_back(std::move(outbox));
    }
    outbox.reset();
}

// Plaintext is encrypted at the end of the turn even while nothing can be sent: until then it keeps
// whole receive buffers from being used again.
void EpollStream::want_flush() {
    if (send_blocked_ && plaintext_ == nullptr) return;
    if (!base::ListHook<FlushTag>::linked()) context_.to_flush.push_back(*this);
}

void EpollStream::written() {
    if (unsent() > pause_mark) above_pause_mark_ = true;
    want_flush();
}

void EpollStream::flush() {
    if (state_ == State::dead) return;
    if (tls_ != nullptr) seal();
    const auto outcome = outbox_ ? outbox_->send(fd()) : Outbox::Outcome::sent;
    if (outcome == Outbox::Outcome::failed) return send_failed(errno);
    send_blocked_ = outcome == Outbox::Outcome::blocked;
    if (send_blocked_) {
        update_interest();
    } else {
        sent();
    }
    if (state_ == State::open && above_pause_mark_ && unsent() <= resume_mark) {
        above_pause_mark_ = false;
        events_->drained();
    }
}

void EpollStream::sent() {
    release(outbox_);
    if (write_ended_ && !fin_sent_) {
        fin_sent_ = true;
        // Fails only for a connection that is gone, of which epoll tells.
        ::shutdown(fd(), SHUT_WR);
    }
    if (state_ == State::lingering && input_ended_) die();
}

// What the peer said before it went away may still be unread, so closed() waits until that is told.
void EpollStream::send_failed(int error) {
    release(outbox_);
    release(plaintext_);
    send_blocked_ = false;
    error_ = error;
    if (state_ == State::lingering) return die();
    if (state_ == State::open) need_attention();
}

void EpollStream::shutdown_write() {
    if (!accepts_writes()) return;
    write_ended_ = true;
    want_flush();
}

// ---- receiving

bool EpollStream::wants_input() const {
    if (input_ended_) return false;
    return state_ == State::lingering || (state_ == State::open && !paused_);
}

void EpollStream::pause_receive() { paused_ = true; }

void EpollStream::resume_receive() {
    if (!paused_) return;
    paused_ = false;
    if (state_ != State::open) return;
    if (unread_ != nullptr || tls_ != nullptr || error_ != 0) need_attention();
    if (registered_) {
        update_interest();
    } else {
        register_interest();
    }
}

void EpollStream::ready(std::uint32_t events) {
    if (state_ == State::dead || state_ == State::detaching) return;
    const bool unwanted =
        ((events & EPOLLIN) != 0 && !wants_input()) || ((events & EPOLLOUT) != 0 && !send_blocked_);
    if (unwanted) update_interest();
    if ((events & EPOLLOUT) != 0 && send_blocked_) flush();
    if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) == 0 || state_ == State::dead) return;
    tell_unread();
    if (wants_input()) {
        receive();
    } else if ((events & (EPOLLHUP | EPOLLERR)) != 0) {
        hung_up();
    }
}

void EpollStream::attend() {
    tell_unread();
    if (tls_ != nullptr) tell_opened();
    if (error_ == 0 || state_ != State::open) return;
    if (!wants_input()) return hung_up();
    receive();
    if (state_ == State::open && wants_input()) need_attention();
}

void EpollStream::tell_unread() {
    if (unread_ == nullptr || state_ != State::open) return;
    const auto text = std::move(unread_);
    while (!text->empty() && wants_input()) {
        Slice part = context_.chunks.copy(std::string_view(*text).substr(0, Chunks::chunk_size));
        text->erase(0, part.size());
        events_->received(std::move(part));
    }
    if (!text->empty()) unread_ = std::make_unique<std::string>(std::move(*text));
}

void EpollStream::receive() {
    if (tls_ != nullptr && state_ == State::open) return receive_sealed();
    std::size_t left = turn_limit;
    while (wants_input() && left > 0) {
        const Chunks::Room room = context_.chunks.room();
        const std::size_t size = std::min(room.size, left);
        const ssize_t result = ::recv(fd(), room.data, size, MSG_DONTWAIT);
        if (result == 0) return input_ended();
        if (result < 0) {
            if (errno == EINTR) continue;
            if (errno != EAGAIN && errno != EWOULDBLOCK) return lose(errno);
            if (error_ != 0) lose(error_);
            return;
        }
        const auto received = static_cast<std::size_t>(result);
        if (state_ == State::open) events_->received(context_.chunks.take(received));
        if (received < size || tls_ != nullptr) return;
        left -= received;
    }
}

void EpollStream::input_ended() {
    input_ended_ = true;
    if (state_ == State::lingering) {
        if (outbox_ == nullptr) die();
    } else if (error_ != 0) {
        lose(error_);
    } else {
        events_->end_of_input();
    }
}

// Both directions are down. Bytes that came before must not be lost to a pause, and epoll can't be
// kept from telling a hang-up again and again: the registration rests until the user resumes. Not
// so after a failed send: the user may wait for this very stream to drain, so it is told at once.
void EpollStream::hung_up() {
    if (!input_ended_ && error_ == 0) {
        if (tls_ != nullptr && tls_->has_rest()) return unregister();
        char byte = 0;
        const ssize_t result = ::recv(fd(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
        if (result > 0) return unregister();
        if (result < 0 && errno != EAGAIN && errno != EINTR) return lose(errno);
    }
    lose(error_ != 0 ? error_ : take_socket_error(fd()));
}

// ---- the end

void EpollStream::lose(int error) {
    const bool told = state_ == State::open;
    die();
    if (told) events_->closed(error);
}

void EpollStream::close() { die(); }

void EpollStream::die() {
    if (state_ == State::dead) return;
    if (state_ == State::lingering) context_.lingering.erase(*this);
    if (state_ == State::detaching) context_.detaching.erase(*this);
    if (base::ListHook<FlushTag>::linked()) context_.to_flush.erase(*this);
    if (base::ListHook<AttendTag>::linked()) context_.to_attend.erase(*this);
    state_ = State::dead;
    release(outbox_);
    release(plaintext_);
    context_.dead.push_back(*this);
}

void EpollStream::close_after_flush() {
    if (state_ != State::open) return;
    if (error_ != 0) return die();
    state_ = State::lingering;
    linger_until_ = context_.now + Loop::linger_limit;
    context_.lingering.push_back(*this);
    write_ended_ = true;
    want_flush();
    if (registered_) {
        update_interest();
    } else {
        register_interest();
    }
}

void EpollStream::detach(std::unique_ptr<DetachDone> done) {
    if (state_ != State::open) return;
    assert(!write_ended_ && (tls_ == nullptr || tls_->ready()));
    state_ = State::detaching;
    done_ = std::move(done);
    context_.detaching.push_back(*this);
}

void EpollStream::finish_detach() {
    unregister();
    Detached result;
    result.owner = std::move(owner_);
    if (unread_ != nullptr) result.unread = std::move(*unread_);
    assert(plaintext_ == nullptr);
    if (outbox_ != nullptr) result.unsent = outbox_->take();
    result.tls = std::move(tls_);
    result.input_ended = input_ended_;
    const auto done = std::move(done_);
    die();
    done->detached(std::move(result));
}

void EpollStream::need_attention() {
    if (!base::ListHook<AttendTag>::linked()) context_.to_attend.push_back(*this);
}

// ---- registration

void EpollStream::register_interest() {
    interest_ = 0;
    if (wants_input()) interest_ |= EPOLLIN;
    if (send_blocked_) interest_ |= EPOLLOUT;
    epoll_event event{};
    event.events = interest_;
    event.data.ptr = static_cast<EventSource*>(this);
    registered_ = ::epoll_ctl(context_.epoll, EPOLL_CTL_ADD, fd(), &event) == 0;
    if (!registered_) send_failed(errno);
}

void EpollStream::update_interest() {
    if (!registered_ || state_ == State::detaching || state_ == State::dead) return;
    const std::uint32_t wanted = (wants_input() ? static_cast<std::uint32_t>(EPOLLIN) : 0U) |
                                 (send_blocked_ ? static_cast<std::uint32_t>(EPOLLOUT) : 0U);
    if (wanted == interest_) return;
    epoll_event event{};
    event.events = wanted;
    event.data.ptr = static_cast<EventSource*>(this);
    if (::epoll_ctl(context_.epoll, EPOLL_CTL_MOD, fd(), &event) != 0) return send_failed(errno);
    interest_ = wanted;
}

void EpollStream::unregister() {
    if (!registered_) return;
    registered_ = false;
    ::epoll_ctl(context_.epoll, EPOLL_CTL_DEL, fd(), nullptr);
}

std::optional<std::uint64_t> EpollStream::acknowledged_bytes() const {
    tcp_info info{};
    socklen_t size = sizeof info;
    if (::getsockopt(fd(), IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return std::nullopt;
    if (size < offsetof(tcp_info, tcpi_bytes_acked) + sizeof info.tcpi_bytes_acked) {
        return std::nullopt;
    }
    return info.tcpi_bytes_acked;
}

}  // namespace weir::loop
