#include "loop/epoll_listener.h"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "base/log.h"

namespace weir::loop {
namespace {

bool nobody_waits(int error) { return error == EAGAIN || error == EWOULDBLOCK; }

bool ran_out(int error) {
    return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

}  // namespace

EpollListener::EpollListener(EpollContext& context, int socket, Acceptor& acceptor)
    : context_(context), socket_(socket), acceptor_(&acceptor), log_again_(context.now) {
    begin_polling();
}

void EpollListener::ready(std::uint32_t) {
    for (int i = 0; i < batch && !stopped() && !resting_; ++i) {
        base::Fd socket(::accept4(socket_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
        if (socket) {
            acceptor_->accepted(std::move(socket));
        } else if (nobody_waits(errno)) {
            return;
        } else if (ran_out(errno)) {
            begin_rest(errno);
        }
        // Any other error is that of one connection which was gone before it was accepted.
    }
}

void EpollListener::begin_polling() {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.ptr = static_cast<EventSource*>(this);
    if (::epoll_ctl(context_.epoll, EPOLL_CTL_ADD, socket_, &event) != 0) begin_rest(errno);
}

void EpollListener::begin_rest(int error) {
    ::epoll_ctl(context_.epoll, EPOLL_CTL_DEL, socket_, nullptr);
    resting_ = true;
    rest_until_ = context_.now + rest;
    if (context_.now < log_again_) return;
    log_again_ = context_.now + log_interval;
    base::log::error("listener.accept_failed",
                     {{"error", std::strerror(error)}, {"socket", socket_}});
}

void EpollListener::tick() {
    if (stopped() || !resting_ || context_.now < rest_until_) return;
    resting_ = false;
    begin_polling();
}

void EpollListener::stop() {
    if (!resting_ && !stopped()) ::epoll_ctl(context_.epoll, EPOLL_CTL_DEL, socket_, nullptr);
    acceptor_ = nullptr;
}

}  // namespace weir::loop
