// Takes connections and never says a word, and an access that leads there.
#pragma once

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>

#include <atomic>
#include <stdexcept>
#include <string>

#include "base/fd.h"
#include "collectors/servers/server_access.h"

namespace weir::collectors::testing {

class SilentServer {
  public:
    SilentServer() : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
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
    [[nodiscard]] Place place() const { return {"127.0.0.1", std::to_string(port_), "127.0.0.1"}; }
    [[nodiscard]] int fd() const { return listener_.get(); }
    [[nodiscard]] base::Fd accept() const {
        return base::Fd(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    }

  private:
    base::Fd listener_;
    int port_ = 0;
};

// Gives as many seats as there are; the upstream's address is the port on loopback.
class CountedAccess final : public ServerAccess {
  public:
    explicit CountedAccess(int seats) : seats_(seats) {}
    [[nodiscard]] std::unique_ptr<Seat> take_seat(const std::string& /*upstream*/) override {
        if (taken_ == seats_) return nullptr;
        return std::make_unique<Taken>(taken_);
    }
    [[nodiscard]] Locate locate() const override {
        return [](const settings::Upstream& upstream) -> Places {
            return std::vector<Place>{{"127.0.0.1", upstream.address, "127.0.0.1"}};
        };
    }
    [[nodiscard]] int taken() const { return taken_; }

  private:
    struct Taken final : Seat {
        explicit Taken(std::atomic<int>& taken) : count(taken) { ++count; }
        ~Taken() override { --count; }
        std::atomic<int>& count;
    };
    const int seats_;
    std::atomic<int> taken_{0};
};

}  // namespace weir::collectors::testing
