#include "loop/outbox.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cerrno>
#include <cstring>
#include <utility>

namespace weir::loop {
namespace {

constexpr int flags = MSG_NOSIGNAL | MSG_DONTWAIT;

// Lack of kernel memory passes like a full send buffer does.
bool passing(int error) {
    return error == EAGAIN || error == EWOULDBLOCK || error == ENOBUFS || error == ENOMEM;
}

template <class Call>
ssize_t uninterrupted(Call call) {
    ssize_t result = call();
    while (result < 0 && errno == EINTR) result = call();
    return result;
}

}  // namespace

void Outbox::push(Slice bytes) {
    if (bytes.empty()) return;
    size_ += bytes.size();
    if (!backlog_.empty()) {
        backlog_.append(bytes.bytes());
    } else if (pieces_.empty() || !pieces_.back().join(bytes)) {
        pieces_.push_back(std::move(bytes));
    }
}

void Outbox::push(std::string_view text, Chunks& chunks) {
    if (!backlog_.empty()) {
        size_ += text.size();
        backlog_.append(text);
        return;
    }
    while (!text.empty()) {
        const std::string_view part = text.substr(0, Chunks::chunk_size);
        push(chunks.copy(part));
        text.remove_prefix(part.size());
    }
}

Outbox::Outcome Outbox::send(int fd) {
    if (size_ == 0) return Outcome::sent;
    return backlog_.empty() ? send_pieces(fd) : send_backlog(fd);
}

Outbox::Outcome Outbox::send_backlog(int fd) {
    const std::string_view rest = std::string_view(backlog_).substr(backlog_sent_);
    const ssize_t sent = uninterrupted([&] { return ::send(fd, rest.data(), rest.size(), flags); });
    if (sent < 0) return passing(errno) ? Outcome::blocked : Outcome::failed;
    size_ -= static_cast<std::size_t>(sent);
    backlog_sent_ += static_cast<std::size_t>(sent);
    if (size_ == 0) {
        clear();
        return Outcome::sent;
    }
    if (backlog_sent_ > backlog_.size() / 2) {
        backlog_.erase(0, backlog_sent_);
        backlog_sent_ = 0;
    }
    return Outcome::blocked;
}

Outbox::Outcome Outbox::send_pieces(int fd) {
    while (size_ > 0) {
        std::array<iovec, pieces_a_call> parts;
        const std::size_t count = std::min(parts.size(), pieces_.size() - first_);
        std::size_t offered = 0;
        for (std::size_t i = 0; i < count; ++i) {
            const std::string_view bytes = pieces_[first_ + i].bytes();
            parts[i] = {const_cast<char*>(bytes.data()), bytes.size()};
            offered += bytes.size();
        }
        const ssize_t result = uninterrupted([&] {
            if (count == 1) return ::send(fd, parts[0].iov_base, parts[0].iov_len, flags);
            msghdr message{};
            message.msg_iov = parts.data();
            message.msg_iovlen = count;
            return ::sendmsg(fd, &message, flags);
        });
        if (result < 0 && !passing(errno)) return Outcome::failed;
        std::size_t sent = result < 0 ? 0 : static_cast<std::size_t>(result);
        const bool whole = sent == offered;
        size_ -= sent;
        if (size_ == 0) break;  // as nearly always
        while (first_ < pieces_.size() && sent >= pieces_[first_].size()) {
            sent -= pieces_[first_++].size();
        }
        if (sent > 0) pieces_[first_] = pieces_[first_].part(sent);
        if (!whole) {
            copy_rest();
            return Outcome::blocked;
        }
    }
    clear();
    return Outcome::sent;
}

void Outbox::copy_rest() {
    for (; first_ < pieces_.size(); ++first_) backlog_.append(pieces_[first_].bytes());
    pieces_.clear();
    first_ = 0;
}

std::string Outbox::take() {
    copy_rest();
    backlog_.erase(0, backlog_sent_);
    std::string result = std::move(backlog_);
    forget();
    return result;
}

std::size_t Outbox::take(char* data, std::size_t most) {
    assert(backlog_.empty());
    std::size_t taken = 0;
    while (first_ < pieces_.size() && taken < most) {
        const std::string_view bytes = pieces_[first_].bytes().substr(0, most - taken);
        std::memcpy(data + taken, bytes.data(), bytes.size());
        taken += bytes.size();
        if (bytes.size() == pieces_[first_].size()) {
            pieces_[first_++] = {};
        } else {
            pieces_[first_] = pieces_[first_].part(bytes.size());
        }
    }
    size_ -= taken;
    return taken;
}

void Outbox::forget() {
    if (pieces_.capacity() > pieces_kept) {
        pieces_ = {};
    } else {
        pieces_.clear();
    }
    first_ = 0;
    if (backlog_.capacity() > backlog_kept) {
        backlog_ = {};
    } else {
        backlog_.clear();
    }
    backlog_sent_ = 0;
    size_ = 0;
}

}  // namespace weir::loop
