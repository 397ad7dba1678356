// A listening socket that takes connections and never says a word: a server that hangs.
#pragma once

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>

#include <stdexcept>
#include <string>

#include "base/fd.h"

namespace weir::upstream::testing {

class SilentServer {
  public:
    SilentServer() : listener_(::socket(AF_INET, SOCK_STREAM, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        if (bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), size) != 0 ||
            listen(listener_.get(), 64) != 0) {
            throw std::runtime_error("can't listen on loopback");
        }
        getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &size);
        port_ = ntohs(address.sin_port);
    }
    [[nodiscard]] std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
    [[nodiscard]] base::Fd accept() const {
        return base::Fd(::accept(listener_.get(), nullptr, nullptr));
    }
    [[nodiscard]] bool somebody_waits(int milliseconds) const {
        pollfd readable{listener_.get(), POLLIN, 0};
        return poll(&readable, 1, milliseconds) == 1;
    }
    void stop_listening() { listener_.reset(); }

  private:
    base::Fd listener_;
    int port_ = 0;
};

}  // namespace weir::upstream::testing
